namespace Sss.Core.Select

open Sss.Core

/// Tells what an analysis came to, as a plan.
[<RequireQualifiedAccess>]
module internal PlanSummary =

    let private structuresOf (network: Network) = [
        for owner, scale in Network.scales network do
            for i in 0 .. scale.Count - 1 do
                {
                    Owner = owner
                    Kind = scale.Kind
                    Index = i
                }
    ]

    /// Whether a structure stays, and why if its factor is 0.
    let private outcome (network: Network) (graph: DataFlow) (channels: Channels) =
        let carriers = Network.carriers network
        let parts = System.Collections.Generic.Dictionary<string, int>()

        for struct (part, step) in graph.Steps do
            match DataFlow.layerOf step with
            | ValueSome(struct (layer, _, _)) -> parts[layer.Name] <- part
            | ValueNone -> ()

        let isThere part =
            DataFlow.exists graph channels.Gone part

        fun (scale: Scale) (s: Structure) ->
            if s.Kind = Block then
                let branch = Array.head graph.Sides[s.Owner]
                isThere branch.Part, ValueNone
            else
                let stays (carrier: Layer) =
                    let struct (_, output) = graph.Ports[carrier.Name]
                    let kept = channels.Kept[output]
                    let each = kept.Length / scale.Count

                    if isThere parts[carrier.Name] then
                        Seq.tryFind
                            (fun o -> kept[o])
                            (seq { s.Index * each .. (s.Index + 1) * each - 1 })
                        |> Option.map (fun o -> output, o)
                    else
                        None

                match List.tryPick stays carriers[s.Owner] with
                | Some(output, o) -> true, channels.Reason output o
                | None -> false, ValueNone

    let private narrowed (network: Network) (selected: Network) =
        let before = Network.channels network

        [
            for layer in Network.layers selected do
                let was = before[layer.Name]

                if was <> layer.Output.Channels then
                    layer.Name, was, layer.Output.Channels
        ]

    let private concatBranches (graph: DataFlow) (channels: Channels) = [
        for struct (part, step) in graph.Steps do
            match DataFlow.concatOf step with
            | ValueSome(struct (concat, branches, _)) when DataFlow.exists graph channels.Gone part ->
                for branch, side in Seq.zip concat.Branches branches do
                    if channels.Gone[side.Part] then
                        Removal.ConcatBranch(concat.Name, branch.Name)
            | ValueSome _
            | ValueNone -> ()
    ]

    /// Only the outermost removed part is listed: what was inside goes with it.
    let private outermost (graph: DataFlow) (channels: Channels) removals =
        let around = System.Collections.Generic.Dictionary<string, int>()

        for struct (part, step) in graph.Steps do
            match DataFlow.residualOf step with
            | ValueSome(struct (residual, _, _, _)) -> around[residual.Name] <- part
            | ValueNone -> ()

        removals
        |> List.filter (
            function
            | Removal.DeadBranch residual
            | Removal.ConstantBranch(residual, _)
            | Removal.DeadShortcut residual
            | Removal.ConstantShortcut(residual, _) ->
                DataFlow.exists graph channels.Gone around[residual]
            | Removal.ConcatBranch _ -> true
        )

    /// The plan.
    let make
        (network: Network)
        (numbers: WeightReader)
        graph
        (sums: Sums)
        channels
        (rewrite: NetworkRewrite)
        : Plan =
        let outcome = outcome network graph channels
        let scales = Network.scales network |> Map.ofSeq

        let outcomes =
            structuresOf network |> List.map (fun s -> s, outcome scales[s.Owner] s)

        let tally kind =
            let own = outcomes |> List.filter (fun (s, _) -> s.Kind = kind)

            {
                Kept = own |> List.filter (fun (_, (stays, _)) -> stays) |> List.length
                Total = List.length own
            }

        {
            Goes = outcomes |> List.choose (fun (s, (stays, _)) -> if stays then None else Some s)
            Stays =
                outcomes
                |> List.choose (fun (s, (stays, reason)) ->
                    match reason with
                    | ValueSome rule when stays && numbers.IsZero s.Owner s.Index -> Some(s, rule)
                    | ValueSome _
                    | ValueNone -> None
                )
            Removals = outermost graph channels sums.Removals @ concatBranches graph channels
            FoldedConstants =
                rewrite.FoldedConstants
                |> Map.toList
                |> List.map (fun (layer, (foldedInto, _)) -> layer, foldedInto)
            Narrowed = narrowed network rewrite.Network
            Neuron = tally Neuron
            Group = tally Group
            Block = tally Block
            Shared = tally Shared
            Before = Cost.ofNetwork network
            After = Cost.ofNetwork rewrite.Network
        }
