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

/// An array of the host on the device. It changes once an epoch or a dozen times in a run.
[<Sealed>]
type private Mirror(onDevice: Array -> torch.Tensor, length: int) =
    let mutable known: float32[] = Array.zeroCreate length
    let mutable there = onDevice known

    /// The tensor of these values.
    member _.Of(now: float32[]) =
        if not (now.AsSpan().SequenceEqual(ReadOnlySpan known)) then
            there.Dispose()
            there <- onDevice now
            known <- Array.copy now

        there

    interface IDisposable with
        member _.Dispose() = there.Dispose()

/// `ApgKernel.step` as operations on tensors, for factors on a device: nothing of a step is read back.
/// Operation by operation the same, so that it gives the same bits where no device fuses two of them.
[<Sealed>]
type internal FactorTensors
    (vector: FlatVector, iterate: float32[], zeroSteps: int[], squares: float32[]) =
    let probe = vector.Values
    let gradient = vector.Gradient
    let place = probe.device

    let onDevice (values: Array) =
        use host = torch.from_array values
        host.``to``(place, copy = true).DetachFromDisposeScope()

    let lambda = onDevice iterate
    let zeros = onDevice zeroSteps
    let means = onDevice squares
    let gammas = new Mirror(onDevice, iterate.Length)
    let floors = new Mirror(onDevice, iterate.Length)

    /// One step, queued on the device:
    ///
    ///     next    = max(probe − η·gradient − η·γ, floor)
    ///     probe   ← next + μ·(next − iterate)
    ///     iterate ← next
    ///
    /// The gradient is zero after.
    member _.Step(rate: float32, momentum: float32, gammasNow: float32[], floorsNow: float32[]) =
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()
        let gammas = gammas.Of gammasNow
        let floors = floors.Of floorsNow
        use rate = rate.ToScalar()
        use momentum = momentum.ToScalar()
        use kept = FactorMean.Kept.ToScalar()
        use fresh = FactorMean.Fresh.ToScalar()
        use zero = (0).ToScalar()
        use one = (1).ToScalar()
        means.mul_(kept).add_(gradient.mul(gradient).mul_ fresh, one) |> ignore

        let next =
            torch.maximum (probe.sub(gradient.mul rate).sub_(gammas.mul rate), floors)

        probe.copy_ (next.sub(lambda).mul_(momentum).add_(next, one)) |> ignore
        lambda.copy_ next |> ignore
        zeros.add_(one, one).mul_(next.eq zero) |> ignore
        vector.ClearGradient()

    /// λ, for how many steps each factor has been 0, and the mean of g², into arrays of their length.
    member _.Download(iterate: float32[], zeroSteps: int[], squares: float32[]) =
        Memory.read lambda (fun host -> (Memory.span<float32> host).CopyTo(iterate.AsSpan()))
        Memory.read zeros (fun host -> (Memory.span<int> host).CopyTo(zeroSteps.AsSpan()))
        Memory.read means (fun host -> (Memory.span<float32> host).CopyTo(squares.AsSpan()))

    interface IDisposable with
        member _.Dispose() =
            lambda.Dispose()
            zeros.Dispose()
            means.Dispose()
            (gammas :> IDisposable).Dispose()
            (floors :> IDisposable).Dispose()
