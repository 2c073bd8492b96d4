namespace Sss.Torch

open System
open TorchSharp

/// `ApgKernel.step` as operations on tensors, for factors on a device: nothing of a step is read back.
/// Operation by operation the same, so that it gives the same bits where no device fuses two of them.
[<Sealed>]
type internal FactorTensors(vector: FlatVector, iterate: float32[], zeroSteps: int[]) =
    let probe = vector.Values
    let gradient = vector.Gradient
    let place = probe.device

    let onDevice (values: Array) =
        use host = torch.from_array values
        host.``to``(place, copy = true).DetachFromDisposeScope()

    let lambda = onDevice iterate
    let zeros = onDevice zeroSteps
    let mutable gammas = onDevice (Array.zeroCreate<float32> iterate.Length)
    let mutable known: float32[] = Array.zeroCreate iterate.Length

    /// γ changes once an epoch or a dozen times in a run.
    let take (now: float32[]) =
        if not (now.AsSpan().SequenceEqual(ReadOnlySpan known)) then
            gammas.Dispose()
            gammas <- onDevice now
            known <- Array.copy now

    /// One step, queued on the device:
    ///
    ///     next    = max(probe − η·gradient − η·γ, 0)
    ///     probe   ← next + μ·(next − iterate)
    ///     iterate ← next
    ///
    /// The gradient is zero after.
    member _.Step(rate: float32, momentum: float32, now: float32[]) =
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()
        take now
        use rate = rate.ToScalar()
        use momentum = momentum.ToScalar()
        use zero = (0.0f).ToScalar()
        let next = probe.sub(gradient.mul rate).sub_(gammas.mul rate).clamp_min_ zero
        probe.copy_ (next.sub(lambda).mul_(momentum).add_ next) |> ignore
        lambda.copy_ next |> ignore
        use one = (1).ToScalar()
        zeros.add_(one).mul_(next.eq zero) |> ignore
        gradient.zero_ () |> ignore

    /// λ, and for how many steps each factor has been 0, into arrays of their length.
    member _.Download(iterate: float32[], zeroSteps: int[]) =
        Memory.read lambda (fun host -> (Memory.span<float32> host).CopyTo(iterate.AsSpan()))
        Memory.read zeros (fun host -> (Memory.span<int> host).CopyTo(zeroSteps.AsSpan()))

    interface IDisposable with
        member _.Dispose() =
            lambda.Dispose()
            zeros.Dispose()
            gammas.Dispose()
