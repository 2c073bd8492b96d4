namespace Sss.Core.Select

open System.Numerics
open Sss.Core

/// What happens to the arrays of one layer.
type internal ArrayChange = {
    /// Output channels that stay.
    Rows: bool[]
    /// Input channels that stay.
    Columns: bool[]
    /// Groups and taps of a layer that reads.
    Reading: Reading voption
    Factors: float[] voption
    /// Added before the factors, to the bias of these weights.
    Taken: ArrayPart -> float[] voption
    /// Added after the factors: the constant of a side of a sum that is removed.
    Shift: float[] voption
    /// No longer added by the layer in front: the running mean is less by so much.
    Before: float[] voption
}

/// How single arrays change.
[<RequireQualifiedAccess>]
module internal ArrayChange =

    let private orZero (values: float[] voption) i =
        match values with
        | ValueSome values -> values[i]
        | ValueNone -> 0.0

    let private orOne (values: float[] voption) i =
        match values with
        | ValueSome values -> values[i]
        | ValueNone -> 1.0

    /// `weights`: those whose products the bias is added to.
    let private bias (change: ArrayChange) weights (data: 'T[]) : 'T[] =
        let taken = change.Taken weights

        if change.Factors.IsNone && taken.IsNone && change.Shift.IsNone then
            Slices.channels change.Rows ValueNone data
        else
            let changed o b =
                (b + orZero taken o) * orOne change.Factors o + orZero change.Shift o

            Slices.channels change.Rows (ValueSome changed) data

    let private block<'T when 'T :> INumberBase<'T>>
        (spec: ArraySpec)
        (change: ArrayChange)
        (data: 'T[])
        : 'T[] =
        match spec.Axes, change.Reading with
        | ArrayAxes.ByOutputAndInput, ValueSome reading ->
            Slices.weights
                reading.Groups
                reading.Taps
                change.Rows
                change.Columns
                change.Factors
                data
        // One row per channel, over its own input only.
        | ArrayAxes.ByOutputAndInput, ValueNone
        | ArrayAxes.ByOutput, _ ->
            let count = change.Rows.Length

            Slices.weights
                count
                (data.Length / count)
                change.Rows
                (Array.create count true)
                change.Factors
                data

    /// What does not scale or shift the output.
    let private inner (change: ArrayChange) = {
        change with
            Factors = ValueNone
            Shift = ValueNone
    }

    /// The weights of a bias.
    let private weightsOf (part: ArrayPart) : ArrayPart =
        match part with
        | ArrayPart.QueryBias -> ArrayPart.Query
        | ArrayPart.KeyBias -> ArrayPart.Key
        | ArrayPart.Bias
        | ArrayPart.Weight
        | ArrayPart.Mean
        | ArrayPart.Variance
        | ArrayPart.Query
        | ArrayPart.Key
        | ArrayPart.Position
        | ArrayPart.Token
        | ArrayPart.Factor -> ArrayPart.Weight

    /// The numbers of one array on the channels that stay; the array itself where nothing changes.
    let sliced<'T when 'T :> INumberBase<'T>> change (spec: ArraySpec) (data: 'T[]) : 'T[] =
        match spec.Role with
        | ArrayRole.Weight -> block spec change data
        | ArrayRole.InnerWeight
        | ArrayRole.PerChannel -> block spec (inner change) data
        | ArrayRole.Bias
        | ArrayRole.NormShift -> bias change (weightsOf spec.Part) data
        | ArrayRole.InnerBias -> bias (inner change) (weightsOf spec.Part) data
        | ArrayRole.NormScale ->
            let scaled =
                change.Factors |> ValueOption.map (fun f -> fun o scale -> scale * f[o])

            Slices.channels change.Rows scaled data
        | ArrayRole.RunningMean ->
            let moved =
                change.Before |> ValueOption.map (fun taken -> fun o mean -> mean - taken[o])

            Slices.channels change.Rows moved data
        | ArrayRole.RunningVariance -> Slices.channels change.Rows ValueNone data
