namespace Sss.Core.Select

open Sss.Core

/// Shared factors of what is left of a network.
[<RequireQualifiedAccess>]
module internal SharedRewrite =

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
                | _, (Node.Layer _ | Node.Residual _ | Node.Gate _ | Node.Concat _ | Node.Output _) ->
                    ()

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
            | Node.Concat _
            | Node.Output _ -> None

        let rec own (body: Node list) = [
            let ops = body |> List.map opOf |> Array.ofList
            let at i = Array.tryItem i ops |> Option.flatten

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
                | Node.Concat _
                | Node.Output _ -> yield! List.collect own (Node.bodies node)
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
                SharedFactors.sharedBy l.Scale
                |> Option.map (fun s -> Scale.ownerOf l.Name s, l)
            )
            |> Seq.groupBy fst
            |> Seq.map (fun (owner, all) -> owner, all |> Seq.map snd |> List.ofSeq)
            |> List.ofSeq

        if carriers.IsEmpty then
            Map.empty
        else
            let all = JoinedChannels.ofNetwork network
            let taken = isTaken network

            let declares owner (layers: Layer list) =
                let may = layers |> List.filter (fun l -> not (taken.Contains l.Name))

                may
                |> List.tryFind (fun l -> l.Name = owner)
                |> Option.orElse (List.tryHead may)
                |> Option.filter (fun first ->
                    let names = List.map (fun (l: Layer) -> l.Name)

                    (SharedFactors.misplaced all first layers).IsNone
                    && names (JoinedChannels.members all (JoinedChannels.rootsOf all first)) =
                        names layers
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

            let graph = DataFlow.ofNetwork (SharedFactors.mark owners network)

            let ownable = if inTraining then Set.empty else mayOwn network

            Map.ofList [
                for owner, first, layers in chosen do
                    if (SharedFactors.staying graph first.Name).IsNone then
                        if layers.Length > 1 || inTraining then
                            owner, (first.Name, Shared)
                        elif ownable.Contains first.Name then
                            owner, (first.Name, Neuron)
            ]

    /// The network with factors declared where `owners` says, by the layer that declared them before.
    let rename (owners: Map<string, string * FactorKind>) (network: Network) : Network =
        let layer (l: Layer) =
            match SharedFactors.sharedBy l.Scale with
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
