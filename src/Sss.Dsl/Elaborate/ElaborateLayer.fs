namespace Sss.Dsl

open Sss.Core

/// One layer: written arguments to `Op`, with the defaults that the operation declares.
module internal ElaborateLayer =

    /// What makes a layer: its word, the written arguments, the values of names, and where to report.
    type private Source = {
        Word: Word<Op>
        Bound: Signature.Bound
        Env: ExprValue.Env
        Report: MeaningProblem -> Span -> unit
    }

    let private what source name = $"the {name} of `{source.Word.Name}`"

    let private whole source name least (e: Expr) : Result<int, _> =
        ExprValue.expr source.Env e
        |> Result.bind (
            ExprValue.integer (fun () -> what source name) least ArgumentSpec.most (e.Span)
        )

    let private dims source name least span (values: int64 list) =
        let isOut n =
            n < int64 least || n > int64 ArgumentSpec.most

        match values |> List.tryFind isOut, values with
        | Some bad, _ ->
            let expected = $"whole numbers from {least} to {ArgumentSpec.most}"
            Error(Some(MeaningProblem.OutOfRange(what source name, float bad, expected), span))
        | None, numbers -> Ok(List.map int numbers)

    let private real source name range (e: Expr) =
        ExprValue.expr source.Env e
        |> Result.bind (fun value ->
            if RealRange.contains value range && SinglePrecision.fits value then
                Ok value
            else
                let expected =
                    if SinglePrecision.fits value then
                        RealRange.words range
                    else
                        SinglePrecision.expected

                Error(Some(MeaningProblem.OutOfRange(what source name, value, expected), e.Span))
        )

    let private extent source name least (value: Located<Value>) =
        match value.Value with
        | Value.Dims values ->
            dims source name least value.Span values
            |> Result.bind (
                function
                | [ h; w ] -> Ok(ArgumentValue.Extent { H = h; W = w })
                // Another count of numbers has been reported by `Signature`.
                | _ -> Error None
            )
        | Value.Expr e ->
            whole source name least e |> Result.map (Size.square >> ArgumentValue.Extent)
        | Value.Word _ -> Ok ArgumentValue.Global

    let private padding source name (value: Located<Value>) =
        match value.Value with
        | Value.Dims values ->
            dims source name 0 value.Span values
            |> Result.bind (
                function
                | [ h; w ] -> Ok(Padding.even { H = h; W = w })
                | [ top; left; bottom; right ] ->
                    Ok(
                        Padding.Sides {
                            Top = top
                            Left = left
                            Bottom = bottom
                            Right = right
                        }
                    )
                // As with extents.
                | _ -> Error None
            )
        | Value.Expr e -> whole source name 0 e |> Result.map Padding.square
        | Value.Word _ -> Ok Padding.Same

    /// One written argument; or what is wrong with it. An unknown name gives no problem: it has been
    /// reported by the check of names. `Signature` has checked that the value fits the kind.
    let private argument source (argument: ArgumentSpec) (value: Located<Value>) =
        match argument.Kind, value.Value with
        | ArgumentKind.Count, Value.Expr e ->
            whole source argument.Name 1 e |> Result.map ArgumentValue.Count
        | ArgumentKind.Real range, Value.Expr e ->
            real source argument.Name range e |> Result.map ArgumentValue.Real
        | ArgumentKind.Choice _, Value.Word word -> Ok(ArgumentValue.Word word)
        | ArgumentKind.Flag, Value.Word word -> Ok(ArgumentValue.Flag(word = "yes"))
        | ArgumentKind.Extent least, _ -> extent source argument.Name least value
        | ArgumentKind.Padding, _ ->
            padding source argument.Name value |> Result.map ArgumentValue.Padding
        | ArgumentKind.Kernel, _
        | ArgumentKind.KernelOrGlobal, _ -> extent source argument.Name 1 value
        | ArgumentKind.Count, (Value.Dims _ | Value.Word _)
        | ArgumentKind.Real _, (Value.Dims _ | Value.Word _)
        | ArgumentKind.Choice _, (Value.Expr _ | Value.Dims _)
        | ArgumentKind.Flag, (Value.Expr _ | Value.Dims _) -> Error None

    let private make source beforeNorm : Op option =
        let values = [
            for a in source.Word.Arguments do
                match source.Bound.TryGetValue a.Name with
                | true, value -> a.Name, argument source a value
                | false, _ -> ()
        ]

        for _, value in values do
            match value with
            | Error(Some(problem, span)) -> source.Report problem span
            | Error None
            | Ok _ -> ()

        if values |> List.exists (fun (_, value) -> Result.isError value) then
            None
        else
            source.Word.Make {
                Written =
                    Map.ofList [
                        for name, value in values do
                            match value with
                            | Ok value -> name, value
                            | Error _ -> ()
                    ]
                Taken = source.Word.Arguments
                BeforeNorm = beforeNorm
            }
            |> Some

    /// The operation of a layer statement; None when it is wrong (and reported, here or by the check
    /// of names). `beforeNorm`: a `bn` follows at once.
    let op report env (word: Located<string>) arguments (beforeNorm: bool) : Op option =
        match Op.tryWord word.Value, Signature.bindLayer word arguments with
        | Some known, Ok bound ->
            let source = {
                Word = known
                Bound = bound
                Env = env
                Report = report
            }

            make source beforeNorm
        | None, _
        | Some _, Error _ -> None
