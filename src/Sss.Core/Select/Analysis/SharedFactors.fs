namespace Sss.Core.Select

open Sss.Core

/// Factors that all layers share whose channels are joined: which layers these are, and whether a factor
/// of 0 removes its channel from them.
[<RequireQualifiedAccess>]
module internal SharedFactors =

    /// The rule that keeps a channel whose shared factor is 0, where one does: first of one alone, then of
    /// all but one. The layers carry the factors already.
    let staying (graph: DataFlow) (owner: string) : StayRule option =
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

    /// The declaration, where its factors are shared.
    let sharedBy (scale: Scale option) : Scale option =
        scale |> Option.filter (fun s -> s.Kind = Shared)

    /// The network with the factors on all layers that share them. `owners`: by layer, the declaration
    /// and the layer that declares.
    let mark (owners: Map<string, string * Scale>) (network: Network) : Network =
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
    let misplaced
        (all: JoinedChannels)
        (layer: Layer)
        (members: Layer list)
        : FactorProblem option =
        let word = Op.word layer.Op
        let roots = JoinedChannels.rootsOf all layer

        if (Array.distinct roots).Length < roots.Length then
            Some(
                FactorProblem.SharedInPart(
                    word,
                    JoinedChannels.mixer all roots |> Option.defaultValue layer.Name
                )
            )
        elif not (members |> List.exists (fun m -> m.Name = layer.Name)) then
            Some(FactorProblem.SharedElsewhere(word, members |> List.map _.Name))
        else
            members
            |> List.tryFind (fun m -> m.Scale |> Option.exists (fun s -> s.Kind <> Shared))
            |> Option.map (fun m -> FactorProblem.SharedWithOwn(word, m.Name))

    /// One class of channels with the layers that declare factors of it, the first one first, the layers
    /// that share them, and what is wrong.
    let private declared (all: JoinedChannels) (declarations: Layer list) =
        let first = declarations.Head
        let members = JoinedChannels.members all (JoinedChannels.rootsOf all first)

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
            let all = JoinedChannels.ofNetwork network

            let classes =
                declarations
                |> List.groupBy (JoinedChannels.rootsOf all)
                |> List.map (snd >> declared all)

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
