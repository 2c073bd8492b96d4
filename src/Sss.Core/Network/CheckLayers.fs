namespace Sss.Core

/// The numbers of one layer, and its shapes.
module internal CheckLayers =

    /// What is wrong with one argument. A text is checked while it is read, with the place of the
    /// argument; this is for drafts that a program built.
    let private argument word name (kind: ArgumentKind) (value: ArgumentValue) : ShapeProblem list =
        let bad found expected = [ ShapeProblem.BadNumber(word, name, string found, expected) ]

        let whole least n =
            if n < least || n > ArgumentSpec.most then
                bad n $"a whole number from {least} to {ArgumentSpec.most}"
            else
                []

        match kind, value with
        | ArgumentKind.Extent least, ArgumentValue.Extent size ->
            List.distinct (whole least size.H @ whole least size.W)
        | _, ArgumentValue.Extent size -> List.distinct (whole 1 size.H @ whole 1 size.W)
        | _, ArgumentValue.Padding(Padding.Sides s) ->
            [ s.Top; s.Left; s.Bottom; s.Right ] |> List.collect (whole 0) |> List.distinct
        | _, ArgumentValue.Padding Padding.Same -> []
        | _, ArgumentValue.Count n -> whole 1 n
        | ArgumentKind.Real range, ArgumentValue.Real x ->
            if RealRange.contains x range then
                []
            else
                bad x (RealRange.words range)
        | _, ArgumentValue.Real _
        | _, ArgumentValue.Flag _
        | _, ArgumentValue.Word _
        | _, ArgumentValue.Global -> []

    /// What is wrong with the numbers of a layer whatever comes in.
    let numbers (facts: OpFacts<Op>) : ShapeProblem list =
        match Op.tryWord facts.Word with
        | None -> []
        | Some word ->
            facts.Arguments
            |> List.collect (fun (name, value) ->
                word.Arguments
                |> List.tryFind (fun a -> a.Name = name)
                |> Option.map (fun a -> argument facts.Word name a.Kind value)
                |> Option.defaultValue []
            )

    /// The largest array of a layer; more than 64 bits count where its numbers are large.
    let private largestArray (facts: OpFacts<Op>) (input: Shape) : decimal =
        facts.Arrays input
        |> List.map (fun spec -> spec.Shape |> List.fold (fun n d -> n * decimal d) 1m)
        |> List.fold max 0m

    /// The output shape for an input, or what is wrong with the layer there.
    let output (facts: OpFacts<Op>) (input: Shape) : Result<Shape, ShapeProblem list> =
        facts.Output input
        |> Result.bind (fun output ->
            if output.Height > ArgumentSpec.most || output.Width > ArgumentSpec.most then
                Error [ ShapeProblem.OutputTooLarge(facts.Word, output) ]
            else
                let largest = largestArray facts input

                if largest > decimal System.Array.MaxLength then
                    Error [ ShapeProblem.TooManyWeights(facts.Word, largest) ]
                else
                    Ok output
        )
