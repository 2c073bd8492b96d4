namespace Sss.Core.Select

open Sss.Core

/// What the analysis wants to know about a network's numbers, at double precision.
type internal WeightReader = {
    /// The value at an index of an array; None where no weights are given (see `ArrayReader.Array`).
    At: (ArrayKey -> int -> float) option
    /// Whether factor `index` of `owner` is exactly 0. While training continues: 0 permanently.
    IsZero: string -> int -> bool
    /// What is constant is taken as it is while training: `bn` normalises with the batch's own
    /// statistics, dropout is at work, and a factor of 0 may come back unless `IsZero` says so.
    InTraining: bool
}

[<RequireQualifiedAccess>]
module internal WeightReader =

    /// Of weights that have been checked against the network.
    let ofWeights<'T when 'T :> System.Numerics.INumberBase<'T>>
        (weights: Weights<'T>)
        : WeightReader =
        let at key =
            let data = weights[key].Data
            fun i -> System.Double.CreateTruncating<'T> data[i]

        {
            At = Some at
            IsZero =
                fun owner ->
                    match Map.tryFind (ArrayKey.make ArrayPart.Factor owner) weights with
                    | Some factors -> fun i -> 'T.IsZero factors.Data[i]
                    | None -> fun _ -> false
            InTraining = false
        }

    /// Which of the layer's output channels have a factor of 0.
    let zeroChannels (numbers: WeightReader) (layer: Layer) : bool[] =
        let channels = layer.Output.Channels

        match layer.Scale with
        | None -> Array.zeroCreate channels
        | Some scale ->
            let isZero = numbers.IsZero(Scale.ownerOf layer.Name scale)
            let each = max 1 (channels / max 1 scale.Count)
            Array.init channels (fun o -> isZero (o / each))

    /// The factor of each of the layer's output channels. Without weights, 0 or 1.
    let factorsOf (numbers: WeightReader) (layer: Layer) : float[] =
        match layer.Scale, numbers.At with
        | Some scale, Some at ->
            let factor = at (Parameters.factorKey layer scale)
            let channels = layer.Output.Channels
            let each = max 1 (channels / max 1 scale.Count)
            Array.init channels (fun o -> factor (o / each))
        | Some _, None
        | None, _ -> zeroChannels numbers layer |> Array.map (fun zero -> if zero then 0.0 else 1.0)

    /// What an operation may look up to say what becomes of constants.
    let reader (numbers: WeightReader) (layer: Layer) : ArrayReader = {
        Array = numbers.At |> Option.map (fun at part -> at (ArrayKey.make part layer.Name))
        InTraining = numbers.InTraining
    }
