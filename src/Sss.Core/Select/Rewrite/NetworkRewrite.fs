namespace Sss.Core.Select

open Sss.Core

/// The selected network without its numbers, and what has to be done to the numbers.
type internal NetworkRewrite = {
    Network: Network
    /// By `conv` or `dense`: where it takes up constants, and the constants by input channel (0 where
    /// there is nothing to take up).
    FoldedConstants: Map<string, FoldedInto * float[]>
    /// By owner: its factors are folded into weights.
    Folded: Set<string>
    /// By owner of shared factors that are not folded: the layer that declares them now, and their kind.
    Shared: Map<string, string * FactorKind>
    /// By the last layer of a scaled branch: the residual whose factor is folded into it.
    Ends: Map<string, string>
}

/// Writes down the network that is left.
[<RequireQualifiedAccess>]
module internal NetworkRewrite =

    let private count (kept: bool[]) =
        Array.sumBy (fun k -> if k then 1 else 0) kept

    /// Factors left of a declaration.
    let private rescale (keptOut: bool[]) (scale: Scale) =
        let each = keptOut.Length / scale.Count

        {
            scale with
                Count =
                    keptOut
                    |> Array.chunkBySize each
                    |> Array.filter (Array.contains true)
                    |> Array.length
        }

    /// The layer on the channels that are left.
    let private narrow
        (graph: DataFlow)
        (channels: Channels)
        foldedConstants
        (shifts: Map<string, _>)
        (l: Layer)
        =
        let struct (input, output) = graph.Ports[l.Name]
        let keptOut = channels.Kept[output]
        let outs = count keptOut

        let facts = Op.facts l.Op

        let groups =
            keptOut
            |> Array.chunkBySize (keptOut.Length / OpFacts.groups facts l.Input)
            |> Array.filter (Array.contains true)
            |> Array.length

        let bias =
            facts.Bias = Some true
            || Map.containsKey l.Name shifts
            || (
                match Map.tryFind l.Name foldedConstants with
                | Some(FoldedInto.NewBias, _) -> true
                | Some(FoldedInto.Bias, _)
                | Some(FoldedInto.Mean _, _)
                | None -> false
            )

        {
            l with
                Op =
                    facts.Narrow {
                        Out = outs
                        Groups = groups
                        Kept = channels.Kept[input]
                        Bias = bias
                    }
                Scale = l.Scale |> Option.map (rescale keptOut)
                Input = {
                    l.Input with
                        Channels = count channels.Kept[input]
                }
                Output = { l.Output with Channels = outs }
        }

    /// The tree without what goes; factors are still on it.
    let private rebuild (graph: DataFlow) (channels: Channels) narrow (network: Network) =
        let rec body input nodes =
            (([], input), nodes)
            ||> List.fold (fun (made, input) node ->
                let left = visit input node
                (List.rev left @ made, Network.outputOf input left)
            )
            |> fst
            |> List.rev

        and joined input node bodies =
            let made = Node.withBodies bodies node
            // Sides that are left fit together: their channels are of the same classes.
            Network.joined input made |> Option.defaultValue made

        and visit input node =
            match node with
            | Node.Layer layer -> [ Node.Layer(narrow layer) ]
            | Node.Residual r ->
                let sides = graph.Sides[r.Name]

                if channels.Gone[sides[0].Part] then
                    body input r.Shortcut
                elif channels.Gone[sides[1].Part] then
                    body input r.Branch
                else
                    [ joined input node [ body input r.Branch; body input r.Shortcut ] ]
            | Node.Gate g -> [ joined input node [ body input g.Body ] ]
            | Node.Output o -> [ joined input node [ body input o.Body ] ]
            | Node.Concat c ->
                let left = [
                    for branch, side in List.zip c.Branches (List.ofArray graph.Sides[c.Name]) do
                        if not channels.Gone[side.Part] then
                            let own = {
                                branch.Input with
                                    Channels = count channels.Kept[side.Start]
                            }

                            {
                                branch with
                                    Input = own
                                    Body = body own branch.Body
                            }
                ]

                match left with
                | [ only ] -> only.Body
                | branches -> [
                    joined input (Node.Concat { c with Branches = branches }) [
                        for b in branches -> b.Body
                    ]
                  ]

        {
            network with
                Body = body network.Input network.Body
        }

    /// The network that is left.
    let make keepFactors numbers graph states (sums: Sums) (channels: Channels) (network: Network) =
        let foldedConstants =
            ConstantFolding.make numbers graph states sums channels network

        let scaled =
            rebuild graph channels (narrow graph channels foldedConstants sums.Shifts) network

        let shared =
            if keepFactors then
                SharedRewrite.left numbers.InTraining scaled
            else
                Map.empty

        let folded = FactorFolding.folded keepFactors (Set.ofSeq shared.Keys) network scaled

        {
            Network = scaled |> FactorFolding.unscale folded |> SharedRewrite.rename shared
            FoldedConstants = foldedConstants
            Folded = folded
            Shared = shared
            Ends = FactorFolding.ends network
        }
