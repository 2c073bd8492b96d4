namespace Sss.Core

/// What a selected network has kept of the full one's structures, judged from their shapes alone: by their
/// names, since selection keeps those. Neurons of a layer are alike, and so are groups, so that a number of each is
/// all that matters.
[<RequireQualifiedAccess>]
module KeptStructures =

    /// How many factors of each declaration the selected network has kept, in the order of the text.
    let private counts (dense: Network) (selected: Network) : (string * int) list =
        let before, after = Network.channels dense, Network.channels selected

        let channelsLeft owner =
            Map.tryFind owner after |> Option.defaultValue 0

        let branches =
            Network.residuals dense
            |> Seq.map (fun r -> r.Name, Network.layersOf r.Branch |> List.ofSeq)
            |> Map.ofSeq

        let carriers = Network.carriers dense

        [
            for owner, scale in Network.scales dense do
                let count =
                    match scale.Kind with
                    | Shared ->
                        carriers[owner] |> List.map (fun l -> channelsLeft l.Name) |> List.max
                    | Neuron -> channelsLeft owner
                    | Group -> channelsLeft owner * scale.Count / before[owner]
                    | Block when branches[owner] |> List.exists (fun l -> channelsLeft l.Name > 0) ->
                        1
                    | Block -> 0

                owner, min scale.Count count
        ]

    /// Macs that would go with the cheapest structure that the selected network has kept and a target may take: a network as near to a target as
    /// it can be is below it by no more. None: nothing is left that may go, or the selected network is not what zeros in as
    /// many factors leave of the whole one (rounding or a constant kept something).
    let cheapest (dense: Network) (selected: Network) : int64 option =
        let kept = counts dense selected
        let now = Map.ofList kept

        let macs (left: Map<string, int>) =
            Selection.wouldBe dense (fun owner i -> i >= left[owner]) None
            |> Option.map _.Macs
            // A network that does not depend on its input costs nothing.
            |> Option.defaultValue 0L

        let all = macs now

        if all <> (Cost.ofNetwork selected).Macs then
            None
        else
            List.zip kept (Network.scales dense |> Seq.map snd |> List.ofSeq)
            |> List.filter (fun ((_, count), scale) -> count > scale.Min && not scale.Keep)
            |> List.map fst
            |> List.map (fun (owner, count) -> all - macs (Map.add owner (count - 1) now))
            |> List.filter (fun saved -> saved > 0L)
            |> function
                | [] -> None
                | savings -> Some(List.min savings)
