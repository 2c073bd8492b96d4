namespace Sss

open System.Collections.Generic
open Sss.CheckValue

/// `Draft -> Network`: names, shapes, factors. All independent mistakes come out together.
[<RequireQualifiedAccess>]
module Check =

    /// Layers that one network may have.
    let maxLayers = 1_000_000

    /// A node of a body whose scopes have been opened: its name, and the scope it stands in.
    [<Struct>]
    type private Item = {
        Name: string
        Node: DraftNode
        Scope: NameScope
    }

    /// What goes along while one draft is checked.
    type private Run = {
        Report: Problem -> Place -> unit
        mutable Layers: int
    }

    let private shapeProblem problem = Problem.Shape problem

    /// Opens scopes and gives names, in the order of the text.
    let rec private openScopes
        (scope: NameScope)
        (items: ResizeArray<Item>)
        (body: DraftNode list)
        =
        for node in body do
            let add word label place =
                let name = scope.Name(Some word, label, false, place)

                items.Add {
                    Name = name
                    Node = node
                    Scope = scope
                }

            match node with
            | DraftNode.Layer layer -> add (Op.word layer.Op) layer.Label layer.Place
            | DraftNode.Residual r -> add "residual" r.Label r.Place
            | DraftNode.Concat c -> add "concat" c.Label c.Place
            | DraftNode.Broken ->
                items.Add {
                    Name = ""
                    Node = node
                    Scope = scope
                }
            | DraftNode.Scope {
                                  Word = None
                                  Label = None
                                  Body = inner
                              } -> openScopes scope items inner
            | DraftNode.Scope s ->
                let name = scope.Name(s.Word, s.Label, true, s.Place)
                openScopes (scope.Inner name) items s.Body

    /// The scale of a layer that stands right, or None with a report.
    let private layerScale run (items: ResizeArray<Item>) i (layer: DraftLayer) output =
        let neighbour j =
            if j < 0 || j >= items.Count then
                Ok None
            else
                match items[j].Node with
                | DraftNode.Layer l -> Ok(Some l.Op)
                | DraftNode.Broken -> Error()
                | _ -> Ok None

        match layer.Scale, neighbour (i - 1), neighbour (i + 1) with
        | Some scale, Ok before, Ok after ->
            let site: CheckFactors.Site = {
                Op = layer.Op
                Before = before
                After = after
            }

            match CheckFactors.problem scale.Kind site with
            | Some problem ->
                run.Report (Problem.Factor problem) scale.Place
                None
            | None ->
                Some {
                    Kind = scale.Kind
                    Count = CheckFactors.count scale.Kind site output
                    Gamma = scale.Gamma
                    Init = scale.Init
                }
        | _ -> None

    let private nowhere = Shape.create 0 0 0

    let private checkLayer run items i (layer: DraftLayer) (value: Value) : Node * Value =
        run.Layers <- run.Layers + 1

        let numbers = CheckLayers.numbers layer.Op
        let output = value.Shape |> Option.map (fun s -> s, Op.outputShape layer.Op)

        let problems, output =
            match numbers, output with
            | [], Some(input, shape) ->
                match CheckLayers.fit layer.Op input with
                | [] -> [], Some(shape input)
                | problems -> problems, None
            // A dense layer's output is known whatever comes in.
            | [], None ->
                [],
                match layer.Op with
                | Op.Dense d -> Some(Shape.vector d.Out)
                | _ -> None
            | problems, _ -> problems, None

        for problem in problems do
            run.Report (shapeProblem problem) layer.Place

        let shape = defaultArg output nowhere
        let scale = layerScale run items i layer shape

        let own =
            match layer.Scale, scale with
            | Some s, Some _ -> source (Op.word layer.Op) s.Place
            | _ -> Sources.Empty

        Node.Layer {
            Name = items[i].Name
            Op = layer.Op
            Scale = scale
            Input = defaultArg value.Shape nowhere
            Output = shape
        },
        afterLayer layer.Op own output value

    /// Warns of factors whose channels go into a sum that has another side that is never zero.
    let private warnOfSum run (side: Value) (other: bool) =
        if not other then
            for word, place in leaves true side.Sources do
                run.Report (Problem.Factor(FactorProblem.FactorCannotShrink word)) place

    /// The nodes of a body and the value behind it.
    let rec private checkBody run (scope: NameScope) (value: Value) body : Node list * Value =
        let items = ResizeArray()
        openScopes scope items body
        let nodes = ResizeArray()
        let mutable value = value

        for i in 0 .. items.Count - 1 do
            match items[i].Node with
            | DraftNode.Layer layer ->
                let node, next = checkLayer run items i layer value
                nodes.Add node
                value <- next
            | DraftNode.Residual residual ->
                let node, next = checkResidual run items[i] residual value
                nodes.Add(Node.Residual node)
                value <- next
            | DraftNode.Concat concat ->
                let node, next = checkConcat run items[i] concat value
                nodes.Add(Node.Concat node)
                value <- next
            | DraftNode.Broken
            | DraftNode.Scope _ -> value <- unknown

        List.ofSeq nodes, value

    and private blockScale run (residual: DraftResidual) (branch: Node list) =
        match residual.Scale with
        | None -> None
        | Some {
                   Kind = Neuron | Group as kind
                   Place = place
               } ->
            run.Report (Problem.Factor(FactorProblem.LayerFactorOnResidual kind)) place
            None
        | Some scale ->
            let rec hasBroken body =
                body
                |> List.exists (
                    function
                    | DraftNode.Broken -> true
                    | DraftNode.Scope s -> hasBroken s.Body
                    | _ -> false
                )

            let wrongEnd last =
                if not (hasBroken residual.Branch) then
                    run.Report (Problem.Factor(FactorProblem.ScaledBranchEnd last)) scale.Place

            match List.tryLast branch with
            | None
            | Some(Node.Layer {
                                  Op = Op.Conv _ | Op.Dense _ | Op.BatchNorm _
                              }) -> ()
            | Some(Node.Layer layer) -> wrongEnd (Op.word layer.Op)
            | Some(Node.Residual _) -> wrongEnd "residual"
            | Some(Node.Concat _) -> wrongEnd "concat"

            Some {
                Kind = Block
                Count = 1
                Gamma = scale.Gamma
                Init = scale.Init
            }

    and private checkResidual run item (residual: DraftResidual) value : Residual * Value =
        let branch, branchValue =
            checkBody run (item.Scope.Inner(item.Name + ".branch")) value residual.Branch

        let isEmpty = branch.IsEmpty && not (List.contains DraftNode.Broken residual.Branch)

        if isEmpty then
            run.Report (shapeProblem ShapeProblem.EmptyBranch) residual.Place

        let scale = blockScale run residual branch
        let scope = item.Scope.Inner(item.Name + ".shortcut")

        let identity, (shortcut, shortcutValue) =
            match residual.Shortcut with
            | DraftShortcut.Identity -> true, ([], value)
            | DraftShortcut.Body body -> body.IsEmpty, checkBody run scope value body
            | DraftShortcut.Auto ->
                match value.Shape, branchValue.Shape with
                | Some input, Some output when input <> output ->
                    match autoStride input output with
                    | Some stride ->
                        false,
                        checkBody run scope value (projection residual.Place output.Channels stride)
                    | None ->
                        run.Report
                            (shapeProblem (ShapeProblem.NoAutoShortcut(input, output)))
                            residual.Place

                        false, ([], unknown)
                | Some _, Some _ -> true, ([], value)
                | _ -> true, ([], unknown)

        match branchValue.Shape, shortcutValue.Shape with
        | Some a, Some b when a <> b && not isEmpty ->
            run.Report
                (shapeProblem (ShapeProblem.SumOfDifferentShapes(a, b, identity)))
                residual.Place
        | _ -> ()

        let branchDies = branchValue.MayDie || residual.Scale.IsSome
        warnOfSum run branchValue shortcutValue.MayDie
        warnOfSum run shortcutValue branchDies

        {
            Name = item.Name
            Scale = scale
            Branch = branch
            Shortcut = shortcut
            Output = defaultArg branchValue.Shape nowhere
        },
        {
            Shape = branchValue.Shape
            MayDie = branchDies && shortcutValue.MayDie
            Sources = join branchValue.Sources shortcutValue.Sources
        }

    /// What `shortcut auto` stands for where shapes differ.
    and private projection place channels stride : DraftNode list =
        let layer op =
            DraftNode.Layer {
                Label = None
                Op = op
                Scale = None
                Place = place
            }

        [
            layer (
                Op.Conv {
                    Out = channels
                    Kernel = Size.square 1
                    Stride = Size.square stride
                    Pad = Size.square 0
                    Dilation = Size.square 1
                    Groups = 1
                    Bias = false
                }
            )
            layer (Op.BatchNorm { Eps = 1e-5; Momentum = 0.1 })
        ]

    and private checkConcat run item (concat: DraftConcat) value : Concat * Value =
        if concat.Branches.Length < 2 then
            run.Report (shapeProblem (ShapeProblem.FewBranches concat.Branches.Length)) concat.Place

        let mutable number = 0

        let branches = [
            for branch in concat.Branches do
                match branch.Number with
                | None -> number <- number + 1
                | Some(n, place) ->
                    if n <= number then
                        run.Report (Problem.Name(NameProblem.BranchNumber(n, number + 1))) place

                    number <- max n (number + 1)

                let name = AutomaticName.create "branch" number

                let body, after =
                    checkBody run (item.Scope.Inner(item.Name + "." + name)) value branch.Body

                let result: Branch = { Name = name; Body = body }
                result, after, branch.Place, number
        ]

        let first = branches |> List.tryPick (fun (_, after, _, _) -> after.Shape)
        let isKnown = branches |> List.forall (fun (_, after, _, _) -> after.Shape.IsSome)

        let agrees =
            match first with
            | None -> false
            | Some first ->
                branches
                |> List.fold
                    (fun agrees (_, after, _, number) ->
                        match after.Shape with
                        | Some s when s.Height <> first.Height || s.Width <> first.Width ->
                            run.Report
                                (shapeProblem (
                                    ShapeProblem.ConcatOfDifferentShapes(first, number, s)
                                ))
                                concat.Place

                            false
                        | _ -> agrees
                    )
                    true

        let channels =
            branches
            |> List.sumBy (fun (_, after, _, _) ->
                match after.Shape with
                | Some s -> int64 s.Channels
                | None -> 0L
            )

        if channels > int64 CheckLayers.maxSize then
            let output = {
                defaultArg first nowhere with
                    Channels = int (min channels (int64 System.Int32.MaxValue))
            }

            run.Report (shapeProblem (ShapeProblem.OutputTooLarge("concat", output))) concat.Place

        let output =
            match first with
            | Some first when agrees && isKnown && channels <= int64 CheckLayers.maxSize ->
                Some { first with Channels = int channels }
            // The language says with which shape checking goes on.
            | Some first when isKnown -> Some first
            | _ -> None

        {
            Name = item.Name
            Branches = branches |> List.map (fun (branch, _, _, _) -> branch)
            Output = defaultArg output nowhere
        },
        {
            Shape = output
            MayDie = branches |> List.exists (fun (_, after, _, _) -> after.MayDie)
            Sources =
                branches
                |> List.fold (fun sources (_, after, _, _) -> join sources after.Sources) null
        }

    /// Counts that do not fit into 64 bits would come out wrong, so they are refused.
    let private checkCounts run (place: Place) (network: Network) =
        let limit = 9.0e18
        let mutable macs = 0.0
        let mutable parameters = 0.0

        for layer in Network.layers network do
            let size, filters =
                match layer.Op with
                | Op.Conv c ->
                    float c.Kernel.H * float c.Kernel.W * float layer.Input.Channels
                    / float c.Groups,
                    float c.Out
                | Op.DepthwiseConv c ->
                    float c.Kernel.H * float c.Kernel.W, float layer.Output.Channels
                | Op.Dense d -> float (Shape.count layer.Input), float d.Out
                | _ -> 0.0, 0.0

            macs <- macs + size * filters * float (Shape.area layer.Output)
            parameters <- parameters + size * filters + 2.0 * float layer.Output.Channels

        if macs > limit then
            run.Report (shapeProblem (ShapeProblem.TooLarge "multiply-adds")) place

        if parameters > limit then
            run.Report (shapeProblem (ShapeProblem.TooLarge "parameters")) place

    /// Checks a draft. Right: the network, with warnings. Wrong: every mistake found, warnings too.
    let check (draft: Draft) : Result<Network * NetworkError list, NetworkError list> =
        let found = ResizeArray<NetworkError>()

        let run = {
            Report = fun problem place -> found.Add { Problem = problem; Place = place }
            Layers = 0
        }

        let scope = NameScope("", draft.Definitions, run.Report)
        let body, value = checkBody run scope (input draft.Input) draft.Body

        for word, place in leaves false value.Sources do
            run.Report (Problem.Factor(FactorProblem.FactorOnOutput word)) place

        if run.Layers > maxLayers then
            run.Report (shapeProblem (ShapeProblem.TooManyLayers maxLayers)) draft.Place

        match value.Shape, draft.Classes with
        | _ when body.IsEmpty && draft.Body.IsEmpty ->
            run.Report (shapeProblem ShapeProblem.EmptyNetwork) draft.Place
        | Some output, Some classes when output <> Shape.vector classes ->
            run.Report (shapeProblem (ShapeProblem.OutputIsNotClasses(output, classes))) draft.Place
        | _ -> ()

        let isWarning (error: NetworkError) =
            match error.Problem with
            | Problem.Factor(FactorProblem.FactorCannotShrink _) -> true
            | _ -> false

        let hasErrors () =
            found.Exists(fun error -> not (isWarning error))

        match draft.Input, draft.Classes with
        | Some input, Some classes when not (hasErrors ()) ->
            let network = {
                Name = draft.Name
                Input = input
                Classes = classes
                Body = body
            }

            checkCounts run draft.Place network

            if hasErrors () then
                Error(List.ofSeq found)
            else
                Ok(network, List.ofSeq found)
        | _ -> Error(List.ofSeq found)
