namespace Sss.Dsl

open Sss.Core
open Sss.Dsl.Header

/// Syntax to `Draft`: calls and repeats are opened, expressions become numbers, defaults are filled in.
module internal Elaborate =

    let private label (frame: Frame) (label: Located<string> option) : Label option =
        (if frame.InRepeat then None else label)
        |> Option.map (fun l -> {
            Text = l.Value
            Place = place frame l.Span
        })

    let private scale run frame (scales: ScaleSyntax list) : DraftScale option =
        match scales with
        | [] -> None
        | scale :: _ ->
            let isFlag word =
                scale.Flags |> List.exists (fun flag -> flag.Value = word)

            let kind =
                match scale.Kind.Value, isFlag "shared" with
                | "neuron", false -> Some Neuron
                | "neuron", true -> Some Shared
                | "group", false -> Some Group
                | "block", false -> Some Block
                | _ -> None

            kind
            |> Option.map (fun kind -> {
                Kind = kind
                Gamma = ElaborateNumbers.factorNumber run frame scale "gamma"
                Init = ElaborateNumbers.factorNumber run frame scale "init"
                Min = ElaborateNumbers.leastFactors run frame scale
                Keep = isFlag "keep"
                Place = place frame scale.Span
            })

    /// Whether the next statement is a bn: then a layer has no bias of its own.
    let private beforeNorm (rest: Statement list) =
        match rest with
        | {
              Kind = StatementKind.Apply({ Value = "bn" }, _, _)
          } :: _ -> true
        | _ -> false

    /// Adds the nodes of a body to a list.
    let rec private addBody run frame (nodes: ResizeArray<DraftNode>) (body: Statement list) =
        let mutable rest = body

        while not rest.IsEmpty do
            let statement = rest.Head
            rest <- rest.Tail
            addStatement run frame nodes statement rest

    and private body run (frame: Frame) statements : DraftNode list =
        let nodes = ResizeArray()
        addBody run { frame with InRepeat = false } nodes statements
        List.ofSeq nodes

    and private addStatement run frame nodes statement rest =
        match statement.Kind with
        | StatementKind.Apply(word, arguments, scales) ->
            nodes.Add(
                match run.Known.Definitions.TryGetValue word.Value with
                | true, definition -> call run frame statement.Label word definition arguments
                | _ when Words.isKind word.Value ->
                    layer run frame statement.Label word arguments scales rest
                | _ -> DraftNode.Broken
            )
        | StatementKind.Repeat(count, inner) ->
            match ElaborateNumbers.rounds run frame count with
            | None -> nodes.Add DraftNode.Broken
            | Some n ->
                for _ in 1..n do
                    addBody run { frame with InRepeat = true } nodes inner
        | StatementKind.Residual(head, branch, shortcut) ->
            nodes.Add(residual run frame statement head branch shortcut)
        | StatementKind.Gate inner ->
            nodes.Add(
                DraftNode.Gate {
                    Label = label frame statement.Label
                    Body = body run frame inner
                    Place = place frame statement.Span
                }
            )
        | StatementKind.Concat branches ->
            nodes.Add(concat run frame statement DraftReads.All branches)
        | StatementKind.Split([], branches) ->
            nodes.Add(concat run frame statement DraftReads.EqualParts branches)
        | StatementKind.Split(parts, branches) ->
            nodes.Add(
                match parts |> List.map (ElaborateNumbers.part run frame) |> List.choose id with
                | known when known.Length = parts.Length ->
                    concat run frame statement (DraftReads.Parts known) branches
                | _ -> DraftNode.Broken
            )
        | StatementKind.Output inner -> nodes.Add(output run frame statement inner)
        | StatementKind.Body inner ->
            match statement.Label with
            | None -> addBody run frame nodes inner
            | Some _ ->
                nodes.Add(
                    DraftNode.Scope {
                        Label = label frame statement.Label
                        Word = None
                        Body = body run frame inner
                        Place = place frame statement.Span
                    }
                )
        | StatementKind.Broken -> nodes.Add DraftNode.Broken

    and private output run frame statement inner =
        match label frame statement.Label with
        | Some name ->
            DraftNode.Output {
                Name = name
                Body = body run frame inner
                Place = place frame statement.Span
            }
        // In a repeat, which is an error of its own.
        | None -> DraftNode.Broken

    and private residual run frame statement head branch shortcut =
        DraftNode.Residual {
            Label = label frame statement.Label
            Scale = scale run frame head.Scales
            Drop = ElaborateNumbers.drop run frame head
            Branch = body run frame branch
            Shortcut =
                match shortcut with
                | ShortcutSyntax.Identity -> DraftShortcut.Identity
                | ShortcutSyntax.Auto -> DraftShortcut.Auto
                | ShortcutSyntax.Body inner -> DraftShortcut.Body(body run frame inner)
            Place = place frame statement.Span
        }

    and private concat run frame statement reads branches =
        DraftNode.Concat {
            Label = label frame statement.Label
            Reads = reads
            Branches = branches |> List.map (branch run frame)
            Place = place frame statement.Span
        }

    and private branch run frame (label, inner, span) : DraftBranch = {
        Number =
            label
            |> Option.bind (fun (l: Located<string>) ->
                Names.branchNumber l.Value |> Option.map (fun n -> n, place frame l.Span)
            )
        Body = body run frame inner
        Place = place frame span
    }

    and private layer run frame own word arguments scales rest : DraftNode =
        let report problem span = run.Report problem (place frame span)

        match ElaborateLayer.op report frame.Env word arguments (beforeNorm rest) with
        | None -> DraftNode.Broken
        | Some op ->
            DraftNode.Layer {
                Label = label frame own
                Op = op
                Scale = scale run frame scales
                Place = place frame word.Span
            }

    and private call run frame own word definition arguments : DraftNode =
        if run.Known.Cyclic.Contains word.Value then
            DraftNode.Broken
        elif frame.Depth >= Frame.maxDepth then
            run.Report (MeaningProblem.CallsTooDeep Frame.maxDepth) (place frame word.Span)
            DraftNode.Broken
        else
            match Frame.call frame definition word arguments with
            | Error problem ->
                problem
                |> Option.iter (fun (problem, span) -> run.Report problem (place frame span))

                DraftNode.Broken
            | Ok inner ->
                DraftNode.Scope {
                    Label = label frame own
                    Word = Some definition.Name.Value
                    Body = body run inner definition.Body
                    Place = place frame word.Span
                }

    let private input run (file: File) =
        single
            run
            file.Items
            "input"
            (function
            | Item.Input(dims, keyword) -> Some(keyword, dims)
            | _ -> None)
            file.Name.Span
        |> Option.bind (inputShape run)

    /// What the network gives, and how many of it.
    let private classes run (file: File) : OutputKind * int option =
        let has kind =
            file.Items
            |> List.exists (fun item ->
                match item with
                | Item.Classes _ -> kind = OutputKind.Classes
                | Item.Outputs _ -> kind = OutputKind.Numbers
                | Item.Input _
                | Item.Definition _
                | Item.Statement _ -> false
            )

        let kind, word, what =
            match has OutputKind.Classes, has OutputKind.Numbers with
            | true, true -> OutputKind.Classes, "classes` or `outputs", "classes"
            | false, true -> OutputKind.Numbers, "outputs", "outputs"
            | true, false
            | false, false -> OutputKind.Classes, "classes", "classes"

        single
            run
            file.Items
            word
            (function
            | Item.Classes(n, keyword)
            | Item.Outputs(n, keyword) -> Some(keyword, n)
            | _ -> None)
            file.Name.Span
        |> Option.bind (fun n ->
            match
                ExprValue.integer (fun () -> $"the number of {what}") 1 1_000_000 n.Span n.Value
            with
            | Ok n -> Some n
            | Error problem ->
                problem
                |> Option.iter (fun (problem, span) ->
                    run.Report problem (place (Frame.top None) span)
                )

                None
        )
        |> fun count -> kind, count

    /// The statements of a file, unless there are more than a network may have layers.
    let private nodes run frame (file: File) =
        let statements =
            file.Items
            |> List.choose (
                function
                | Item.Statement s -> Some s
                | _ -> None
            )

        match Count.tooMany run.Known frame statements with
        | Some(span, calledFrom) ->
            run.Report (MeaningProblem.TooManyLayers Check.maxLayers) {
                Span = Some span
                CalledFrom = calledFrom
            }

            [ DraftNode.Broken ]
        | None -> body run frame statements

    /// The draft of a file. What is wrong goes to `report`, and `Broken` into the draft.
    let draft (report: MeaningProblem -> Place -> unit) (file: File) : Draft =
        let known =
            Names.check
                (fun problem span -> report problem (place (Frame.top None) span))
                file.Items

        let run = { Known = known; Report = report }
        let input = input run file
        let kind, classes = classes run file

        let word =
            match kind with
            | OutputKind.Classes -> "classes"
            | OutputKind.Numbers -> "outputs"

        {
            Name = file.Name.Value
            Input = input
            Classes = classes
            OutputKind = kind
            Definitions = Set.ofSeq known.Definitions.Keys
            Body = nodes run (Frame.top (classes |> Option.map (fun n -> word, float n))) file
            Place = place (Frame.top None) file.Name.Span
        }
