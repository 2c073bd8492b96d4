namespace Sss.Torch

open Sss.Core

/// Where one array is in a flat vector; in elements.
type Slot = {
    Key: ArrayKey
    Shape: int list
    Offset: int64
    Count: int64
}

/// How an array is laid out in its slot. Windows of convolutions are stored as out × kh × kw × in, the order in
/// which oneDNN reads them beside images with their channels last; everything else is stored row by row. In
/// files and in `Weights` the order is PyTorch's, out × in × kh × kw.
[<RequireQualifiedAccess>]
module internal Slot =

    /// The inputs and the taps of a window that is stored with its inputs last; None: row by row.
    let window (slot: Slot) : struct (int * int) voption =
        match slot.Shape with
        | [ _; inputs; height; width ] when inputs > 1 && height * width > 1 ->
            ValueSome(struct (inputs, height * width))
        | _ -> ValueNone

    /// The place in the flat vector of the value with this index in the row-major array.
    let place (slot: Slot) : int -> int =
        let offset = int slot.Offset

        match window slot with
        | ValueNone -> fun index -> offset + index
        | ValueSome(inputs, taps) ->
            let each = inputs * taps

            fun index ->
                let output, within = index / each, index % each
                offset + output * each + within % taps * inputs + within / taps

/// The flat vectors of a network: weights `w`, factors `λ`, running statistics.
type Layout = {
    /// In the order of `Parameters.ofNetwork`; in memory those that decay come first.
    Weights: Slot list
    /// `w` is [decayed | not decayed]: this many elements at its start decay.
    Decayed: int64
    /// The length of `w`, gaps between arrays included.
    WeightLength: int64
    /// In the order of `Parameters.factors`, without gaps, so that the vector is λ itself.
    Factors: Slot list
    FactorLength: int64
    /// The declaration of each factor array.
    Scales: FactorArray list
    /// In the order of `Parameters.statistics`.
    Statistics: Slot list
    StatisticsLength: int64
}

/// Layouts of networks.
[<RequireQualifiedAccess>]
module Layout =

    /// Arrays of `w` start at multiples of this many elements: 64 bytes at float32, a cache line
    /// and the widest vector register.
    let private alignment = 16L

    let private aligned n =
        (n + alignment - 1L) / alignment * alignment

    /// Puts arrays one after the other from `start` on; gives the slots and the end.
    let private place pad start (arrays: (ArrayKey * int list) list) =
        (start, arrays)
        ||> List.mapFold (fun offset (key, shape) ->
            let count = Parameters.size shape

            {
                Key = key
                Shape = shape
                Offset = offset
                Count = count
            },
            pad (offset + count)
        )
        |> fun (slots, finish) -> slots, finish

    /// The layout of a network.
    let ofNetwork (network: Network) : Layout =
        let parameters = Parameters.ofNetwork network
        let named (p: Parameter) = p.Key, p.Shape
        let decaying, other = parameters |> List.partition (fun p -> p.Decays)
        let first, decayed = place aligned 0L (List.map named decaying)
        let second, weightLength = place aligned decayed (List.map named other)

        let byKey = (first @ second) |> List.map (fun slot -> slot.Key, slot) |> Map.ofList

        let scales = Parameters.factors network

        let factors, factorLength =
            scales |> List.map (fun f -> f.Key, [ f.Scale.Count ]) |> place id 0L

        let statistics, statisticsLength =
            Parameters.statistics network
            |> List.map (fun s -> s.Key, s.Spec.Shape)
            |> place aligned 0L

        {
            Weights = parameters |> List.map (fun p -> byKey[p.Key])
            Decayed = decayed
            WeightLength = weightLength
            Factors = factors
            FactorLength = factorLength
            Scales = scales
            Statistics = statistics
            StatisticsLength = statisticsLength
        }
