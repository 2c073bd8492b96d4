namespace Sss.Core.Select

open Sss.Core

/// A layer that could carry factors of the channels that it gives.
type internal Carrier = {
    Layer: Layer
    /// The value that it gives.
    Output: int
    /// What the gates give in whose bodies it is.
    Gates: int list
}

/// What the channels of a network have in common, with all of it there.
type internal JoinedChannels = {
    Graph: DataFlow
    /// By value: a number for each channel, the same for channels that stay or are removed together.
    Roots: int[][]
    /// In the order of the text.
    Carriers: Carrier list
}

/// Which layers make channels that are joined, by sums, gates, and whatever treats each by itself.
[<RequireQualifiedAccess>]
module internal JoinedChannels =

    /// Layers whose output goes into a normalisation that takes a factor back.
    let rec private cancelled (body: Node list) : string list = [
        for node, following in List.pairwise body do
            match node, following with
            | Node.Layer layer, Node.Layer next when (Op.facts next.Op).CancelsGain -> layer.Name
            | Node.Layer _, _
            | Node.Residual _, _
            | Node.Gate _, _
            | Node.Concat _, _
            | Node.Output _, _ -> ()

        for node in body do
            yield! List.collect cancelled (Node.bodies node)
    ]

    /// By part that is the body of a gate: the value that the gate gives.
    let private gateBodies (graph: DataFlow) : Map<int, int> =
        Map.ofList [
            for struct (_, step) in graph.Steps do
                match step with
                | Step.Join(Node.Gate _, _, sides, output) -> sides[1].Part, output
                | Step.Join((Node.Layer _ | Node.Residual _ | Node.Concat _ | Node.Output _),
                            _,
                            _,
                            _)
                | Step.Part _
                | Step.Through _
                | Step.Move _
                | Step.Read _
                | Step.Mix _ -> ()
        ]

    let private carriers (network: Network) (graph: DataFlow) : Carrier list =
        let cancelled = Set.ofList (cancelled network.Body)
        let gates = gateBodies graph

        let rec gatesAround part =
            if part < 0 then
                []
            else
                Option.toList (Map.tryFind part gates) @ gatesAround graph.Parents[part]

        [
            for struct (part, step) in graph.Steps do
                match DataFlow.layerOf step with
                | ValueSome(struct (layer, _, output)) when not (cancelled.Contains layer.Name) ->
                    match (Op.facts layer.Op).Carries with
                    | Carries.Factors _
                    | Carries.FactorsOfLayerBefore -> {
                        Layer = layer
                        Output = output
                        Gates = gatesAround part
                      }
                    | Carries.Nothing -> ()
                | ValueSome _
                | ValueNone -> ()
        ]

    /// What joins the channels of a network.
    let ofNetwork (network: Network) : JoinedChannels =
        let graph = DataFlow.ofNetwork network
        let classes = ChannelClasses()

        let axes =
            ChannelContext.couple graph (Array.zeroCreate graph.Parents.Length) classes

        for struct (_, step) in graph.Steps do
            match DataFlow.concatOf step with
            | ValueSome(struct (_, sides, output)) ->
                for struct (first, side) in DataFlow.stretches graph sides do
                    axes[side.End]
                    |> Array.iteri (fun i own -> classes.Union(own, axes[output][first + i], null))
            | ValueNone -> ()

        {
            Graph = graph
            Roots = axes |> Array.map (Array.map classes.Root)
            Carriers = carriers network graph
        }

    /// The channels that a layer gives.
    let rootsOf (all: JoinedChannels) (layer: Layer) : int[] =
        let struct (_, output) = all.Graph.Ports[layer.Name]
        all.Roots[output]

    /// The layers that share factors of these channels: those that make them, or could make a channel
    /// other than 0 of one that is 0. What a gate multiplies with may be anything where its input is 0.
    let members (all: JoinedChannels) (roots: int[]) : Layer list =
        all.Carriers
        |> List.filter (fun c ->
            all.Roots[c.Output] = roots
            && not (c.Gates |> List.exists (fun gate -> all.Roots[gate] = roots))
        )
        |> List.map _.Layer

    /// What joins channels of one value with each other: a layer that does, or else the first join.
    let mixer (all: JoinedChannels) (roots: int[]) : string option =
        let own = Set.ofArray roots

        let isOwn value =
            all.Roots[value] |> Array.exists own.Contains

        let layers, joins =
            all.Graph.Steps
            |> Array.choose (fun (struct (_, step)) ->
                match step with
                | Step.Mix(layer, groups, _, output) when
                    groups < layer.Output.Channels && isOwn output
                    ->
                    Some(true, layer.Name)
                | Step.Read(layer, { Block = block }, _, output) when block > 1 && isOwn output ->
                    Some(true, layer.Name)
                | Step.Join(node, { Coupling = JoinCoupling.Together }, _, output) when
                    isOwn output
                    ->
                    Some(false, Node.name node)
                | Step.Mix _
                | Step.Read _
                | Step.Move _
                | Step.Through _
                | Step.Part _
                | Step.Join _ -> None
            )
            |> Array.partition fst

        Array.append layers joins |> Array.tryHead |> Option.map snd
