namespace Sss.Core

/// A limit of a target that leaves little to choose from.
type NarrowLimit = {
    Kind: LimitKind
    /// What it allows, in macs, parameters, bytes or milliseconds.
    Most: float
    /// About what stays, whatever factors become 0: what `TargetReach.least` costs.
    Stays: float
    /// What the dense network costs.
    Dense: float
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

    /// Networks in which little is left. The function of the result says for each declaration, by its place in
    /// `scales`, whether one of its factors stays where it keeps none by itself.
    let private leaving
        (options: SelectOptions)
        (network: Network)
        (scales: (string * Scale)[])
        : (int -> bool) -> Network option =
        let places = scales |> Seq.mapi (fun at (owner, _) -> owner, at) |> Map.ofSeq
        let kept = Array.map (snd >> kept) scales

        fun hasOne ->
            let left at =
                if kept[at] = 0 && hasOne at then 1 else kept[at]

            Selection.wouldBeNetwork
                options
                network
                (fun owner index ->
                    Map.tryFind owner places |> Option.exists (fun at -> index >= left at)
                )
                None

    let private scales (network: Network) =
        Map.ofSeq (Network.scales network) |> Map.toArray

    /// A network of which all has gone that may go: what no factor reaches stays, what declarations keep, and a
    /// channel of each layer without a way around it. Where several branches lead around each other, the cheapest one stays
    /// (as far as taking the dearest first finds it), and constants are taken to need a channel, so a trained network can become a
    /// little smaller. None: there is no such network.
    let least (options: SelectOptions) (network: Network) : Network option =
        let scales = scales network
        let left = leaving options network scales

        let without at =
            left ((<>) at)
            |> Option.map (Cost.ofNetwork >> _.Macs)
            |> Option.defaultValue System.Int64.MaxValue

        let order =
            [| 0 .. scales.Length - 1 |]
            |> Array.filter (fun at -> kept (snd scales[at]) = 0)
            |> Array.sortBy without

        let lives hasOne = (left hasOne).IsSome

        let stay =
            Survivors.ofOrder lives (Array.create scales.Length true) order |> Set.ofList

        left (fun at -> Set.contains at stay)

    /// The limits of a target of which more than half stays anyway, so that little is left to choose from, or none can be
    /// reached.
    let narrow (measures: CostMeasures) (network: Network) (target: Target) : NarrowLimit list =
        let limits = CostLimit.each measures network target 1.0

        let narrowIn (left: Network) =
            limits
            |> List.map (fun limit -> {
                Kind = limit.Kind
                Most = limit.Most
                Stays = limit.Cost left
                Dense = limit.Cost network
            })
            |> List.filter (fun limit -> limit.Stays > limit.Most / 2.0)

        let rough =
            if limits.IsEmpty then
                None
            else
                leaving measures.Select network (scales network) (fun _ -> true)

        // Mostly it is enough to look at the network with one of everything.
        match rough with
        | Some left when not (narrowIn left).IsEmpty ->
            least measures.Select network |> Option.map narrowIn |> Option.defaultValue []
        | Some _
        | None -> []
