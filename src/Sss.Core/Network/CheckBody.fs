namespace Sss.Core

open Sss.Core.CheckValue
open Sss.Core.CheckRun

/// Bodies, residuals and concatenations.
module internal CheckBody =

    /// What `shortcut auto` stands for where shapes differ.
    let private projection place channels stride : DraftNode list =
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
                    Pad = Padding.none
                    Dilation = Size.square 1
                    Groups = 1
                    Bias = false
                }
            )
            layer (Op.BatchNorm BatchNorm.defaults)
        ]

    /// Warns of factors whose channels go into a sum that has another side that is never zero.
    let private warnOfSum run (side: Value) (other: bool) =
        if not other then
            for word, place in leaves true side.Sources do
                run.Report (Problem.Factor(FactorProblem.FactorCannotShrink word)) place

    /// The shape of a concatenation, from the shapes of its branches with their numbers.
    let private joined run place (branches: (Shape option * int) list) : Shape option =
        let first = branches |> List.tryPick fst
        let isKnown = branches |> List.forall (fun (shape, _) -> shape.IsSome)

        let differing =
            match first with
            | None -> []
            | Some first -> [
                for shape, number in branches do
                    match shape with
                    | Some s when s.Height <> first.Height || s.Width <> first.Width ->
                        ShapeProblem.ConcatOfDifferentShapes(first, number, s)
                    | Some _
                    | None -> ()
              ]

        let channels =
            branches
            |> List.sumBy (fun (shape, _) ->
                shape |> Option.map (fun s -> int64 s.Channels) |> Option.defaultValue 0L
            )

        let isTooLarge = channels > int64 ArgumentSpec.most

        let tooLarge = [
            if isTooLarge then
                ShapeProblem.OutputTooLarge(
                    "concat",
                    {
                        defaultArg first nowhere with
                            Channels = int (min channels (int64 System.Int32.MaxValue))
                    }
                )
        ]

        for problem in differing @ tooLarge do
            run.Report (shapeProblem problem) place

        match first with
        | Some first when isKnown && differing.IsEmpty && not isTooLarge ->
            Some { first with Channels = int channels }
        // The language says with which shape checking continues.
        | Some first when isKnown -> Some first
        | Some _
        | None -> None

    /// The nodes of a body and the value after it.
    let rec checkBody run (scope: NameScope) (value: Value) body : Node list * Value =
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
                    | DraftNode.Layer _
                    | DraftNode.Residual _
                    | DraftNode.Concat _ -> false
                )

            let wrongEnd last =
                if not (hasBroken residual.Branch) then
                    run.Report (Problem.Factor(FactorProblem.ScaledBranchEnd last)) scale.Place

            match List.tryLast branch with
            | None -> ()
            | Some(Node.Layer layer) ->
                if not (Op.facts layer.Op).EndsScaledBranch then
                    wrongEnd (Op.word layer.Op)
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

        // Without a factor it is x + shortcut(x), which selection can leave behind.
        if isEmpty && residual.Scale.IsSome then
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

        let output =
            joined run concat.Place (branches |> List.map (fun (_, after, _, n) -> after.Shape, n))

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
