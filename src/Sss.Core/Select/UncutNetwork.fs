namespace Sss.Core

open System.Numerics
open Sss.Core.Select

/// A network that was cut while it trained, as it was before all cuts: what was removed, as it was
/// then, with the way back for what is left.
type UncutNetwork<'T> = {
    /// As the text has it.
    Network: Network
    /// Arrays of that network. Where a value of the cut network belongs, what is here is old.
    Weights: Weights<'T>
    /// By array of the cut network: where each of its values belongs in `Weights`, where its key is that
    /// of `Parameters.keyIn`.
    Places: Map<ArrayKey, int[]>
    /// By array of the cut network: what constants of the removed parts have added to it.
    Folded: Weights<'T>
}

/// Cuts in a row, and their undoing. The restored network, with the factors of what was removed at
/// 0, is the same function as the cut one in evaluation mode.
[<RequireQualifiedAccess>]
module UncutNetwork =

    /// A network that was not cut yet.
    let start (network: Network) (weights: Weights<'T>) : UncutNetwork<'T> = {
        Network = network
        Weights = weights
        Places = weights |> Map.map (fun _ t -> Array.init t.Data.Length id)
        Folded = Map.empty
    }

    /// The whole network with the numbers of the cut one in their places.
    let restore<'T when 'T :> INumberBase<'T>>
        (uncut: UncutNetwork<'T>)
        (weights: Weights<'T>)
        : Weights<'T> =
        let keyIn = Parameters.keyIn uncut.Network

        let put (all: Weights<'T>) key (places: int[]) =
            let there = keyIn key

            match Map.tryFind there all, Map.tryFind key weights with
            | Some old, Some now ->
                let data = Array.copy old.Data

                match Map.tryFind key uncut.Folded with
                | Some folded ->
                    places
                    |> Array.iteri (fun i place -> data[place] <- now.Data[i] - folded.Data[i])
                | None -> places |> Array.iteri (fun i place -> data[place] <- now.Data[i])

                Map.add there { old with Data = data } all
            | _ -> all

        Map.fold put uncut.Weights uncut.Places

    /// Values of an array that stay, in the order of the smaller one; `zero` where there was none.
    let gather
        (places: Map<ArrayKey, int[]>)
        zero
        (before: 'U[] option)
        (key: ArrayKey)
        count
        : 'U[] =
        match before, Map.tryFind key places with
        | Some before, Some places -> places |> Array.map (fun place -> before[place])
        | _ -> Array.create count zero

    /// Other numbers of the network that was cut, in the arrays that are left: values go where those of the cut went, a factor
    /// that was multiplied into weights is multiplied into these, and the same constants are added.
    let along<'T when 'T :> INumberBase<'T>>
        (network: Network)
        (cut: Cut<'T>)
        (weights: Weights<'T>)
        : Weights<'T> =
        let own = weights |> Map.map (fun _ t -> Array.init t.Data.Length id)
        let merged = List.fold (MergedFactors.merge network own) weights cut.Merged

        cut.Weights
        |> Map.map (fun key now ->
            let before = Map.tryFind key cut.Renamed |> Option.defaultValue key
            let data = Map.tryFind before merged |> Option.map _.Data
            let kept = gather cut.Places 'T.Zero data key now.Data.Length

            match Map.tryFind key cut.Folded with
            | Some folded -> {
                now with
                    Data = Array.map2 (fun (x: 'T) (y: 'T) -> x + y) kept folded.Data
              }
            | None -> { now with Data = kept }
        )

    let private biased (names: Set<string>) (network: Network) : Network =
        let layer (l: Layer) =
            if names.Contains l.Name then
                {
                    l with
                        Op = Op.withBias l.Op l.Input l.Output
                }
            else
                l

        Network.map layer id network

    /// Biases that a cut gave to layers without one: the whole network gets them too, at 0 where
    /// nothing was added.
    let private admit<'T when 'T :> INumberBase<'T>>
        (cut: Cut<'T>)
        (places: Map<ArrayKey, int[]>)
        (uncut: UncutNetwork<'T>)
        =
        let outputs = Network.channels uncut.Network

        let fresh = [
            for key in Map.keys cut.Weights do
                match ArrayKey.tryOwner ArrayPart.Bias key with
                | Some owner when not (uncut.Weights.ContainsKey key) -> owner
                | Some _
                | None -> ()
        ]

        let rows name =
            let weight = ArrayKey.make ArrayPart.Weight name
            let each = uncut.Weights[weight].Data.Length / outputs[name]

            let eachNow =
                places[weight].Length
                / cut.Weights[ArrayKey.make ArrayPart.Bias name].Data.Length

            places[weight]
            |> Array.chunkBySize eachNow
            |> Array.map (fun row -> row[0] / each)

        let add (weights, places) name =
            let key = ArrayKey.make ArrayPart.Bias name

            let none = {
                Shape = [ outputs[name] ]
                Data = Array.create outputs[name] 'T.Zero
            }

            Map.add key none weights, Map.add key (rows name) places

        let weights, places = List.fold add (uncut.Weights, places) fresh
        biased (Set.ofList fresh) uncut.Network, weights, places

    /// A `bn` that normalises a constant gives its shift in training. With that constant as its
    /// running mean it does so in evaluation too.
    let private settle<'T when 'T :> INumberBase<'T>>
        (uncut: UncutNetwork<'T>)
        (weights: Weights<'T>)
        (bn, channel: int, value: float)
        =
        let key = ArrayKey.make ArrayPart.Mean bn
        let place = uncut.Places[key][channel]

        // In the uncut network the constants of channels that earlier cuts removed arrive as well.
        let earlier =
            match Map.tryFind key uncut.Folded with
            | Some folded -> folded.Data[channel]
            | None -> 'T.Zero

        MergedFactors.edit
            key
            (fun data -> data[place] <- 'T.CreateTruncating value - earlier)
            weights

    let private addUp<'T when 'T :> INumberBase<'T>> (cut: Cut<'T>) (uncut: UncutNetwork<'T>) =
        [
            for KeyValue(key, now) in cut.Weights do
                let earlier =
                    Map.tryFind key uncut.Folded
                    |> Option.map (fun t ->
                        gather cut.Places 'T.Zero (Some t.Data) key now.Data.Length
                    )

                match earlier, Map.tryFind key cut.Folded with
                | None, None -> ()
                | Some data, None -> key, { now with Data = data }
                | None, Some t -> key, t
                | Some data, Some t ->
                    key,
                    {
                        t with
                            Data = Array.map2 (fun (x: 'T) (y: 'T) -> x + y) data t.Data
                    }
        ]
        |> Map.ofList

    /// After a cut of the network whose numbers were `before`.
    let after<'T when 'T :> INumberBase<'T>>
        (before: Weights<'T>)
        (cut: Cut<'T>)
        (uncut: UncutNetwork<'T>)
        : UncutNetwork<'T> =
        let settled = List.fold (settle uncut) (restore uncut before) cut.Settled

        let frozen =
            List.fold (MergedFactors.merge uncut.Network uncut.Places) settled cut.Merged

        let compose key (steps: int[]) =
            let before = Map.tryFind key cut.Renamed |> Option.defaultValue key

            match Map.tryFind before uncut.Places with
            | Some places -> steps |> Array.map (fun step -> places[step])
            | None -> steps

        let network, weights, places =
            admit cut (Map.map compose cut.Places) { uncut with Weights = frozen }

        {
            Network = network
            Weights = weights
            Places = places
            Folded = addUp cut uncut
        }
