namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// Checks of names that need no evaluation: every definition is looked at once, called
/// or not.
module internal Names =

    type private Run = {
        Report: MeaningProblem -> Span -> unit
        Definitions: Dictionary<string, Definition>
    }

    let rec private checkExpr run (known: Set<string>) (e: Expr) =
        match e with
        | Expr.Number _ -> ()
        | Expr.Name(name, span) ->
            if not (known.Contains name) then
                run.Report (MeaningProblem.UnknownName(name, Suggest.nearest known name)) span
        | Expr.Negate(inner, _) -> checkExpr run known inner
        | Expr.Binary(_, a, b, _) ->
            checkExpr run known a
            checkExpr run known b

    /// Named arguments of a word that takes these.
    let private checkWritten
        run
        known
        word
        (taken: string list)
        (written: (Located<string> * Expr) list)
        =
        let seen = HashSet<string>()

        for name, value in written do
            if not (List.contains name.Value taken) then
                run.Report
                    (MeaningProblem.UnknownArgument(
                        word,
                        name.Value,
                        Suggest.nearest taken name.Value,
                        taken
                    ))
                    name.Span
            elif not (seen.Add name.Value) then
                run.Report (MeaningProblem.ArgumentTwice name.Value) name.Span

            checkExpr run known value

    let private checkScales run known (scales: ScaleSyntax list) =
        match scales with
        | _ :: second :: _ -> run.Report MeaningProblem.ScaleTwice second.Span
        | _ -> ()

        for scale in scales do
            if not (List.contains scale.Kind.Value Words.scaleKinds) then
                let guess = Suggest.nearest Words.scaleKinds scale.Kind.Value

                run.Report
                    (MeaningProblem.UnknownScaleKind(scale.Kind.Value, guess))
                    scale.Kind.Span

            for word, flags in scale.Flags |> List.groupBy _.Value do
                if word = "shared" && scale.Kind.Value <> "neuron" then
                    run.Report (MeaningProblem.SharedOfKind scale.Kind.Value) flags.Head.Span

                for again in flags.Tail do
                    run.Report (MeaningProblem.ArgumentTwice word) again.Span

            checkWritten run known "@scale" Words.scaleArguments scale.Arguments

    /// The words that an argument may be, which are no names.
    let private choices (spec: ArgumentSpec option) : string list option =
        match spec |> Option.map _.Kind with
        | Some(ArgumentKind.Choice words) -> Some words
        | Some ArgumentKind.Padding -> Some [ "same" ]
        | Some _
        | None -> None

    let private checkArguments run known word (arguments: Argument list) =
        let taken = Op.tryWord word |> Option.map _.Arguments |> Option.defaultValue []
        let mutable positional = taken |> List.filter (fun spec -> not spec.IsNamed)

        for argument in arguments do
            let spec =
                match argument.Name with
                | Some name -> taken |> List.tryFind (fun spec -> spec.Name = name.Value)
                | None ->
                    match positional with
                    | next :: rest ->
                        positional <- rest
                        Some next
                    | [] -> None

            match argument.Value.Value, choices spec with
            | Value.Expr(Expr.Name(name, _)), Some words when List.contains name words -> ()
            // `Signature` says what it may be.
            | Value.Expr(Expr.Name _), Some words when words <> [ "same" ] -> ()
            | Value.Expr e, _ -> checkExpr run known e
            | Value.Dims _, _
            | Value.Word _, _ -> ()

    let private checkApply run known (word: Located<string>) arguments (scales: ScaleSyntax list) =
        checkArguments run known word.Value arguments
        checkScales run known scales

        let report result =
            match result with
            | Ok _ -> ()
            | Error problems ->
                for problem, span in problems do
                    run.Report problem span

        match run.Definitions.TryGetValue word.Value with
        | true, definition ->
            report (Signature.bindCall definition word arguments)

            match scales with
            | scale :: _ -> run.Report (MeaningProblem.ScaleOnCall word.Value) scale.Span
            | [] -> ()
        | _ when Words.isKind word.Value -> report (Signature.bindLayer word arguments)
        | _ ->
            let candidates =
                Seq.concat [
                    Words.kinds :> seq<string>
                    "repeat" :: Node.OutputWord :: Node.words
                    run.Definitions.Keys
                ]

            run.Report
                (MeaningProblem.UnknownStatement(word.Value, Suggest.nearest candidates word.Value))
                word.Span

    /// The number in a concat branch's label: `branch12`.
    let branchNumber (label: string) : int option =
        let digits = label.Substring("branch".Length)

        if
            digits <> ""
            && digits.Length <= 6
            && digits[0] <> '0'
            && Seq.forall System.Char.IsAsciiDigit digits
        then
            Some(int digits)
        else
            None

    let rec private checkBody run known inRepeat (body: Statement list) =
        for statement in body do
            match statement.Label with
            | Some label when inRepeat ->
                run.Report (MeaningProblem.LabelInRepeat label.Value) label.Span
            | _ -> ()

            match statement.Kind with
            | StatementKind.Apply(word, arguments, scales) ->
                checkApply run known word arguments scales
            | StatementKind.Repeat(count, inner) ->
                checkExpr run known count
                checkBody run known true inner
            | StatementKind.Residual(head, branch, shortcut) ->
                checkScales run known head.Scales
                checkWritten run known "residual" [ "drop" ] head.Arguments
                checkBody run known false branch

                match shortcut with
                | ShortcutSyntax.Body inner -> checkBody run known false inner
                | ShortcutSyntax.Identity
                | ShortcutSyntax.Auto -> ()
            | StatementKind.Gate inner
            | StatementKind.Output inner -> checkBody run known false inner
            | StatementKind.Concat branches -> checkBranches run known branches
            | StatementKind.Split(parts, branches) ->
                List.iter (checkExpr run known) parts
                checkBranches run known branches
            // A body without a label is not a scope: a label in it belongs to the scope of the body.
            | StatementKind.Body inner ->
                checkBody run known (inRepeat && statement.Label.IsNone) inner
            | StatementKind.Broken -> ()

    and private checkBranches run known (branches: BranchSyntax list) =
        for label, inner, _ in branches do
            match label with
            | Some label when (branchNumber label.Value).IsNone ->
                run.Report (MeaningProblem.BranchLabel label.Value) label.Span
            | _ -> ()

            checkBody run known false inner

    /// What a file defines, and which definitions may not be run.
    type Known = {
        Definitions: Dictionary<string, Definition>
        Cyclic: HashSet<string>
    }

    /// Checks all names of a file.
    let check (report: MeaningProblem -> Span -> unit) (items: Item list) : Known =
        let definitions = Dictionary<string, Definition>()

        let order =
            items
            |> List.choose (
                function
                | Item.Definition d -> Some d
                | _ -> None
            )

        for d in order do
            if not (definitions.TryAdd(d.Name.Value, d)) then
                let first = definitions[d.Name.Value].Name.Span.Line
                report (MeaningProblem.DuplicateDefinition(d.Name.Value, first)) d.Name.Span

        let run = {
            Report = report
            Definitions = definitions
        }

        // The word that the network has (both, where it wrongly has both); `classes` where it has neither.
        let count =
            items
            |> List.collect (fun item ->
                match item with
                | Item.Classes _ -> [ "classes" ]
                | Item.Outputs _ -> [ "outputs" ]
                | Item.Input _
                | Item.Definition _
                | Item.Statement _ -> []
            )
            |> function
                | [] -> Set.singleton "classes"
                | words -> Set.ofList words

        for d in order do
            let mutable known = count

            for parameter in d.Parameters do
                Option.iter (checkExpr run known) parameter.Default

                if known.Contains parameter.Name.Value then
                    report
                        (MeaningProblem.DuplicateParameter parameter.Name.Value)
                        parameter.Name.Span

                known <- known.Add parameter.Name.Value

            checkBody run known false d.Body

        for item in items do
            match item with
            | Item.Statement statement -> checkBody run count false [ statement ]
            | _ -> ()

        {
            Definitions = definitions
            Cyclic = Cycles.find run.Report run.Definitions order
        }
