namespace Sss.Torch

open System
open Sss.Core
open TorchSharp

/// Arrays that learn faster or slower than the rest: where they are in the flat vector, in elements, and
/// what their step size is multiplied by.
type internal OwnRate = { Places: Slot list; Times: float }

/// Rates of recipes.
[<RequireQualifiedAccess>]
module internal OwnRate =

    /// The arrays of the network's head, where the recipe has a rate of their own for them.
    let ofRecipe (layout: Layout) (network: Network) (recipe: Recipe) : OwnRate option =
        match Network.head network with
        | Some head when recipe.Head <> 1.0 ->
            Some {
                Places = layout.Weights |> List.filter (fun slot -> slot.Key.Owner = head.Name)
                Times = recipe.Head
            }
        | Some _
        | None -> None

/// Their parts of the flat vectors.
type private RatePart = {
    Values: Tensor
    Gradient: Tensor
    Velocity: Tensor
}

/// Nesterov's accelerated gradient for the weights, with L2 decay on those that decay:
///
///     g ← g + decay·w            (the part of w that decays)
///     v ← μ·v + g
///     w ← w − η·(g + μ·v)
///
/// the form of the paper's released code for W (mom = μ·mom + (g + wd·w);
/// w −= lr·(g + wd·w + μ·mom)), which is PyTorch's SGD with `nesterov=True`. Six calls into LibTorch
/// however many layers there are: the vectors are flat, and what decays is one stretch of them. Arrays with
/// a rate of their own are moved by the rest of their step afterwards.
[<Sealed>]
type internal Nag(vector: FlatVector, decayed: int64, decay: float, momentum: float, ?own: OwnRate)
    =
    let values = vector.Values
    let gradient = vector.Gradient
    let velocity = torch.zeros_like(values).DetachFromDisposeScope()
    let decayedValues = values.narrow(0L, 0L, decayed).DetachFromDisposeScope()
    let decayedGradient = gradient.narrow(0L, 0L, decayed).DetachFromDisposeScope()
    let decay' = decay.ToScalar()
    let momentum' = momentum.ToScalar()
    // Where no number is given, TorchSharp makes one at each call and leaves it to its finalizer.
    let one = (1.0f).ToScalar()

    let parts = [
        for slot in own |> Option.map _.Places |> Option.defaultValue [] do
            let part (tensor: Tensor) =
                tensor.narrow(0L, slot.Offset, slot.Count).DetachFromDisposeScope()

            {
                Values = part values
                Gradient = part gradient
                Velocity = part velocity
            }
    ]

    let further = (own |> Option.map _.Times |> Option.defaultValue 1.0) - 1.0

    let stepParts (rate: float) =
        use straight = (-rate * further).ToScalar()
        use ahead = (-rate * momentum * further).ToScalar()

        for part in parts do
            part.Values.add_ (part.Gradient, straight) |> ignore
            part.Values.add_ (part.Velocity, ahead) |> ignore

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

        if not parts.IsEmpty then
            stepParts rate

        vector.ClearGradient()

    interface IDisposable with
        member _.Dispose() =
            for part in parts do
                part.Values.Dispose()
                part.Gradient.Dispose()
                part.Velocity.Dispose()

            velocity.Dispose()
            decayedValues.Dispose()
            decayedGradient.Dispose()
            decay'.Dispose()
            momentum'.Dispose()
            one.Dispose()
