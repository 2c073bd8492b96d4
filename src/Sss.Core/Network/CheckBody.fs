namespace Sss.Core

open Sss.Core.CheckValue
open Sss.Core.CheckRun

/// Bodies and the nodes in them.
module internal CheckBody =

    /// A gate and the value after it.
    let private checkGate (checkBody: CheckBody) run item (gate: DraftGate) value : Gate * Value =
        let body, after = checkBody (item.Scope.Inner item.Name) value gate.Body

        match value.Shape, after.Shape with
        | Some input, Some shape when not (Product.fits input shape) ->
            run.Report (shapeProblem (ShapeProblem.GateOfOtherShape(input, shape))) gate.Place
        | _ -> ()

        {
            Name = item.Name
            Body = body
            Output = defaultArg value.Shape nowhere
        },
        {
            Shape = value.Shape
            MayDie = value.MayDie || after.MayDie
            Sources = join value.Sources after.Sources
        }

    /// A further output and what it gives; the value before it goes on.
    let private checkOutput
        (checkBody: CheckBody)
        run
        item
        (output: DraftOutput)
        value
        : Output * Value =
        let body, after = checkBody (item.Scope.Inner item.Name) value output.Body

        if output.Body.IsEmpty then
            run.Report (shapeProblem (ShapeProblem.EmptyOutput item.Name)) output.Place

        if Node.takenNames.Contains item.Name then
            run.Report (Problem.Name(NameProblem.OutputName item.Name)) output.Name.Place

        for word, place in leaves false after.Sources do
            run.Report (Problem.Factor(FactorProblem.FactorOnOutput word)) place

        {
            Name = item.Name
            Input = defaultArg value.Shape nowhere
            Body = body
        },
        after

    /// The nodes of a body and the value after it. `isOwn`: whether it is the network's own, which alone has further outputs.
    let rec private bodyOf isOwn run (scope: NameScope) (value: Value) body : Node list * Value =
        let items = ResizeArray()
        openScopes scope items body
        let nodes = ResizeArray()
        let mutable value = value
        let inner = bodyOf false run

        let add place node next =
            nodes.Add node

            run.Seen {
                Place = place
                Node = node
                Input = value.Shape
                Output = next.Shape
            }

            value <- next

        for i in 0 .. items.Count - 1 do
            match items[i].Node with
            | DraftNode.Layer({ Op = Op.Attention attention } as layer) ->
                let next = if i + 1 < items.Count then Some items[i + 1] else None

                for made, after in CheckAttention.check run items[i] next layer attention value do
                    add layer.Place made after
            | DraftNode.Layer layer -> checkLayer run items i layer value ||> add layer.Place
            | DraftNode.Residual residual ->
                let made, next = CheckResidual.checkResidual inner run items[i] residual value
                add residual.Place (Node.Residual made) next
            | DraftNode.Gate gate ->
                let made, next = checkGate inner run items[i] gate value
                add gate.Place (Node.Gate made) next
            | DraftNode.Concat concat ->
                let made, next = CheckConcat.checkConcat inner run items[i] concat value
                add concat.Place (Node.Concat made) next
            | DraftNode.Output output ->
                if not isOwn then
                    run.Report (shapeProblem (ShapeProblem.OutputInside items[i].Name)) output.Place

                let before = value
                let made, given = checkOutput inner run items[i] output value
                add output.Place (Node.Output made) given
                value <- before
            | DraftNode.Broken
            | DraftNode.Scope _ ->
                run.IsBroken <- true
                value <- unknown

        List.ofSeq nodes, value

    /// The nodes of a network's own body and the value after it.
    let checkBody run scope value body : Node list * Value = bodyOf true run scope value body
