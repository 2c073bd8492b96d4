namespace Sss.Torch

open System
open System.Runtime.InteropServices

/// The functions of MPI that are used, as Open MPI's C library has them. Handles are addresses there;
/// the predefined ones are addresses of exported symbols. Every function gives 0 or an error's code.
module internal Calls =

    /// The file name that Open MPI 1.10 to 5 share.
    [<Literal>]
    let Library = "libmpi.so.40"

    [<DllImport(Library)>]
    extern int MPI_Init_thread(nativeint argc, nativeint argv, int required, int& provided)

    [<DllImport(Library)>]
    extern int MPI_Finalize()

    [<DllImport(Library)>]
    extern int MPI_Comm_rank(nativeint comm, int& rank)

    [<DllImport(Library)>]
    extern int MPI_Comm_size(nativeint comm, int& size)

    [<DllImport(Library)>]
    extern int MPI_Comm_dup(nativeint comm, nativeint& copy)

    [<DllImport(Library)>]
    extern int MPI_Comm_set_errhandler(nativeint comm, nativeint handler)

    [<DllImport(Library)>]
    extern int MPI_Error_string(int code, byte[] text, int& length)

    [<DllImport(Library)>]
    extern int MPI_Iallreduce(
        nativeint send,
        nativeint receive,
        int count,
        nativeint datatype,
        nativeint op,
        nativeint comm,
        nativeint[] request
    )

    [<DllImport(Library)>]
    extern int MPI_Iallgather(
        nativeint send,
        int sendCount,
        nativeint sendType,
        nativeint receive,
        int receiveCount,
        nativeint receiveType,
        nativeint comm,
        nativeint[] request
    )

    [<DllImport(Library)>]
    extern int MPI_Ibcast(
        nativeint buffer,
        int count,
        nativeint datatype,
        int root,
        nativeint comm,
        nativeint[] request
    )

    [<DllImport(Library)>]
    extern int MPI_Ibarrier(nativeint comm, nativeint[] request)

    [<DllImport(Library)>]
    extern int MPI_Isend(
        nativeint buffer,
        int count,
        nativeint datatype,
        int target,
        int tag,
        nativeint comm,
        nativeint[] request
    )

    [<DllImport(Library)>]
    extern int MPI_Irecv(
        nativeint buffer,
        int count,
        nativeint datatype,
        int source,
        int tag,
        nativeint comm,
        nativeint[] request
    )

    [<DllImport(Library)>]
    extern int MPI_Test(nativeint[] request, int& isDone, nativeint status)

    [<DllImport(Library)>]
    extern int MPI_Cancel(nativeint[] request)

    [<DllImport(Library)>]
    extern int MPI_Request_free(nativeint[] request)

    /// Ends the process without asking anybody: MPI's own ways out wait for the other ranks.
    [<DllImport("libc", EntryPoint = "_exit")>]
    extern void leave(int code)

    /// Sleeps for microseconds; .NET's shortest sleep is a millisecond.
    [<DllImport("libc")>]
    extern int usleep(uint32 microseconds)

    /// Sets a variable where native libraries read it; .NET's own environment is a copy.
    [<DllImport("libc", CharSet = CharSet.Ansi)>]
    extern int setenv(string name, string value, int overwrite)

    /// MPI_IN_PLACE.
    let inPlace = 1n

    /// MPI_ANY_SOURCE.
    let anySource = -1

    /// MPI_THREAD_SERIALIZED: several threads, one at a time.
    let serialized = 2

/// Open MPI's predefined handles.
type internal MpiHandles = {
    World: nativeint
    Byte: nativeint
    Single: nativeint
    Double: nativeint
    Sum: nativeint
    /// The error handler that gives codes back; MPI's own ends the process.
    Return: nativeint
}

[<RequireQualifiedAccess>]
module internal MpiHandles =

    /// Loads the library and looks its symbols up. `ranks`, `by`: for the message.
    let load (library: string) (ranks: int) (by: string) : Result<MpiHandles, MpiError> =
        match NativeLibrary.TryLoad library with
        | false, _ -> Error(NoMpi(library, ranks, by))
        | true, handle ->
            let names = [
                "ompi_mpi_comm_world"
                "ompi_mpi_byte"
                "ompi_mpi_float"
                "ompi_mpi_double"
                "ompi_mpi_op_sum"
                "ompi_mpi_errors_return"
            ]

            let look (name: string) =
                match NativeLibrary.TryGetExport(handle, name) with
                | true, address -> address
                | _ -> 0n

            match names |> List.tryFind (fun name -> look name = 0n) with
            | Some missing -> Error(OtherMpi(library, missing))
            | None ->
                Ok {
                    World = look "ompi_mpi_comm_world"
                    Byte = look "ompi_mpi_byte"
                    Single = look "ompi_mpi_float"
                    Double = look "ompi_mpi_double"
                    Sum = look "ompi_mpi_op_sum"
                    Return = look "ompi_mpi_errors_return"
                }
