namespace Sss.Core

open Sss.Core.CheckValue
open Sss.Core.CheckRun

/// Residuals.
module internal CheckResidual =

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

    let private blockScale run (residual: DraftResidual) (branch: Node list) =
        match residual.Scale with
        | None -> None
        | Some {
                   Kind = Neuron | Group | Shared as kind
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
                    | DraftNode.Gate _
                    | DraftNode.Concat _
                    | DraftNode.Output _ -> false
                )

            let wrongEnd last =
                if not (hasBroken residual.Branch) then
                    run.Report (Problem.Factor(FactorProblem.ScaledBranchEnd last)) scale.Place

            match List.tryLast branch with
            | None -> ()
            | Some(Node.Layer layer) ->
                if not (Op.facts layer.Op).EndsScaledBranch then
                    wrongEnd (Op.word layer.Op)
            | Some(Node.Residual _ | Node.Gate _ | Node.Concat _ | Node.Output _ as node) ->
                wrongEnd (Node.word node)

            Some {
                Kind = Block
                Owner = None
                Count = 1
                Gamma = scale.Gamma
                Init = scale.Init
                Min = scale.Min
                Keep = scale.Keep
            }

    /// Whether the shortcut is the identity, and its body with the value after it.
    let private autoShortcut
        (checkBody: CheckBody)
        run
        scope
        (residual: DraftResidual)
        value
        output
        =
        match value.Shape, output with
        | Some input, Some output when input <> output ->
            match autoStride input output with
            | Some stride ->
                false, checkBody scope value (projection residual.Place output.Channels stride)
            | None ->
                run.Report
                    (shapeProblem (ShapeProblem.NoAutoShortcut(input, output)))
                    residual.Place

                false, ([], unknown)
        | Some _, Some _ -> true, ([], value)
        | _ -> true, ([], unknown)

    /// A residual and the value after it.
    let checkResidual
        (checkBody: CheckBody)
        run
        item
        (residual: DraftResidual)
        value
        : Residual * Value =
        let branch, branchValue =
            checkBody (item.Scope.Inner(item.Name + ".branch")) value residual.Branch

        let isEmpty = branch.IsEmpty && not (List.contains DraftNode.Broken residual.Branch)

        // Without a factor it is x + shortcut(x), which selection can leave behind.
        if isEmpty && residual.Scale.IsSome then
            run.Report (shapeProblem ShapeProblem.EmptyBranch) residual.Place

        let scale = blockScale run residual branch
        let scope = item.Scope.Inner(item.Name + ".shortcut")

        let identity, (shortcut, shortcutValue) =
            match residual.Shortcut with
            | DraftShortcut.Identity -> true, ([], value)
            | DraftShortcut.Body body -> body.IsEmpty, checkBody scope value body
            | DraftShortcut.Auto ->
                autoShortcut checkBody run scope residual value branchValue.Shape

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
            Drop = residual.Drop
            Branch = branch
            Shortcut = shortcut
            Output = defaultArg branchValue.Shape nowhere
        },
        {
            Shape = branchValue.Shape
            MayDie = branchDies && shortcutValue.MayDie
            Sources = join branchValue.Sources shortcutValue.Sources
        }
