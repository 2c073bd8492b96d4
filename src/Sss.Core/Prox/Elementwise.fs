namespace Sss.Core

open System
open System.Numerics

/// The element-wise kernels behind the separable penalties: one pass, no allocation, one text for
/// float32 and float64. Each writes the prox into `destination` (same length; may be `source`
/// itself) and returns the sum that the penalty's value needs. Sums run over several lanes, so
/// their rounding differs from a left-to-right sum; the written points do not depend on lanes.
[<RequireQualifiedAccess>]
module Elementwise =

    /// max(x − threshold, 0) at every element; returns the sum of the results.
    /// The one-sided half of soft thresholding: Parikh and Boyd, "Proximal Algorithms" (2014),
    /// §6.5.2.
    let shrinkToNonNegative<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (threshold: 'T)
        (source: ReadOnlySpan<'T>)
        (destination: Span<'T>)
        =
        let lanes = Vector<'T>.Count
        let thresholds = Vector<'T> threshold
        let mutable sums = Vector<'T>.Zero
        let mutable i = 0

        while i <= source.Length - lanes do
            let point = Vector.Max(Vector<'T>(source.Slice i) - thresholds, Vector<'T>.Zero)
            point.CopyTo(destination.Slice i)
            sums <- sums + point
            i <- i + lanes

        let mutable sum = Vector.Sum sums

        while i < source.Length do
            let point = 'T.Max(source[i] - threshold, 'T.Zero)
            destination[i] <- point
            sum <- sum + point
            i <- i + 1

        sum

    /// As `shrinkToNonNegative`, element i with the threshold step·weightsᵢ; returns Σ
    /// weightsᵢ·resultᵢ.
    let shrinkToNonNegativeWeighted<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (step: 'T)
        (weights: ReadOnlySpan<'T>)
        (source: ReadOnlySpan<'T>)
        (destination: Span<'T>)
        =
        let lanes = Vector<'T>.Count
        let steps = Vector<'T> step
        let mutable sums = Vector<'T>.Zero
        let mutable i = 0

        while i <= source.Length - lanes do
            let weight = Vector<'T>(weights.Slice i)

            let point = Vector.Max(Vector<'T>(source.Slice i) - steps * weight, Vector<'T>.Zero)

            point.CopyTo(destination.Slice i)
            sums <- sums + weight * point
            i <- i + lanes

        let mutable sum = Vector.Sum sums

        while i < source.Length do
            let point = 'T.Max(source[i] - step * weights[i], 'T.Zero)
            destination[i] <- point
            sum <- sum + weights[i] * point
            i <- i + 1

        sum

    /// S(x) = sign(x)·max(|x| − threshold, 0), written as max(x − a, 0) + min(x + a, 0) so that
    /// there is no branch: at most one term is not 0. Returns Σ|result|. Parikh and Boyd, §6.5.2.
    let softThreshold<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (threshold: 'T)
        (source: ReadOnlySpan<'T>)
        (destination: Span<'T>)
        =
        let lanes = Vector<'T>.Count
        let thresholds = Vector<'T> threshold
        let zeros = Vector<'T>.Zero
        let mutable sums = Vector<'T>.Zero
        let mutable i = 0

        while i <= source.Length - lanes do
            let x = Vector<'T>(source.Slice i)
            let above = Vector.Max(x - thresholds, zeros)
            let below = Vector.Min(x + thresholds, zeros)
            (above + below).CopyTo(destination.Slice i)
            sums <- sums + (above - below)
            i <- i + lanes

        let mutable sum = Vector.Sum sums

        while i < source.Length do
            let above = 'T.Max(source[i] - threshold, 'T.Zero)
            let below = 'T.Min(source[i] + threshold, 'T.Zero)
            destination[i] <- above + below
            sum <- sum + (above - below)
            i <- i + 1

        sum

    /// As `softThreshold`, element i with the threshold step·weightsᵢ; returns Σ
    /// weightsᵢ·|resultᵢ|.
    let softThresholdWeighted<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (step: 'T)
        (weights: ReadOnlySpan<'T>)
        (source: ReadOnlySpan<'T>)
        (destination: Span<'T>)
        =
        let lanes = Vector<'T>.Count
        let steps = Vector<'T> step
        let zeros = Vector<'T>.Zero
        let mutable sums = Vector<'T>.Zero
        let mutable i = 0

        while i <= source.Length - lanes do
            let x = Vector<'T>(source.Slice i)
            let weight = Vector<'T>(weights.Slice i)
            let threshold = steps * weight
            let above = Vector.Max(x - threshold, zeros)
            let below = Vector.Min(x + threshold, zeros)
            (above + below).CopyTo(destination.Slice i)
            sums <- sums + weight * (above - below)
            i <- i + lanes

        let mutable sum = Vector.Sum sums

        while i < source.Length do
            let threshold = step * weights[i]
            let above = 'T.Max(source[i] - threshold, 'T.Zero)
            let below = 'T.Min(source[i] + threshold, 'T.Zero)
            destination[i] <- above + below
            sum <- sum + weights[i] * (above - below)
            i <- i + 1

        sum

    /// min(max(x, lower), upper) at every element: the projection onto a box.
    let clamp<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (lower: 'T)
        (upper: 'T)
        (source: ReadOnlySpan<'T>)
        (destination: Span<'T>)
        =
        let lanes = Vector<'T>.Count
        let lowers = Vector<'T> lower
        let uppers = Vector<'T> upper
        let mutable i = 0

        while i <= source.Length - lanes do
            let point = Vector.Min(Vector.Max(Vector<'T>(source.Slice i), lowers), uppers)
            point.CopyTo(destination.Slice i)
            i <- i + lanes

        while i < source.Length do
            destination[i] <- 'T.Min('T.Max(source[i], lower), upper)
            i <- i + 1

    /// As `clamp`, element i with its own bounds.
    let clampEach<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (lower: ReadOnlySpan<'T>)
        (upper: ReadOnlySpan<'T>)
        (source: ReadOnlySpan<'T>)
        (destination: Span<'T>)
        =
        for i in 0 .. source.Length - 1 do
            destination[i] <- 'T.Min('T.Max(source[i], lower[i]), upper[i])
