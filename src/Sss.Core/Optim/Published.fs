namespace Sss.Core

open System
open System.Numerics

/// What the published recursion does to a stored value below 0.
[<RequireQualifiedAccess>]
type Clamp =
    /// Nothing: the recursion as the paper prints it.
    | Never
    /// stored ← max(0, stored) after the momentum was added, as the released code does; no formula
    /// mentions it.
    | AfterMomentum

/// The state of the published recursion: one array of factors that is really the probe.
[<RequireQualifiedAccess>]
type PublishedState<'T> = {
    /// λ' = λ + μv.
    Stored: 'T[]
    /// v
    Velocity: 'T[]
    /// μ_{t−1}: the momentum that built `Stored`.
    Momentum: 'T
}

/// The recursion as published, kept as an oracle and as a named choice:
///
///     z_t  = λ'_{t−1} − η_t·∇G(λ'_{t−1})
///     v_t  = S_{η_t·γ}(z_t) − λ'_{t−1} + μ_{t−1}·v_{t−1}
///     λ'_t = S_{η_t·γ}(z_t) + μ_t·v_t,  then max(0, λ'_t) where it clamps
///
/// Huang and Wang (ECCV 2018), eq. 10–12, and the authors' optimizer
/// (TuSimple/sparse-structure-selection), which clamps.
[<RequireQualifiedAccess>]
module Published =

    /// One step in place, on flat arrays of equal length; `previousMomentum` is μ_{t−1}. Other
    /// lengths: ArgumentException.
    let stepInPlace<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (clamp: Clamp)
        (stepSize: 'T)
        (momentum: 'T)
        (previousMomentum: 'T)
        (gammas: ReadOnlySpan<'T>)
        (gradient: ReadOnlySpan<'T>)
        (stored: Span<'T>)
        (velocity: Span<'T>)
        : unit =
        let length = stored.Length

        if
            gammas.Length <> length
            || gradient.Length <> length
            || velocity.Length <> length
        then
            invalidArg "stored" "Stored, velocity, gradient and gammas must have the same length."

        for i in 0 .. length - 1 do
            let z = stored[i] - stepSize * gradient[i]
            let threshold = stepSize * gammas[i]
            let soft: 'T = 'T.Max(z - threshold, 'T.Zero) + 'T.Min(z + threshold, 'T.Zero)
            let change = soft - stored[i]
            let v = change + previousMomentum * velocity[i]
            let next = soft + momentum * v
            velocity[i] <- v

            stored[i] <-
                match clamp with
                | Clamp.Never -> next
                | Clamp.AfterMomentum -> 'T.Max(next, 'T.Zero)

    /// At rest at a start vector (copied).
    let start<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (x: 'T[])
        : PublishedState<'T> = {
        Stored = Array.copy x
        Velocity = Array.create x.Length 'T.Zero
        Momentum = 'T.Zero
    }

    /// One step as a pure function; one γ for all factors.
    let step<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (clamp: Clamp)
        (stepSize: 'T)
        (momentum: 'T)
        (gamma: 'T)
        (gradient: 'T[])
        (state: PublishedState<'T>)
        : PublishedState<'T> =
        let stored = Array.copy state.Stored
        let velocity = Array.copy state.Velocity

        stepInPlace
            clamp
            stepSize
            momentum
            state.Momentum
            (ReadOnlySpan(Array.create stored.Length gamma))
            (ReadOnlySpan gradient)
            (Span stored)
            (Span velocity)

        {
            Stored = stored
            Velocity = velocity
            Momentum = momentum
        }

    /// As a method with constant step size and momentum. Its iterate is the stored array: the
    /// recursion keeps no other.
    let method
        (clamp: Clamp)
        (stepSize: float)
        (momentum: float)
        (gamma: float)
        : Method<PublishedState<float>> = {
        Name = $"published recursion ({clamp}), step {stepSize}, momentum {momentum}, l1({gamma})"
        Init = start
        Probe = _.Stored
        Iterate = _.Stored
        Step = step clamp stepSize momentum gamma
    }
