namespace Sss.Torch

open System
open Sss.Core

/// The update rule of the factors.
[<RequireQualifiedAccess>]
type FactorMethod =
    /// Iterate and probe apart, non-negative L1: the default.
    | Apg
    /// The recursion of the paper on one array, or that of its released code, which clamps at 0.
    | Published of Clamp

/// Names of update rules.
[<RequireQualifiedAccess>]
module FactorMethod =

    /// What the command line and `result.json` call it.
    let name method =
        match method with
        | FactorMethod.Apg -> "apg"
        | FactorMethod.Published Clamp.AfterMomentum -> "published"
        | FactorMethod.Published Clamp.Never -> "published-unclamped"

    /// All of them, the default first.
    let all = [
        FactorMethod.Apg
        FactorMethod.Published Clamp.AfterMomentum
        FactorMethod.Published Clamp.Never
    ]

    /// The rule of a name.
    let tryParse (text: string) =
        all |> List.tryFind (fun method -> name method = text)

/// The factors' side of training, on LibTorch's memory. The model holds the probe, at which gradients
/// are taken; the iterate is kept here and is what selection reads. (The published recursions keep one
/// array that is both, and a velocity.)
[<Sealed>]
type internal FactorStep
    (vector: FlatVector, method: FactorMethod, gammas: float32[], momentum: float) =
    let iterate = (Memory.span<float32> vector.Values).ToArray()
    let velocity: float32[] = Array.zeroCreate iterate.Length
    let zeroSteps: int[] = Array.zeroCreate iterate.Length
    let momentum = float32 momentum

    /// λ: exactly sparse.
    member _.Iterate = iterate

    /// The published recursions' v; zeros for `apg`, whose velocity is the iterate's last move.
    member _.Velocity = velocity

    /// For how many steps each factor of the iterate has been 0 without a break.
    member _.ZeroSteps = zeroSteps

    /// γ of each factor; may be written between steps.
    member _.Gammas = gammas

    /// The rule.
    member _.Method = method

    /// One step of size η with the gradient that the backward pass left; the gradient is zero after.
    member _.Step(rate: float) =
        if iterate.Length > 0 then
            let rate = float32 rate
            let probe = Memory.span<float32> vector.Values
            let gradient = Memory.span<float32> vector.Gradient
            let gammas = ReadOnlySpan gammas

            match method with
            | FactorMethod.Apg ->
                ApgKernel.step
                    rate
                    momentum
                    gammas
                    (Span.op_Implicit gradient)
                    (iterate.AsSpan())
                    probe
            | FactorMethod.Published clamp ->
                Published.stepInPlace
                    clamp
                    rate
                    momentum
                    momentum
                    gammas
                    (Span.op_Implicit gradient)
                    probe
                    (velocity.AsSpan())

                probe.CopyTo(iterate.AsSpan())

            gradient.Clear()

            for i in 0 .. iterate.Length - 1 do
                zeroSteps[i] <- if iterate[i] = 0.0f then zeroSteps[i] + 1 else 0
