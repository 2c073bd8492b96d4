namespace Sss.Torch

open System
open System.Runtime.InteropServices
open System.Threading

/// The thread that sends and hears beats, and ends the process when a rank is lost. MPI is called by
/// one thread at a time: the caller holds `gate`, and holds it for moments only.
[<Sealed>]
type internal RankMonitor
    (
        gate: obj,
        handles: MpiHandles,
        comm: nativeint,
        rank: int,
        size: int,
        limit: int,
        say: string -> unit
    ) =
    let beatTag, farewellTag = 1, 2
    let tick = TimeSpan.FromSeconds 1.0
    let before, next = (rank + size - 1) % size, (rank + 1) % size
    let bytes = sizeof<int>

    let sent, heard, farewell, last =
        Marshal.AllocHGlobal bytes,
        Marshal.AllocHGlobal bytes,
        Marshal.AllocHGlobal bytes,
        Marshal.AllocHGlobal bytes

    let sending, hearing, leaving = [| 0n |], [| 0n |], [| 0n |]
    let mutable isSending = false
    /// The number of the collective call that the rank is in; 0: it is at work.
    let mutable call = 0L
    let names = Array.init size (fun r -> $"rank {r}")
    let ended = new ManualResetEventSlim(false)

    let isDone (request: nativeint[]) =
        let mutable flag = 0
        // A beat that fails counts as silence.
        Calls.MPI_Test(request, &flag, 0n) = 0 && flag <> 0

    let listen () =
        Calls.MPI_Irecv(heard, bytes, handles.Byte, before, beatTag, comm, hearing)
        |> ignore

    /// The newest of the beats that have come.
    let hear () =
        let mutable newest = None

        while isDone hearing do
            newest <- Some(Marshal.ReadInt32 heard)
            listen ()

        newest

    let beat (value: int) =
        if isSending && isDone sending then
            isSending <- false

        if not isSending then
            Marshal.WriteInt32(sent, value)
            isSending <- true

            Calls.MPI_Isend(sent, bytes, handles.Byte, next, beatTag, comm, sending)
            |> ignore

    /// Tells every rank that the job is over; those that can be reached end at once.
    let tellAll () =
        let requests = [|
            for r in 0 .. size - 1 do
                if r <> rank then
                    let request = [| 0n |]

                    Calls.MPI_Isend(last, bytes, handles.Byte, r, farewellTag, comm, request)
                    |> ignore

                    request
        |]

        for _ in 1..50 do
            for request in requests do
                isDone request |> ignore

            Thread.Sleep 10

    let describe loss =
        match loss with
        | RankLoss.Silence ticks ->
            $"no sign of {names[before]} for {ticks} s; it has ended, or cannot be reached."
        | RankLoss.Standstill ticks ->
            $"all ranks have waited for each other for {ticks} s without progress."

    /// Ends the process and the job: says why, tells the others.
    let abandon (why: string option) =
        Option.iter say why
        // Another thread may hang inside of MPI and never release the gate.
        let isHeld = Monitor.TryEnter(gate, TimeSpan.FromSeconds 2.0)

        if isHeld then
            tellAll ()

        Calls.leave 1

    let work () =
        let mutable heartbeat = Heartbeat.start
        let mutable lastCall = 0L

        lock
            gate
            (fun () ->
                listen ()

                Calls.MPI_Irecv(
                    farewell,
                    bytes,
                    handles.Byte,
                    Calls.anySource,
                    farewellTag,
                    comm,
                    leaving
                )
                |> ignore
            )

        while not (ended.Wait tick) do
            let now = Volatile.Read &call

            let isOver, heard =
                lock
                    gate
                    (fun () ->
                        let isOver, heard = isDone leaving, hear ()
                        beat (Heartbeat.beat limit size heartbeat)
                        isOver, heard
                    )

            // The rank that sent it has reported why.
            if isOver then
                Calls.leave 1

            heartbeat <- Heartbeat.tick heard (now <> 0L && now = lastCall) heartbeat
            lastCall <- now

            match Heartbeat.verdict limit size heartbeat with
            | Some loss -> abandon (Some(describe loss))
            | None -> ()

    let thread = Thread(work, IsBackground = true, Name = "ranks")
    do thread.Start()

    /// What ranks are called in messages.
    member _.Names = names

    /// The rank begins to wait in a collective call.
    member _.Enter(number: int64) = Volatile.Write(&call, number)

    /// The rank is at work.
    member _.Leave() = Volatile.Write(&call, 0L)

    /// Ends the process and the job.
    member _.Abandon(why: string option) = abandon why

    /// Stops watching; after the last collective call.
    member _.Stop() =
        ended.Set()
        thread.Join()

        for request in [ hearing; leaving ] do
            Calls.MPI_Cancel request |> ignore
            Calls.MPI_Request_free request |> ignore
