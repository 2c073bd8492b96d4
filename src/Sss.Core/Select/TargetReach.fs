namespace Sss.Core

/// How small a network can become.
[<RequireQualifiedAccess>]
module TargetReach =

    /// How many of a declaration's factors stay at least. A layer without a shortcut around it keeps one channel.
    let private least (blocks: int) (scale: Scale) : int =
        if scale.Keep then
            scale.Count
        else
            match scale.Kind with
            | Block -> max scale.Min blocks
            | Neuron
            | Group
            | Shared -> max scale.Min 1

    /// The cost of a network of which all has gone that may go: what no factor reaches, and the least that
    /// declarations keep. None: there is no such network.
    let leastCost (network: Network) : Cost option =
        let scales = Map.ofSeq (Network.scales network)

        // Where a block may not go, all blocks are counted as kept.
        [ 0; 1 ]
        |> List.tryPick (fun blocks ->
            Selection.wouldBe
                network
                (fun owner index ->
                    Map.tryFind owner scales
                    |> Option.exists (fun scale -> index >= least blocks scale)
                )
                None
        )

    /// The part of the macs that no target can take, where it is more than half of what the target allows, so that
    /// little is left to choose from.
    let narrow (network: Network) (target: Target) : float option =
        let dense = float (max 1L (Cost.ofNetwork network).Macs)

        Option.map2
            (fun most (cost: Cost) -> most, float cost.Macs / dense)
            target.Macs
            (leastCost network)
        |> Option.filter (fun (most, part) -> part > most / 2.0)
        |> Option.map snd
