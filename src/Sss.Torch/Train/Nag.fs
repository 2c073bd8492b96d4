namespace Sss.Torch

open System
open TorchSharp

/// Nesterov's accelerated gradient for the weights, with L2 decay on those that decay:
///
///     g ← g + decay·w            (the part of w that decays)
///     v ← μ·v + g
///     w ← w − η·(g + μ·v)
///
/// the form of the paper's released code for W (mom = μ·mom + (g + wd·w);
/// w −= lr·(g + wd·w + μ·mom)), which is PyTorch's SGD with `nesterov=True`. Six calls into LibTorch
/// however many layers there are: the vectors are flat, and what decays is one stretch of them.
[<Sealed>]
type internal Nag(vector: FlatVector, decayed: int64, decay: float, momentum: float) =
    let values = vector.Values
    let gradient = vector.Gradient
    let velocity = torch.zeros_like(values).DetachFromDisposeScope()
    let decayedValues = values.narrow(0L, 0L, decayed).DetachFromDisposeScope()
    let decayedGradient = gradient.narrow(0L, 0L, decayed).DetachFromDisposeScope()
    let decay' = decay.ToScalar()
    let momentum' = momentum.ToScalar()
    // Where no number is given, TorchSharp makes one at each call and leaves it to its finalizer.
    let one = (1.0f).ToScalar()

    /// v, laid out as the weights.
    member _.Velocity = velocity

    /// One step of size η with the gradient that the backward pass left; the gradient is zero after.
    member _.Step(rate: float) =
        use straight = (-rate).ToScalar()
        use ahead = (-rate * momentum).ToScalar()

        if decay <> 0.0 then
            decayedGradient.add_ (decayedValues, decay') |> ignore

        velocity.mul_ momentum' |> ignore
        velocity.add_ (gradient, one) |> ignore
        values.add_ (gradient, straight) |> ignore
        values.add_ (velocity, ahead) |> ignore
        vector.ClearGradient()

    interface IDisposable with
        member _.Dispose() =
            velocity.Dispose()
            decayedValues.Dispose()
            decayedGradient.Dispose()
            decay'.Dispose()
            momentum'.Dispose()
            one.Dispose()
