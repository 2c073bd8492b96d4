namespace Sss.Bench.Rivals

open System
open FsToolkit.ErrorHandling
open Sss.Core

/// Which neurons a rival removes. Neither takes out blocks or groups: their papers do not.
[<RequireQualifiedAccess>]
type Rule =
    /// Z. Liu et al., "Learning Efficient Convolutional Networks through Network Slimming" (ICCV
    /// 2017): |scale| of the bn after a convolution, one threshold for all layers.
    | Slimming
    /// H. Li et al., "Pruning Filters for Efficient ConvNets" (ICLR 2017): Σ|w| of a filter, the same
    /// share of each layer.
    | Magnitude

/// Scores, and the zeros that follow from them.
[<RequireQualifiedAccess>]
module Rule =

    /// What the command line calls it.
    let name rule =
        match rule with
        | Rule.Slimming -> "slimming"
        | Rule.Magnitude -> "magnitude"

    /// The layers whose neurons may go, in the order of the text, each with the layer that computes
    /// them: itself, or the last one with weights before it in the same body.
    let sites (network: Network) : (Layer * Layer) list =
        let hasWeights layer =
            match layer.Op with
            | Op.Conv _
            | Op.Dense _ -> true
            | _ -> false

        let rec ofBody body =
            ((None, []), body)
            ||> List.fold (fun (source, found) node ->
                match node with
                | Node.Layer layer ->
                    let source = if hasWeights layer then Some layer else source

                    match layer.Scale, source with
                    | Some { Kind = Neuron }, Some computes -> source, found @ [ layer, computes ]
                    | _ -> source, found
                | Node.Residual r -> None, found @ ofBody r.Branch @ ofBody r.Shortcut
                | Node.Gate g -> None, found @ ofBody g.Body
                | Node.Output o -> source, found @ ofBody o.Body
                | Node.Concat c ->
                    None, found @ (c.Branches |> List.collect (fun b -> ofBody b.Body))
            )
            |> snd

        ofBody network.Body

    /// Whether a rule ranks the neurons of a site: slimming, those before a bn. Others stay.
    let private isRanked rule (layer: Layer, _) =
        match rule, layer.Op with
        | Rule.Magnitude, _
        | Rule.Slimming, Op.BatchNorm _ -> true
        | Rule.Slimming, _ -> false

    /// How much each neuron of a site matters to the rule.
    let private scores rule (weights: Weights<float32>) (layer: Layer, computes: Layer) =
        match rule with
        | Rule.Slimming ->
            match layer.Op with
            | Op.BatchNorm _ ->
                Ok(weights[ArrayKey.make ArrayPart.Weight layer.Name].Data |> Array.map abs)
            | _ -> Error $"network slimming needs a bn; `{layer.Name}` is none"
        | Rule.Magnitude ->
            let filters = weights[ArrayKey.make ArrayPart.Weight computes.Name]

            filters.Data
            |> Array.chunkBySize (filters.Data.Length / List.head filters.Shape)
            |> Array.map (Array.sumBy abs)
            |> Ok

    /// The order in which neurons go, as (site, neuron); the best of a site never does. For
    /// magnitudes all sites lose the same share at the same time.
    let private order rule (scores: float32[] list) : (int * int)[] =
        let ranked =
            scores
            |> List.indexed
            |> List.collect (fun (site, values) ->
                values
                |> Array.indexed
                |> Array.sortBy snd
                |> Array.mapi (fun rank (neuron, value) ->
                    let key =
                        match rule with
                        | Rule.Slimming -> float value
                        | Rule.Magnitude -> float rank / float values.Length

                    key, (site, neuron)
                )
                |> Array.take (values.Length - 1)
                |> List.ofArray
            )

        ranked |> List.sortBy fst |> List.map snd |> Array.ofList

    /// The weights of the bare network as numbers of the one with factors: 0 for as few neurons, in
    /// the rule's order, as bring it to `macs` or less; 1 for the rest, and for blocks and groups.
    let zeros
        (rule: Rule)
        (network: Network)
        (macs: int64)
        (weights: Weights<float32>)
        : Result<Selected<float32>, string> =
        let sites = sites network |> List.filter (isRanked rule)

        let select (gone: Set<int * int>) =
            let index =
                sites |> List.mapi (fun site (layer, _) -> layer.Name, site) |> Map.ofList

            let factors =
                Parameters.factors network
                |> List.map (fun f ->
                    let data =
                        Array.init
                            f.Scale.Count
                            (fun i ->
                                match Map.tryFind f.Owner index with
                                | Some site when gone.Contains(site, i) -> 0.0f
                                | _ -> 1.0f
                            )

                    f.Key,
                    {
                        Shape = [ f.Scale.Count ]
                        Data = data
                    }
                )

            (weights, factors)
            ||> List.fold (fun all (key, values) -> Map.add key values all)
            |> Selection.select Selection.defaults network
            |> Result.mapError string

        let macsOf selected = (Cost.ofNetwork selected.Network).Macs

        result {
            let! scores = sites |> List.traverseResultM (scores rule weights)
            let order = order rule scores

            let upTo count =
                select (order |> Array.take count |> Set.ofArray)

            // The least count that reaches it: macs fall as neurons go.
            let rec search low high =
                result {
                    if low = high then
                        return! upTo low
                    else
                        let middle = (low + high) / 2
                        let! selected = upTo middle

                        return!
                            if macsOf selected <= macs then
                                search low middle
                            else
                                search (middle + 1) high
                }

            let! selected = search 0 order.Length

            if macsOf selected > macs then
                return! Error $"{name rule} cannot reach {macs} macs: neurons alone are not enough"
            else
                return selected
        }
