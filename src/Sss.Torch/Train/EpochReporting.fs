namespace Sss.Torch

open Sss.Core

/// Reports on epochs.
[<RequireQualifiedAccess>]
module internal EpochReporting =

    /// Factors of every owner of the whole network. What the trainer does not have any more is gone.
    let owners (dense: Network) (trainer: Trainer) : OwnerCount list =
        let layout = trainer.Model.Layout

        let nonZero =
            layout.Factors
            |> List.map (fun slot ->
                slot.Key,
                Array.sub trainer.Iterate (int slot.Offset) (int slot.Count)
                |> Array.sumBy (fun value -> if value <> 0.0f then 1 else 0)
            )
            |> Map.ofList

        // A layer that is left without its factors has had the last of them multiplied into its
        // weights.
        let left =
            Network.layers trainer.Model.Network
            |> Seq.map (fun layer -> layer.Name, 1)
            |> Map.ofSeq

        [
            for owner, scale in Network.scales dense do
                {
                    Owner = owner
                    NonZero =
                        Map.tryFind (ArrayKey.make ArrayPart.Factor owner) nonZero
                        |> Option.orElse (Map.tryFind owner left)
                        |> Option.defaultValue 0
                    Total = scale.Count
                }
        ]

    /// The same by kind.
    let kinds (dense: Network) (owners: OwnerCount list) : FactorCount list =
        Seq.zip (Network.scales dense) owners
        |> Seq.toList
        |> List.groupBy (fun ((_, scale), _) -> scale.Kind)
        |> List.map (fun (kind, group) -> {
            Kind = kind
            NonZero = group |> List.sumBy (fun (_, o) -> o.NonZero)
            Total = group |> List.sumBy (fun (_, o) -> o.Total)
        })

    /// Whether a candidate takes the place of the best so far. Fewer macs come first as long as there
    /// is not a target; with a target every network that holds it may win. Then the better quality,
    /// and of equals the later one.
    let isBetter (target: int64 option) (best: Best option) (candidate: Best) =
        match target, best with
        | Some target, _ when candidate.Macs > target -> false
        | _, None -> true
        | Some _, Some best -> Quality.score candidate.Quality >= Quality.score best.Quality
        | None, Some best ->
            candidate.Macs < best.Macs
            || (candidate.Macs = best.Macs
                && Quality.score candidate.Quality >= Quality.score best.Quality)
