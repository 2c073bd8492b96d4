namespace Sss.Core.Select

open Sss.Core

/// A layer that could carry factors of the channels that it gives.
type private Carrier = {
    Layer: Layer
    /// The value that it gives.
    Output: int
    /// What the gates give in whose bodies it is.
    Gates: int list
}

/// What the channels of a network have in common, with all of it there.
type private Joined = {
    Graph: DataFlow
    /// By value: a number for each channel, the same for channels that stay or are removed together.
    Roots: int[][]
    /// In the order of the text.
    Carriers: Carrier list
}

/// Factors that all layers share whose channels are joined: which layers these are, and whether a factor
/// of 0 removes its channel from them.
[<RequireQualifiedAccess>]
module internal SharedFactors =

    /// Layers whose output goes into a normalisation that takes a factor back.
    let rec private cancelled (body: Node list) : string list = [
        for node, following in List.pairwise body do
            match node, following with
            | Node.Layer layer, Node.Layer next when (Op.facts next.Op).CancelsGain -> layer.Name
            | Node.Layer _, _
            | Node.Residual _, _
            | Node.Gate _, _
            | Node.Concat _, _ -> ()

        for node in body do
            yield! List.collect cancelled (Node.bodies node)
    ]

    /// By part that is the body of a gate: the value that the gate gives.
    let private gateBodies (graph: DataFlow) : Map<int, int> =
        Map.ofList [
            for struct (_, step) in graph.Steps do
                match step with
                | Step.Join(Node.Gate _, _, sides, output) -> sides[1].Part, output
                | Step.Join((Node.Layer _ | Node.Residual _ | Node.Concat _), _, _, _)
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

    let private joined (network: Network) : Joined =
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

    let private rootsOf (all: Joined) (layer: Layer) : int[] =
        let struct (_, output) = all.Graph.Ports[layer.Name]
        all.Roots[output]

    /// The layers that share factors of these channels: those that make them, or could make a channel
    /// other than 0 of one that is 0. What a gate multiplies with may be anything where its input is 0.
    let private members (all: Joined) (roots: int[]) : Layer list =
        all.Carriers
        |> List.filter (fun c ->
            all.Roots[c.Output] = roots
            && not (c.Gates |> List.exists (fun gate -> all.Roots[gate] = roots))
        )
        |> List.map _.Layer

    /// What joins channels of one value with each other: a layer that does, or else the first join.
    let private mixer (all: Joined) (roots: int[]) : string option =
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

    /// The rule that keeps a channel whose shared factor is 0, where one does: first of one alone, then of
    /// all but one. The layers carry the factors already.
    let private staying (graph: DataFlow) (owner: string) : StayRule option =
        let struct (_, output) = graph.Ports[owner]
        let count = graph.Shapes[output].Channels

        let test isZero =
            let numbers = {
                At = None
                IsZero = fun name i -> name = owner && isZero i
                InTraining = false
            }

            let states = ForwardAnalysis.states numbers graph
            let sums = BackwardAnalysis.sums false numbers graph states
            let channels = Channels.keep 1 (fun _ _ -> 0.0) numbers graph states sums

            Seq.init count id
            |> Seq.tryFind (fun i -> isZero i && channels.Kept[output][i])
            |> Option.bind (fun i ->
                match channels.Reason output i with
                | ValueSome rule -> Some rule
                | ValueNone -> None
            )

        // Without its last channel nothing would be left of the network.
        if count < 2 then
            None
        else
            test (fun i -> i = 0)
            |> Option.orElseWith (fun () -> test (fun i -> i < count - 1))

    let private sharedBy (scale: Scale option) : Scale option =
        scale |> Option.filter (fun s -> s.Kind = Shared)

    /// The network with the factors on all layers that share them. `owners`: by layer, the declaration
    /// and the layer that declares.
    let private mark (owners: Map<string, string * Scale>) (network: Network) : Network =
        let layer (l: Layer) =
            match Map.tryFind l.Name owners, sharedBy l.Scale with
            | Some(owner, scale), _ -> {
                l with
                    Scale =
                        Some {
                            scale with
                                Owner = if owner = l.Name then None else Some owner
                        }
              }
            // A second declaration, or one that is wrong.
            | None, Some _ -> { l with Scale = None }
            | None, None -> l

        Network.map layer id network

    /// What is wrong with a declaration whatever its factors do.
    let private misplaced
        (all: Joined)
        (layer: Layer)
        (members: Layer list)
        : FactorProblem option =
        let word = Op.word layer.Op
        let roots = rootsOf all layer

        if (Array.distinct roots).Length < roots.Length then
            Some(
                FactorProblem.SharedInPart(word, mixer all roots |> Option.defaultValue layer.Name)
            )
        elif not (members |> List.exists (fun m -> m.Name = layer.Name)) then
            Some(FactorProblem.SharedElsewhere(word, members |> List.map _.Name))
        else
            members
            |> List.tryFind (fun m -> m.Scale |> Option.exists (fun s -> s.Kind <> Shared))
            |> Option.map (fun m -> FactorProblem.SharedWithOwn(word, m.Name))

    /// One class of channels with the layers that declare factors of it, the first one first, the layers
    /// that share them, and what is wrong.
    let private declared (all: Joined) (declarations: Layer list) =
        let first = declarations.Head
        let members = members all (rootsOf all first)

        first,
        members,
        [
            for layer in declarations do
                match misplaced all layer members with
                | Some problem -> layer.Name, problem
                | None when layer.Scale <> first.Scale ->
                    layer.Name, FactorProblem.SharedTwice(Op.word layer.Op, first.Name)
                | None -> ()
        ]

    /// The network with declared factors on all layers that share them, and what is wrong with
    /// declarations, by the layer that makes them.
    let resolve (network: Network) : Network * (string * FactorProblem) list =
        let declarations =
            Network.layers network
            |> Seq.filter (fun l -> sharedBy l.Scale |> Option.exists Scale.isDeclared)
            |> List.ofSeq

        if declarations.IsEmpty then
            network, []
        else
            let all = joined network

            let classes =
                declarations |> List.groupBy (rootsOf all) |> List.map (snd >> declared all)

            let owners =
                Map.ofList [
                    for first, members, _ in classes do
                        match first.Scale with
                        | Some scale ->
                            for m in members do
                                m.Name, (first.Name, scale)
                        | None -> ()
                ]

            let marked = mark owners network
            let graph = DataFlow.ofNetwork marked

            marked,
            [
                for first, members, problems in classes do
                    yield! problems

                    if problems.IsEmpty then
                        match staying graph first.Name with
                        | Some rule -> first.Name, FactorProblem.SharedStays(Op.word first.Op, rule)
                        | None when members.Length = 1 ->
                            first.Name, FactorProblem.SharedAlone(Op.word first.Op)
                        | None -> ()
            ]

    /// The part of a projection after attention whose heads carry factors: one statement has one
    /// declaration, so that it cannot have another.
    let private isTaken (network: Network) : Set<string> =
        let rec taken (body: Node list) = [
            for node, following in List.pairwise body do
                match node, following with
                | Node.Layer({ Op = Op.Attention _ } as heads), Node.Layer out when
                    heads.Scale |> Option.exists Scale.isDeclared
                    ->
                    out.Name
                | _, (Node.Layer _ | Node.Residual _ | Node.Gate _ | Node.Concat _) -> ()

            for node in body do
                yield! List.collect taken (Node.bodies node)
        ]

        Set.ofList (taken network.Body)

    /// Layers that may carry neuron factors of their own, as `Check` has it.
    let private mayOwn (network: Network) : Set<string> =
        let opOf node =
            match node with
            | Node.Layer layer -> Some layer.Op
            | Node.Residual _
            | Node.Gate _
            | Node.Concat _ -> None

        let rec own (body: Node list) = [
            let at i = List.tryItem i body |> Option.bind opOf

            for i, node in List.indexed body do
                match node with
                | Node.Layer layer ->
                    let site: CheckFactors.Site = {
                        Op = layer.Op
                        Before = at (i - 1)
                        After = at (i + 1)
                    }

                    if (CheckFactors.problem Neuron site).IsNone then
                        layer.Name
                | Node.Residual _
                | Node.Gate _
                | Node.Concat _ -> yield! List.collect own (Node.bodies node)
        ]

        Set.ofList (own network.Body)

    /// Where the factors go that what is left of a network shares: by the layer that declared them, the
    /// one that declares them now, and their kind. Those that its text could not say are left out: they
    /// have to be folded into weights. Factors that only one layer is left with are its neurons', except
    /// while training continues: their γ shall stay the same.
    let left (inTraining: bool) (network: Network) : Map<string, string * FactorKind> =
        let carriers =
            Network.layers network
            |> Seq.choose (fun l ->
                sharedBy l.Scale |> Option.map (fun s -> Scale.ownerOf l.Name s, l)
            )
            |> Seq.groupBy fst
            |> Seq.map (fun (owner, all) -> owner, all |> Seq.map snd |> List.ofSeq)
            |> List.ofSeq

        if carriers.IsEmpty then
            Map.empty
        else
            let all = joined network
            let taken = isTaken network

            let declares owner (layers: Layer list) =
                let may = layers |> List.filter (fun l -> not (taken.Contains l.Name))

                may
                |> List.tryFind (fun l -> l.Name = owner)
                |> Option.orElse (List.tryHead may)
                |> Option.filter (fun first ->
                    let names = List.map (fun (l: Layer) -> l.Name)

                    (misplaced all first layers).IsNone
                    && names (members all (rootsOf all first)) = names layers
                )
                |> Option.map (fun first -> owner, first, layers)

            let chosen = carriers |> List.choose (fun (owner, all) -> declares owner all)

            let owners =
                Map.ofList [
                    for _, first, layers in chosen do
                        match first.Scale with
                        | Some scale ->
                            for l in layers do
                                l.Name, (first.Name, scale)
                        | None -> ()
                ]

            let graph = DataFlow.ofNetwork (mark owners network)

            let ownable = if inTraining then Set.empty else mayOwn network

            Map.ofList [
                for owner, first, layers in chosen do
                    if (staying graph first.Name).IsNone then
                        if layers.Length > 1 || inTraining then
                            owner, (first.Name, Shared)
                        elif ownable.Contains first.Name then
                            owner, (first.Name, Neuron)
            ]

    /// The network with factors declared where `owners` says, by the layer that declared them before.
    let rename (owners: Map<string, string * FactorKind>) (network: Network) : Network =
        let layer (l: Layer) =
            match sharedBy l.Scale with
            | Some scale ->
                match Map.tryFind (Scale.ownerOf l.Name scale) owners with
                | Some(owner, kind) -> {
                    l with
                        Scale =
                            Some {
                                scale with
                                    Kind = kind
                                    Owner = if owner = l.Name then None else Some owner
                            }
                  }
                | None -> l
            | None -> l

        Network.map layer id network
