namespace Sss.Core

open Sss.Core.CheckValue

/// What goes along while one draft is checked, names in the order of the text, and single layers.
module internal CheckRun =

    /// A node of a body whose scopes have been opened: its name, and the scope it is in.
    [<Struct>]
    type Item = {
        Name: string
        Node: DraftNode
        Scope: NameScope
    }

    /// What goes along while one draft is checked.
    type Run = {
        Report: Problem -> Place -> unit
        Seen: CheckedNode -> unit
        mutable Layers: int
        /// A part was wrong and reported elsewhere, so that the network is not whole.
        mutable IsBroken: bool
        /// Where shared factors are declared, by the name of the layer.
        Shared: System.Collections.Generic.Dictionary<string, Place>
    }

    /// Checks a body in a scope, given the value before it: its nodes and the value after it.
    type CheckBody = NameScope -> Value -> DraftNode list -> Node list * Value

    let shapeProblem problem = Problem.Shape problem

    /// `concat` or `split`.
    let concatWord (concat: DraftConcat) : string =
        match concat.Reads with
        | DraftReads.All -> Chain.concat.Word
        | DraftReads.EqualParts
        | DraftReads.Parts _ -> Chain.split.Word

    /// Opens scopes and gives names, in the order of the text.
    let rec openScopes (scope: NameScope) (items: ResizeArray<Item>) (body: DraftNode list) =
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
            | DraftNode.Gate g -> add "gate" g.Label g.Place
            | DraftNode.Concat c -> add (concatWord c) c.Label c.Place
            | DraftNode.Output o ->
                items.Add {
                    Name = scope.Name(None, Some o.Name, true, o.Place)
                    Node = node
                    Scope = scope
                }
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
    let layerScale run (items: ResizeArray<Item>) i (layer: DraftLayer) output =
        let neighbour j =
            if j < 0 || j >= items.Count then
                Ok None
            else
                match items[j].Node with
                | DraftNode.Layer l -> Ok(Some l.Op)
                | DraftNode.Broken -> Error()
                | DraftNode.Scope _
                | DraftNode.Residual _
                | DraftNode.Gate _
                | DraftNode.Concat _
                | DraftNode.Output _ -> Ok None

        // What comes out of an attention comes out of its projection.
        let before =
            neighbour (i - 1)
            |> Result.map (
                Option.map (fun op ->
                    if Op.word op = Attention.word.Name then
                        Op.Conv(Attention.projection 1)
                    else
                        op
                )
            )

        match layer.Scale, before, neighbour (i + 1) with
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
                if scale.Kind = Shared then
                    run.Shared[items[i].Name] <- scale.Place

                Some {
                    Kind = scale.Kind
                    Owner = None
                    Count = CheckFactors.count scale.Kind site output
                    Gamma = scale.Gamma
                    Init = scale.Init
                    Min = scale.Min
                    Keep = scale.Keep
                }
        | _ -> None

    let nowhere = Shape.create 0 0 0

    let checkLayer run items i (layer: DraftLayer) (value: Value) : Node * Value =
        run.Layers <- run.Layers + 1

        let facts = Op.facts layer.Op

        let problems, output =
            match CheckLayers.numbers facts, value.Shape with
            | [], Some input ->
                match CheckLayers.output facts input with
                | Ok output -> [], Some output
                | Error problems -> problems, None
            | [], None -> [], facts.FixedOutput
            | problems, _ -> problems, None

        for problem in problems do
            run.Report (shapeProblem problem) layer.Place

        let shape = defaultArg output nowhere
        let scale = layerScale run items i layer shape

        let own =
            match layer.Scale, scale with
            // What a shared factor switches is dead on all sides of a sum.
            | Some { Kind = Shared }, _ -> Sources.Empty
            | Some s, Some _ -> source facts.Word s.Place
            | _ -> Sources.Empty

        let node =
            Node.Layer {
                Name = items[i].Name
                Op = layer.Op
                Scale = scale
                Input = defaultArg value.Shape nowhere
                Output = shape
            }

        let after = afterLayer facts own output value

        match layer.Scale with
        | Some { Kind = Shared } -> node, { after with MayDie = true }
        | Some _
        | None -> node, after
