namespace Sss.Torch

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Text
open System.Threading
open FsToolkit.ErrorHandling
open TorchSharp

/// The ranks of an MPI job. One thread at a time may call it.
[<Sealed>]
type MpiTeam
    internal
    (gate: obj, handles: MpiHandles, world: nativeint, rank: int, size: int, monitor: RankMonitor) =
    let mutable calls = 0L

    /// How long a finished rank may take to leave MPI.
    let farewell = TimeSpan.FromSeconds 20.0

    /// A broadcast is cut into parts: none is so large that it looks like a standstill.
    let part = 64 <<< 20

    /// Where the memory of a contiguous tensor starts.
    let address (tensor: torch.Tensor) : nativeint =
        let bytes = tensor.bytes

        if bytes.IsEmpty then
            0n
        else
            &&MemoryMarshal.GetReference bytes |> NativeInterop.NativePtr.toNativeInt

    let reason code =
        let text = Array.zeroCreate<byte> 512
        let mutable length = 0

        if Calls.MPI_Error_string(code, text, &length) = 0 then
            Encoding.ASCII.GetString(text, 0, length)
        else
            $"error {code}"

    let check name code =
        if code <> 0 then
            monitor.Abandon(Some $"{name} failed: {reason code}.")

    let test name (request: nativeint[]) =
        lock
            gate
            (fun () ->
                let mutable flag = 0
                check name (Calls.MPI_Test(request, &flag, 0n))
                flag <> 0
            )

    /// Starts a nonblocking call and polls until it has ended: a blocking one would hang without a
    /// word when a rank is lost. Polls without a break while the others are likely to be near, then
    /// more and more seldom.
    let complete name (start: nativeint[] -> int) =
        let request = [| 0n |]
        calls <- calls + 1L
        monitor.Enter calls
        lock gate (fun () -> check name (start request))
        let clock = Stopwatch.StartNew()

        while not (test name request) do
            let waited = clock.ElapsedMilliseconds

            if waited < 5L then Thread.Yield() |> ignore
            elif waited < 1000L then Calls.usleep 100u |> ignore
            else Thread.Sleep 2

        monitor.Leave()

    let pinned (bytes: byte[]) (work: nativeint -> unit) =
        let handle = GCHandle.Alloc(bytes, GCHandleType.Pinned)

        try
            work (handle.AddrOfPinnedObject())
        finally
            handle.Free()

    let broadcast (bytes: byte[]) =
        pinned
            bytes
            (fun address ->
                for first in 0..part .. bytes.Length - 1 do
                    let count = min part (bytes.Length - first)

                    complete
                        "MPI_Ibcast"
                        (fun request ->
                            Calls.MPI_Ibcast(
                                address + nativeint first,
                                count,
                                handles.Byte,
                                0,
                                world,
                                request
                            )
                        )
            )

    let gather (own: byte[]) =
        let all = Array.zeroCreate<byte>(own.Length * size)

        pinned
            own
            (fun send ->
                pinned
                    all
                    (fun receive ->
                        complete
                            "MPI_Iallgather"
                            (fun request ->
                                Calls.MPI_Iallgather(
                                    send,
                                    own.Length,
                                    handles.Byte,
                                    receive,
                                    own.Length,
                                    handles.Byte,
                                    world,
                                    request
                                )
                            )
                    )
            )

        Array.init size (fun r -> Array.sub all (r * own.Length) own.Length)

    let gatherAll (own: byte[]) =
        let lengths =
            gather (BitConverter.GetBytes own.Length) |> Array.map BitConverter.ToInt32

        let padded = Array.zeroCreate<byte>(Array.max lengths)
        own.CopyTo(padded, 0)

        gather padded
        |> Array.map2 (fun length bytes -> Array.truncate length bytes) lengths

    /// What the rank is called in messages.
    member _.Name = monitor.Names[rank]

    interface Team with
        member _.Rank = rank
        member _.Size = size

        member _.Sum tensor =
            let address = address tensor

            let datatype =
                if tensor.dtype = torch.ScalarType.Float64 then
                    handles.Double
                else
                    handles.Single

            complete
                "MPI_Iallreduce"
                (fun request ->
                    Calls.MPI_Iallreduce(
                        Calls.inPlace,
                        address,
                        int (tensor.numel ()),
                        datatype,
                        handles.Sum,
                        world,
                        request
                    )
                )

        member _.OfFirst bytes =
            let length = BitConverter.GetBytes(int64 bytes.Length)
            broadcast length

            let bytes =
                if rank = 0 then
                    bytes
                else
                    Array.zeroCreate (int (BitConverter.ToInt64 length))

            broadcast bytes
            bytes

        member _.OfAll bytes = gatherAll bytes

    /// The last call of a rank: waits for all, with the exit code of rank 0, and leaves MPI.
    member it.Finish(code: int) : int =
        let code = (it :> Team).OfFirst(BitConverter.GetBytes code) |> BitConverter.ToInt32
        complete "MPI_Ibarrier" (fun request -> Calls.MPI_Ibarrier(world, request))
        monitor.Stop()
        // Leaving waits for the others once more.
        use _ =
            new Timer((fun _ -> Calls.leave code), null, farewell, Timeout.InfiniteTimeSpan)

        Calls.MPI_Finalize() |> ignore
        code

    /// Ends this process and the whole job at once; whoever calls has said why.
    member _.Abandon() = monitor.Abandon None

