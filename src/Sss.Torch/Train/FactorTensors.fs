namespace Sss.Torch

open System
open TorchSharp
open Sss.Core

/// The running mean of g² in float32.
[<RequireQualifiedAccess>]
module internal FactorMean =

    /// What a step keeps of it.
    let Kept = float32 Saliency.memory

    /// What a step adds.
    let Fresh = 1.0f - Kept

/// `FactorRule.step` of `apg` as operations on tensors, for factors on a device: nothing of a step is read
/// back. Operation by operation the same, so that it gives the same bits where no device fuses two of
/// them. The tensors are this object's own, and are changed in place: a device has no use for a copy of
/// them at each step.
[<Sealed>]
type internal FactorTensors
    (vector: FlatVector, start: FactorState<float32>, first: PressedRule<float32>) =
    let probe = vector.Values
    let gradient = vector.Gradient
    let place = probe.device

    let onDevice (values: Array) =
        use host = torch.from_array values
        host.``to``(place, copy = true).DetachFromDisposeScope()

    let lambda = onDevice start.Iterate
    let zeros = onDevice start.ZeroSteps
    let means = onDevice start.Squares
    let mutable pressed = first
    let mutable gammas = onDevice first.Gammas
    let mutable floors = onDevice first.Floors
    /// Made when a step needs it: the non-negative L1 does not.
    let mutable penalty = lazy (new PenaltyTensors(first, onDevice))

    let release () =
        gammas.Dispose()
        floors.Dispose()

        if penalty.IsValueCreated then
            (penalty.Value :> IDisposable).Dispose()

    let wide (tensor: torch.Tensor) = tensor.to_type ScalarType.Float64

    /// The non-negative L1 with floors, in float32:
    ///
    ///     next    = max(probe − η·gradient − η·γ, floor)
    ///     probe   ← next + μ·(next − iterate)
    ///     iterate ← next
    let fused (rate: float32) =
        use rate = rate.ToScalar()
        use momentum = (float32 pressed.Rule.Momentum).ToScalar()
        use one = (1).ToScalar()

        let next =
            torch.maximum (probe.sub(gradient.mul rate).sub_(gammas.mul rate), floors)

        probe.copy_ (next.sub(lambda).mul_(momentum).add_(next, one)) |> ignore
        lambda.copy_ next |> ignore

    /// Any penalty, in float64 as `Apg.step`.
    let plain (rate: float) =
        use rate = (max rate Double.Epsilon).ToScalar()
        use momentum = pressed.Rule.Momentum.ToScalar()
        use one = (1).ToScalar()
        let next = penalty.Value.Prox(rate, (wide probe).sub((wide gradient).mul rate))
        probe.copy_ (next.sub(wide lambda).mul_(momentum).add_(next, one)) |> ignore
        lambda.copy_ next |> ignore

    /// γs and floors from the next step on.
    member _.Press(next: PressedRule<float32>) =
        release ()
        pressed <- next
        gammas <- onDevice next.Gammas
        floors <- onDevice next.Floors
        penalty <- lazy (new PenaltyTensors(next, onDevice))

    /// One step, queued on the device. The gradient is zero after.
    member _.Step(rate: float) =
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()
        use kept = FactorMean.Kept.ToScalar()
        use fresh = FactorMean.Fresh.ToScalar()
        use zero = (0).ToScalar()
        use one = (1).ToScalar()
        means.mul_(kept).add_(gradient.mul(gradient).mul_ fresh, one) |> ignore

        match pressed.Rule.Penalty with
        | FactorPenalty.NonNegative -> fused (float32 rate)
        | FactorPenalty.L1
        | FactorPenalty.Mcp _
        | FactorPenalty.Scad _
        | FactorPenalty.L0
        | FactorPenalty.GroupL2 -> plain rate

        zeros.add_(one, one).mul_(lambda.eq zero) |> ignore
        vector.ClearGradient()

    /// The state of this moment, copied to the host.
    member _.Download() : FactorState<float32> =
        let all (tensor: torch.Tensor) =
            Memory.read tensor (fun host -> (Memory.span<float32> host).ToArray())

        {
            start with
                Iterate = all lambda
                Probe = all probe
                ZeroSteps = Memory.read zeros (fun host -> (Memory.span<int> host).ToArray())
                Squares = all means
        }

    interface IDisposable with
        member _.Dispose() =
            lambda.Dispose()
            zeros.Dispose()
            means.Dispose()
            release ()
