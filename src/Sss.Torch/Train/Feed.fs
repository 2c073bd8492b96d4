namespace Sss.Torch

open System
open System.Threading.Tasks
open Sss.Core
open Sss.Files
open TorchSharp

/// One batch in LibTorch's memory.
type internal Loaded = {
    Images: Tensor
    /// Classes, as 64-bit numbers.
    Labels: Tensor
}

/// Batches of a run, the next one filled on another thread while a step runs. What a batch holds
/// depends on the seed and its number alone, so this changes no bits.
[<Sealed>]
type internal Feed(plan: BatchPlan, batch: int, seed: int, firstStep: int64) =
    let shape = plan.Split.Shape
    let perEpoch = max 1 (plan.Split.Count / batch)

    let buffer () = {
        Images =
            torch
                .zeros(
                    [| int64 batch; int64 shape.Channels; int64 shape.Height; int64 shape.Width |],
                    dtype = Nullable ScalarType.Float32
                )
                .DetachFromDisposeScope()
        Labels =
            torch
                .zeros([| int64 batch |], dtype = Nullable ScalarType.Int64)
                .DetachFromDisposeScope()
    }

    let buffers = [| buffer (); buffer () |]
    let mutable order = -1, [||]

    /// Only the filling thread asks, one batch at a time.
    let orderOf epoch =
        if fst order <> epoch then
            let struct (images, _) = Rng.permutation plan.Split.Count (Streams.order seed epoch)
            order <- epoch, images

        snd order

    let fill (step: int64) =
        let epoch = int (step / int64 perEpoch)
        let at = int (step % int64 perEpoch) * batch
        let buffer = buffers[int (step % 2L)]
        let indices = ReadOnlySpan(orderOf epoch, at, batch)
        Batch.fill plan (int64 epoch) indices (Memory.span<float32> buffer.Images)
        Batch.labels plan indices (Memory.span<int64> buffer.Labels)
        buffer

    let start step = Task.Run(fun () -> fill step)
    let mutable next = firstStep, start firstStep

    /// Steps of an epoch: full batches only.
    member _.StepsPerEpoch = perEpoch

    /// The batch of a step. Steps are asked for in order, and a batch is good until the next is
    /// asked for.
    member _.Take() : Loaded =
        let step, task = next
        let loaded = task.GetAwaiter().GetResult()
        next <- step + 1L, start (step + 1L)
        loaded

    interface IDisposable with
        member _.Dispose() =
            // The filling thread writes into the buffers until it is done.
            (snd next).Wait()

            for buffer in buffers do
                buffer.Images.Dispose()
                buffer.Labels.Dispose()
