namespace Sss.Torch

open System
open Sss

/// The factors' side of training: `ApgKernel` on LibTorch's memory. The model holds the probe, at
/// which gradients are taken; the iterate is kept here and is what selection reads.
[<Sealed>]
type internal FactorStep(vector: FlatVector, gammas: float32[], momentum: float) =
    let iterate = (Memory.span<float32> vector.Values).ToArray()

    /// λ: exactly sparse.
    member _.Iterate = iterate

    /// γ of each factor.
    member _.Gammas = gammas

    /// One step of size η with the gradient that the backward pass left; the gradient is zero after.
    member _.Step(rate: float) =
        if iterate.Length > 0 then
            let gradient = Memory.span<float32> vector.Gradient

            ApgKernel.step
                (float32 rate)
                (float32 momentum)
                (ReadOnlySpan gammas)
                (Span.op_Implicit gradient)
                (iterate.AsSpan())
                (Memory.span<float32> vector.Values)

            gradient.Clear()

    /// From now on the model multiplies with the iterate.
    member _.TakeIterate() =
        iterate.AsSpan().CopyTo(Memory.span<float32> vector.Values)

/// γ of factors.
[<RequireQualifiedAccess>]
module internal Gammas =

    /// The recipe's γ of each factor's kind times its declaration's own, in the order of λ.
    let ofRecipe (gamma: Gamma) (layout: Layout) : float32[] = [|
        for f in layout.Scales do
            let value = float32 (Recipe.gammaOf f.Scale.Kind gamma * f.Scale.Gamma)
            yield! Array.create f.Scale.Count value
    |]
