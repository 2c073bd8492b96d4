namespace Sss.Torch

open System
open System.Collections.Generic
open System.Diagnostics
open System.Threading
open Sss.Core
open Sss.Files
open TorchSharp

/// One batch in LibTorch's memory.
type internal Loaded = {
    Images: Tensor
    /// Classes as 64-bit numbers, N or N × pixels; numbers, N × values; or where images are mixed and have a class, N × 3: both
    /// classes and the part of the first. Where further outputs have targets of their own, all are numbers N × values, one
    /// output after the other.
    Targets: Tensor
    /// Pictures that could not be decoded and were not reported before.
    LeftOut: FileError list
}

/// The state of a step's batch.
[<RequireQualifiedAccess>]
type private Filled =
    /// With the broken pictures that were met.
    | Good of broken: FileError list
    | Failed of FileError
    /// A bug in this program, to be raised where the batch is taken.
    | Raised of exn

/// Batches of a run, filled by threads of their own while a step runs, a bounded number ahead. What
/// a batch holds depends on the plan, the seed and its number alone, and broken
/// files are reported in the order of the steps: the number of threads changes only the speed.
/// `rows`: the part of each batch that is filled, by its first row and their number; the whole where
/// it is not given.
[<Sealed>]
type internal Feed
    (
        name: string,
        plan: BatchPlan,
        batch: int,
        seed: int,
        firstStep: int64,
        loaders: int,
        ?isPinned: bool,
        ?rows: struct (int * int)
    ) =
    let shape = plan.Split.Shape
    let struct (firstRow, count) = defaultArg rows (struct (0, batch))
    let perEpoch = max 1 (plan.Split.Count / batch)

    let kept = Memory.kept (defaultArg isPinned false)

    let emptyTargets () =
        let size = int64 (Targets.size plan.Split.Targets)

        match plan.Split.Targets with
        | Targets.Labels _ when Batch.mixes plan ->
            torch.zeros ([| int64 count; 3L |], dtype = Nullable ScalarType.Float32)
        | Targets.Labels _ -> torch.zeros ([| int64 count |], dtype = Nullable ScalarType.Int64)
        | Targets.Masks _ ->
            torch.zeros ([| int64 count; size |], dtype = Nullable ScalarType.Int64)
        | Targets.Numbers _
        | Targets.Several _ ->
            torch.zeros ([| int64 count; size |], dtype = Nullable ScalarType.Float32)

    // One is the trainer's, one is ready or soon will be, the others are being filled.
    let slots = [|
        for _ in 1 .. loaders + 2 do
            kept (
                torch.zeros (
                    [| int64 count; int64 shape.Channels; int64 shape.Height; int64 shape.Width |],
                    dtype = Nullable ScalarType.Float32
                )
            ),
            kept (emptyTargets ())
    |]

    let slot (step: int64) = int (step % int64 slots.Length)

    // Guards all that is mutable here but the orders, which have a lock of their own.
    let gate = obj ()
    let filled = Array.create<Filled option> slots.Length None
    let mutable next = firstStep
    /// The step whose batch the trainer has.
    let mutable held = firstStep - 1L
    let mutable isClosed = false
    let waiting = Stopwatch()
    let broken = HashSet<FileError>(HashIdentity.Structural)

    /// The orders of two epochs: at the border between them both are in use.
    let orders = Array.create 2 (-1, [||])

    let orderOf epoch =
        lock
            orders
            (fun () ->
                if fst orders[epoch % 2] <> epoch then
                    let struct (images, _) =
                        Rng.permutation plan.Split.Count (Streams.order seed epoch)

                    orders[epoch % 2] <- epoch, images

                snd orders[epoch % 2]
            )

    let fill (step: int64) : Filled =
        let epoch = int (step / int64 perEpoch)
        let at = int (step % int64 perEpoch) * batch + firstRow
        let images, targets = slots[slot step]

        try
            let images = Memory.span<float32> images
            let indices = ReadOnlySpan(orderOf epoch, at, count)

            match plan.Split.Targets with
            | Targets.Labels _ when Batch.mixes plan ->
                Batch.fillPairs plan (int64 epoch) indices images (Memory.span<float32> targets)
            | Targets.Labels _
            | Targets.Masks _ ->
                Batch.fill plan (int64 epoch) indices images (Memory.span<int64> targets)
            | Targets.Numbers _ ->
                Batch.fillNumbers plan (int64 epoch) indices images (Memory.span<float32> targets)
            | Targets.Several _ ->
                Batch.fillAll plan (int64 epoch) indices images (Memory.span<float32> targets)
            |> function
                | Ok broken -> Filled.Good broken
                | Error error -> Filled.Failed error
        with e ->
            Filled.Raised e

    /// A step that is nobody's yet and whose slot is free; None when all is over.
    let claim () =
        lock
            gate
            (fun () ->
                while not isClosed && next - held >= int64 slots.Length do
                    Monitor.Wait gate |> ignore

                if isClosed then
                    None
                else
                    next <- next + 1L
                    Some(next - 1L)
            )

    let finish step result =
        lock
            gate
            (fun () ->
                filled[slot step] <- Some result
                Monitor.PulseAll gate
            )

    let work () =
        let mutable claimed = claim ()

        while claimed.IsSome do
            finish claimed.Value (fill claimed.Value)
            claimed <- claim ()

    let threads = [|
        for i in 1..loaders do
            let thread = Thread(work, IsBackground = true, Name = $"loader {i}")
            thread.Start()
            thread
    |]

    /// Those of a batch that are new; an error when there are too many by now.
    let tell (met: FileError list) =
        match met |> List.filter broken.Add with
        | first :: _ when broken.Count > ImageFolder.tolerated plan.Split.Count ->
            Error(ManyBroken(name, broken.Count, plan.Split.Count, first))
        | fresh -> Ok fresh

    /// The default number of loaders for a plan: half of the cores where pictures are
    /// decoded, else one.
    static member Loaders(plan: BatchPlan) =
        match plan.Split.Pixels with
        | Pictures { Kept = kept } when kept.IsNone || plan.Augment.Area > 0.0 ->
            Environment.ProcessorCount / 2 |> max 1 |> min 8
        | _ -> 1

    /// Steps of an epoch: full batches only.
    member _.StepsPerEpoch = perEpoch

    /// How long `Take` has waited for batches that were not ready, in seconds.
    member _.Waited = waiting.Elapsed.TotalSeconds

    /// The batch of the next step, waited for where it is not ready. It is good until the next is
    /// requested. Fails when a file cannot be read, or when more pictures are broken than
    /// `ImageFolder.tolerated` allows.
    member _.Take() : Result<Loaded, FileError> =
        let at, result =
            lock
                gate
                (fun () ->
                    held <- held + 1L
                    let at = slot held
                    Monitor.PulseAll gate

                    waiting.Start()

                    while filled[at].IsNone do
                        Monitor.Wait gate |> ignore

                    waiting.Stop()
                    let result = filled[at].Value
                    filled[at] <- None
                    at, result
                )

        match result with
        | Filled.Good met ->
            tell met
            |> Result.map (fun fresh -> {
                Images = fst slots[at]
                Targets = snd slots[at]
                LeftOut = fresh
            })
        | Filled.Failed error -> Error error
        | Filled.Raised e -> raise (InvalidOperationException("a loader failed", e))

    interface IDisposable with
        member _.Dispose() =
            lock
                gate
                (fun () ->
                    isClosed <- true
                    Monitor.PulseAll gate
                )

            // They write into the buffers until they are done.
            for thread in threads do
                thread.Join()

            for images, targets in slots do
                images.Dispose()
                targets.Dispose()
