namespace Sss.Core

open System
open System.Numerics

/// `Apg.step` in place, for training: L1 with a γ and a floor of its own for each factor, one pass, no
/// allocation, float32 or float64. With floors at 0 the penalty is the non-negative L1, and in float64
/// it agrees with `Apg.step` bit for bit.
[<RequireQualifiedAccess>]
module ApgKernel =

    /// One step on flat arrays of equal length:
    ///
    ///     next    = max(probe − η·gradient − η·γ, floor)
    ///     probe   ← next + μ·(next − iterate)
    ///     iterate ← next
    ///
    /// the prox of γλ where λ ≥ floor, +∞ elsewhere. `stepSize` η ≥ 0; `momentum` μ is the one that
    /// builds the next probe; `gammas` and `floors` ≥ 0. Lengths that differ: ArgumentException.
    let step<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (stepSize: 'T)
        (momentum: 'T)
        (gammas: ReadOnlySpan<'T>)
        (floors: ReadOnlySpan<'T>)
        (gradientAtProbe: ReadOnlySpan<'T>)
        (iterate: Span<'T>)
        (probe: Span<'T>)
        : unit =
        let length = iterate.Length

        if
            probe.Length <> length
            || gammas.Length <> length
            || floors.Length <> length
            || gradientAtProbe.Length <> length
        then
            invalidArg
                "iterate"
                "Iterate, probe, gradient, gammas and floors must have the same length."

        let lanes = Vector<'T>.Count
        let steps = Vector<'T> stepSize
        let momenta = Vector<'T> momentum
        let mutable i = 0

        while i <= length - lanes do
            let here = iterate.Slice i
            let there = probe.Slice i
            let z = Vector<'T> there - steps * Vector<'T>(gradientAtProbe.Slice i)

            let next =
                Vector.Max(z - steps * Vector<'T>(gammas.Slice i), Vector<'T>(floors.Slice i))

            let velocity = next - Vector<'T> here
            next.CopyTo here
            (next + momenta * velocity).CopyTo there
            i <- i + lanes

        while i < length do
            let z = probe[i] - stepSize * gradientAtProbe[i]
            let next = 'T.Max(z - stepSize * gammas[i], floors[i])
            let velocity = next - iterate[i]
            iterate[i] <- next
            probe[i] <- next + momentum * velocity
            i <- i + 1
