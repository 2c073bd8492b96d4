namespace Sss.Core

/// A limit of a target that leaves little to choose from.
type NarrowLimit = {
    /// As recipes have it: `macs` or `params`.
    Name: string
    /// The part of the dense network's that it allows.
    Most: float
    /// The part that stays, whatever factors become 0.
    Stays: float
}

/// How small a network can become.
[<RequireQualifiedAccess>]
module TargetReach =

    /// How many factors a declaration keeps.
    let private kept (scale: Scale) : int =
        if scale.Keep then
            scale.Count
        else
            min scale.Count scale.Min

    /// The cost of a network of which all has gone that may go: what no factor reaches stays, what declarations keep, and a
    /// channel of each layer without a way around it. Where several branches lead around each other, the cheapest one stays
    /// (as far as taking the dearest first finds it). None: there is no such network.
    let leastCost (network: Network) : Cost option =
        let scales = Map.ofSeq (Network.scales network) |> Map.toArray
        let places = scales |> Seq.mapi (fun at (owner, _) -> owner, at) |> Map.ofSeq

        let wouldBe (left: int -> int) =
            Selection.wouldBe
                network
                (fun owner index ->
                    Map.tryFind owner places |> Option.exists (fun at -> index >= left at)
                )
                None

        /// What is left of a declaration.
        let left hasOne at =
            match kept (snd scales[at]) with
            | 0 when hasOne at -> 1
            | count -> count

        let without at =
            wouldBe (left ((<>) at))
            |> Option.map _.Macs
            |> Option.defaultValue System.Int64.MaxValue

        let order =
            [| 0 .. scales.Length - 1 |]
            |> Array.filter (fun at -> kept (snd scales[at]) = 0)
            |> Array.sortBy without

        let lives hasOne = (wouldBe (left hasOne)).IsSome

        let stay =
            Survivors.ofOrder lives (Array.create scales.Length true) order |> Set.ofList

        wouldBe (left (fun at -> Set.contains at stay))

    /// The limits of a target of which more than half stays anyway, so that little is left to choose from, or none can be
    /// reached. Limits on sizes and latencies are not looked at.
    let narrow (network: Network) (target: Target) : NarrowLimit list =
        let limits = [
            for name, most, costOf in
                [
                    "macs", target.Macs, (fun (cost: Cost) -> cost.Macs)
                    "params", target.Params, _.Params
                ] do
                match most with
                | Some most -> name, most, costOf
                | None -> ()
        ]

        if limits.IsEmpty then
            []
        else
            match leastCost network with
            | None -> []
            | Some least ->
                let dense = Cost.ofNetwork network

                limits
                |> List.map (fun (name, most, costOf) -> {
                    Name = name
                    Most = most
                    Stays = float (costOf least) / float (max 1L (costOf dense))
                })
                |> List.filter (fun limit -> limit.Stays > limit.Most / 2.0)
