namespace Sss.Torch

open Sss.Core

/// Reports on epochs.
[<RequireQualifiedAccess>]
module internal EpochReporting =

    /// Factors of every owner of the whole network. What the trainer does not have any more is gone.
    let owners (dense: Network) (trainer: Trainer) : OwnerCount list =
        let layout = trainer.Model.Layout

        // Factors that layers share may be declared by another of them by now.
        let keyIn = Parameters.keyIn dense

        let nonZero =
            layout.Factors
            |> List.map (fun slot ->
                keyIn slot.Key,
                Array.sub trainer.Iterate (int slot.Offset) (int slot.Count)
                |> Array.sumBy (fun value -> if value <> 0.0f then 1 else 0)
            )
            |> Map.ofList

        // A layer that is left without its factors has had the last of them multiplied into its
        // weights.
        let left = Network.layers trainer.Model.Network |> Seq.map _.Name |> Set.ofSeq

        let carriers = Network.carriers dense

        let isLeft owner =
            Map.tryFind owner carriers
            |> Option.defaultValue []
            |> List.exists (fun layer -> left.Contains layer.Name)

        [
            for owner, scale in Network.scales dense do
                {
                    Owner = owner
                    NonZero =
                        Map.tryFind (ArrayKey.make ArrayPart.Factor owner) nonZero
                        |> Option.defaultWith (fun () -> if isLeft owner then 1 else 0)
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
    /// is not a target; with a target every network that holds it may win (`holds`: whether the candidate does). Then the
    /// better quality, and of equals the later one.
    let isBetter (holds: bool option) (best: Best option) (candidate: Best) =
        match holds, best with
        | Some false, _ -> false
        | _, None -> true
        | Some _, Some best -> Quality.score candidate.Quality >= Quality.score best.Quality
        | None, Some best ->
            candidate.Macs < best.Macs
            || (candidate.Macs = best.Macs
                && Quality.score candidate.Quality >= Quality.score best.Quality)
