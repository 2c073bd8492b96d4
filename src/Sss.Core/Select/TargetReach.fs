namespace Sss.Core

/// A limit of a target that leaves little to choose from.
type NarrowLimit = {
    /// As recipes have it: `macs` or `params`.
    Name: string
    /// The part of the dense network's that it allows.
    Most: float
    /// About the part that stays, whatever factors become 0 (`TargetReach.leastCost`).
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

    /// Costs of networks in which little is left. The function of the result says for each declaration, by its place in
    /// `scales`, whether one of its factors stays where it keeps none by itself.
    let private costs
        (network: Network)
        (scales: (string * Scale)[])
        : (int -> bool) -> Cost option =
        let places = scales |> Seq.mapi (fun at (owner, _) -> owner, at) |> Map.ofSeq
        let kept = Array.map (snd >> kept) scales

        fun hasOne ->
            let left at =
                if kept[at] = 0 && hasOne at then 1 else kept[at]

            Selection.wouldBe
                network
                (fun owner index ->
                    Map.tryFind owner places |> Option.exists (fun at -> index >= left at)
                )
                None

    let private scales (network: Network) =
        Map.ofSeq (Network.scales network) |> Map.toArray

    /// The cost of a network of which all has gone that may go: what no factor reaches stays, what declarations keep, and a
    /// channel of each layer without a way around it. Where several branches lead around each other, the cheapest one stays
    /// (as far as taking the dearest first finds it), and constants are taken to need a channel, so a trained network can become a
    /// little smaller. None: there is no such network.
    let leastCost (network: Network) : Cost option =
        let scales = scales network
        let costOf = costs network scales

        let without at =
            costOf ((<>) at)
            |> Option.map _.Macs
            |> Option.defaultValue System.Int64.MaxValue

        let order =
            [| 0 .. scales.Length - 1 |]
            |> Array.filter (fun at -> kept (snd scales[at]) = 0)
            |> Array.sortBy without

        let lives hasOne = (costOf hasOne).IsSome

        let stay =
            Survivors.ofOrder lives (Array.create scales.Length true) order |> Set.ofList

        costOf (fun at -> Set.contains at stay)

    /// The limits of a target of which more than half stays anyway, so that little is left to choose from, or none can be
    /// reached. Limits on sizes and latencies are not looked at.
    let narrow (network: Network) (target: Target) : NarrowLimit list =
        let limits =
            [
                "macs", target.Macs, (fun (cost: Cost) -> cost.Macs)
                "params", target.Params, _.Params
            ]
            |> List.choose (fun (name, most, costOf) ->
                most |> Option.map (fun most -> name, most, costOf)
            )

        let dense = Cost.ofNetwork network

        let narrowIn (cost: Cost) =
            limits
            |> List.map (fun (name, most, costOf) -> {
                Name = name
                Most = most
                Stays = float (costOf cost) / float (max 1L (costOf dense))
            })
            |> List.filter (fun limit -> limit.Stays > limit.Most / 2.0)

        let rough =
            if limits.IsEmpty then
                None
            else
                costs network (scales network) (fun _ -> true)

        // Mostly it is enough to look at the network with one of everything.
        match rough with
        | Some cost when not (narrowIn cost).IsEmpty ->
            leastCost network |> Option.map narrowIn |> Option.defaultValue []
        | Some _
        | None -> []