/// Joining the ranks of a job.
[<RequireQualifiedAccess>]
module MpiTeam =

    /// How many seconds a rank may be silent, and a collective call may take when all are in it.
    let private limit =
        match Int32.TryParse(Environment.GetEnvironmentVariable "SSS_RANK_SECONDS") with
        | true, seconds when seconds > 0 -> seconds
        | _ -> 20

    /// Which cores this process may use, as Linux writes it.
    let private cores () =
        try
            File.ReadLines "/proc/self/status"
            |> Seq.tryFind (fun line -> line.StartsWith "Cpus_allowed_list:")
            |> Option.defaultValue ""
        with :? IOException ->
            ""

    let private code name result =
        if result = 0 then
            Ok()
        else
            Error(NotStarted(name, $"error {result}"))

    /// Threads for the arithmetic of this rank: the cores that it may use, shared among the ranks
    /// that may use the very same.
    let private threads (team: Team) (host: string) =
        let own = host + cores ()

        let sharing =
            team.OfAll(Encoding.UTF8.GetBytes own)
            |> Array.filter (fun other -> Encoding.UTF8.GetString other = own)

        max 1 (Environment.ProcessorCount / sharing.Length)

    /// Starts MPI for several threads, of which one at a time calls it.
    let private init () : Result<unit, MpiError> =
        let mutable provided = 0

        match Calls.MPI_Init_thread(0n, 0n, Calls.serialized, &provided) with
        | 0 when provided < Calls.serialized ->
            Error(NotStarted("MPI_Init_thread", "it allows one thread only"))
        | 0 -> Ok()
        | other -> code "MPI_Init_thread" other

    let private place (handles: MpiHandles) : struct (int * int) =
        let mutable rank, size = 0, 0
        Calls.MPI_Comm_rank(handles.World, &rank) |> ignore
        Calls.MPI_Comm_size(handles.World, &size) |> ignore
        struct (rank, size)

    /// A communicator for beats, in which nothing else is sent.
    let private beats (handles: MpiHandles) : Result<nativeint, MpiError> =
        let mutable copy = 0n

        code "MPI_Comm_dup" (Calls.MPI_Comm_dup(handles.World, &copy))
        |> Result.map (fun () -> copy)

    /// Joins the other ranks; gives the team with the number of threads that a rank should compute
    /// with. `say` writes what ends the process when a rank is lost, after the name of this rank. To
    /// be called once, before LibTorch is loaded.
    let start
        (ranks: int)
        (by: string)
        (say: string -> string -> unit)
        : Result<MpiTeam * int, MpiError> =
        result {
            let! handles = MpiHandles.load Calls.Library ranks by
            // Threads that spin while they wait would take the cores from the ranks beside this one.
            Calls.setenv ("OMP_WAIT_POLICY", "passive", 0) |> ignore
            // Open MPI looks at its sockets every 10 ms otherwise: a sum of 4 KB took that long.
            Calls.setenv ("OMPI_MCA_mpi_event_tick_rate", "1", 0) |> ignore
            do! init ()
            let struct (rank, size) = place handles

            if size <> ranks then
                return! Error(OtherCount(ranks, by, size))

            let! beats = beats handles

            for comm in [ handles.World; beats ] do
                Calls.MPI_Comm_set_errhandler(comm, handles.Return) |> ignore

            let host = Environment.MachineName
            let gate = obj ()

            let monitor =
                RankMonitor(gate, handles, beats, rank, size, limit, say $"rank {rank} on {host}")

            let team = MpiTeam(gate, handles, handles.World, rank, size, monitor)
            let hosts = (team :> Team).OfAll(Encoding.UTF8.GetBytes host)

            hosts
            |> Array.iteri (fun r bytes ->
                monitor.Names[r] <- $"rank {r} on {Encoding.UTF8.GetString bytes}"
            )

            return team, threads team host
        }
