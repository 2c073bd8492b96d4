namespace Sss.Torch

open System
open Sss.Core
open TorchSharp

/// `AdamW.step` as operations on the flat vector of the weights: a dozen calls into LibTorch however many
/// layers there are. The weights that decay are one stretch at its start. `steps`: those that are done. Arrays with
/// a rate of their own are moved by the rest of their step afterwards.
[<Sealed>]
type internal AdamWStep
    (vector: FlatVector, decayed: int64, rule: AdamWRule, steps: int64, ?own: OwnRate) =
    let values = vector.Values
    let gradient = vector.Gradient
    let mean = torch.zeros_like(values).DetachFromDisposeScope()
    let square = torch.zeros_like(values).DetachFromDisposeScope()
    let scratch = torch.zeros_like(values).DetachFromDisposeScope()
    let decayedValues = values.narrow(0L, 0L, decayed).DetachFromDisposeScope()
    let keep1 = rule.Beta1.ToScalar()
    let add1 = (1.0 - rule.Beta1).ToScalar()
    let keep2 = rule.Beta2.ToScalar()
    let add2 = (1.0 - rule.Beta2).ToScalar()
    let eps = rule.Eps.ToScalar()
    let mutable steps = steps

    let parts = [
        for slot in own |> Option.map _.Places |> Option.defaultValue [] do
            let part (tensor: Tensor) =
                tensor.narrow(0L, slot.Offset, slot.Count).DetachFromDisposeScope()

            slot.Offset < decayed, part values, part mean, part scratch
    ]

    let times = own |> Option.map _.Times |> Option.defaultValue 1.0

    /// What these arrays decay by beyond the rest: (1 − times·η·decay)/(1 − η·decay).
    let decayParts (rate: float) =
        use kept =
            ((1.0 - times * rate * rule.Decay) / (1.0 - rate * rule.Decay)).ToScalar()

        for decays, values, _, _ in parts do
            if decays then
                values.mul_ kept |> ignore

    /// m, laid out as the weights.
    member _.Mean = mean

    /// v, laid out as the weights.
    member _.Square = square

    /// One step of size η with the gradient that the backward pass left; the gradient is zero after.
    member _.Step(rate: float) =
        steps <- steps + 1L
        let struct (length, root) = AdamW.corrections rule rate steps
        use size = (-length).ToScalar()
        use root = root.ToScalar()

        if rule.Decay <> 0.0 then
            use kept = (1.0 - rate * rule.Decay).ToScalar()
            decayedValues.mul_ kept |> ignore
            decayParts rate

        mean.mul_(keep1).add_(gradient, add1) |> ignore
        square.mul_(keep2).addcmul_(gradient, gradient, add2) |> ignore
        // √v/√(1 − β₂ᵗ) + eps
        scratch.copy_(square).sqrt_().div_(root).add_ eps |> ignore
        values.addcdiv_ (mean, scratch, size) |> ignore

        if not parts.IsEmpty then
            use further = (-length * (times - 1.0)).ToScalar()

            for _, values, mean, scratch in parts do
                values.addcdiv_ (mean, scratch, further) |> ignore

        vector.ClearGradient()

    interface IDisposable with
        member _.Dispose() =
            for _, values, mean, scratch in parts do
                values.Dispose()
                mean.Dispose()
                scratch.Dispose()

            mean.Dispose()
            square.Dispose()
            scratch.Dispose()
            decayedValues.Dispose()

            for scalar in [ keep1; add1; keep2; add2; eps ] do
                scalar.Dispose()

/// The rule that moves the weights of a network in training.
[<RequireQualifiedAccess>]
type internal WeightStep =
    | Nag of Nag
    | AdamW of AdamWStep

    /// One step of size η with the gradient that the backward pass left; the gradient is zero after.
    member it.Step(rate: float) =
        match it with
        | Nag nag -> nag.Step rate
        | AdamW adam -> adam.Step rate

    /// Nesterov's velocity, or the mean of the gradient: laid out as the weights.
    member it.Velocity =
        match it with
        | Nag nag -> nag.Velocity
        | AdamW adam -> adam.Mean

    /// The mean of the squared gradient, where the rule has one.
    member it.Squares =
        match it with
        | Nag _ -> None
        | AdamW adam -> Some adam.Square

    interface IDisposable with
        member it.Dispose() =
            match it with
            | Nag nag -> (nag :> IDisposable).Dispose()
            | AdamW adam -> (adam :> IDisposable).Dispose()
