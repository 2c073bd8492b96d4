namespace Sss.Core.Select

open System.Numerics
open Sss.Core

/// Factors that a cut multiplied into weights.
[<RequireQualifiedAccess>]
module internal MergedFactors =

    /// An array with some of its values changed.
    let edit key change (weights: Weights<'T>) : Weights<'T> =
        let array = weights[key]
        let data = Array.copy array.Data
        change data
        Map.add key { array with Data = data } weights

    /// Whether a layer's factor is multiplied into an array when it is folded.
    let private takesFactor (role: ArrayRole) : bool =
        match role with
        | ArrayRole.Weight
        | ArrayRole.Bias
        | ArrayRole.NormScale
        | ArrayRole.NormShift -> true
        | ArrayRole.InnerWeight
        | ArrayRole.InnerBias
        | ArrayRole.PerChannel
        | ArrayRole.RunningMean
        | ArrayRole.RunningVariance -> false

    /// The values of one factor's channels times a number.
    let private scaleChannels<'T when 'T :> INumberBase<'T>>
        (layer: Layer)
        (scale: Scale)
        (place: int)
        (factor: 'T)
        (weights: Weights<'T>)
        =
        (weights, Op.arrays layer.Op layer.Input)
        ||> List.fold (fun weights spec ->
            if takesFactor spec.Role then
                let change (data: 'T[]) =
                    let each = data.Length / scale.Count

                    for i in place * each .. (place + 1) * each - 1 do
                        data[i] <- data[i] * factor

                edit (ArrayKey.make spec.Part layer.Name) change weights
            else
                weights
        )

    /// Factors that were multiplied into weights are 1 from then on, also for the weights of what was
    /// removed: their constants arrive as before. `network` is the one of these weights, `places` those of
    /// the values of the cut one in it; factors are given by owner and index in the cut one.
    let merge<'T when 'T :> INumberBase<'T>>
        (network: Network)
        (places: Map<ArrayKey, int[]>)
        : Weights<'T> -> string * int -> Weights<'T> =
        let keyIn = Parameters.keyIn network
        let carriers = Network.carriers network

        let merge (weights: Weights<'T>) (owner, index: int) =
            let now = ArrayKey.make ArrayPart.Factor owner
            let key = keyIn now
            let place = places[now][index]
            let factor = weights[key].Data[place]

            let scaled =
                (weights, Map.tryFind key.Owner carriers |> Option.defaultValue [])
                ||> List.fold (fun weights layer ->
                    match layer.Scale with
                    | Some scale -> scaleChannels layer scale place factor weights
                    | None -> weights
                )

            edit key (fun data -> data[place] <- 'T.One) scaled

        merge
