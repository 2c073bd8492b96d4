namespace Sss.Files

open System
open System.Buffers
open System.Collections.Generic
open System.Runtime.InteropServices
open System.Threading

/// Bytes outside the garbage collector's heap, which go back to the system at once: arrays as large
/// as pictures would stay until the next full collection.
type internal NativeBuffer(length: int) =
    inherit MemoryManager<byte>()
    let start = Marshal.AllocHGlobal(nativeint (max 1 length))
    let mutable isFreed = false

    /// For native code; valid until the buffer is disposed.
    member _.Start = start

    override _.GetSpan() = Span<byte>(start.ToPointer(), length)

    override _.Pin index =
        new MemoryHandle((start + nativeint index).ToPointer())

    override _.Unpin() = ()

    override _.Dispose(_: bool) =
        if not isFreed then
            isFreed <- true
            Marshal.FreeHGlobal start

    interface IDisposable with
        member this.Dispose() = this.Dispose true

/// Lets work in while the bytes that all of it claims stay within a budget. In the order of arrival,
/// so that large work is not delayed for ever; what claims more than the budget runs alone. Work
/// must not enter the same gate again.
type internal Gate(budget: int64) =
    let sync = obj ()
    let waiting = Queue<obj>()
    let mutable used = 0L

    let enter claim =
        lock
            sync
            (fun () ->
                let ticket = obj ()
                waiting.Enqueue ticket

                while not (
                    Object.ReferenceEquals(waiting.Peek(), ticket)
                    && (used = 0L || used + claim <= budget)
                ) do
                    Monitor.Wait sync |> ignore

                waiting.Dequeue() |> ignore
                used <- used + claim
                // The next in the line may fit too.
                Monitor.PulseAll sync
            )

    let leave claim =
        lock
            sync
            (fun () ->
                used <- used - claim
                Monitor.PulseAll sync
            )

    /// Runs work that needs about this many bytes, once there is room.
    member _.Within (claim: int64) (work: unit -> 'T) : 'T =
        enter claim

        try
            work ()
        finally
            leave claim
