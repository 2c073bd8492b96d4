namespace Sss.Torch

/// Why the ranks of a job cannot work together.
type MpiError =
    /// The library of MPI is not installed, or not to be found.
    | NoMpi of library: string * ranks: int * by: string
    /// A library of that name that is not Open MPI's.
    | OtherMpi of library: string * missing: string
    /// MPI could not be started.
    | NotStarted of call: string * reason: string
    /// The launcher started so many ranks, and MPI knows of another number.
    | OtherCount of started: int * by: string * known: int

/// Wording.
[<RequireQualifiedAccess>]
module MpiError =

    /// What is wrong and the way out.
    let message error =
        match error with
        | NoMpi(library, ranks, by) ->
            $"{by} started {ranks} ranks, and {library} cannot be loaded: install Open MPI \
              (Debian: openmpi-bin), or put its folder into LD_LIBRARY_PATH."
        | OtherMpi(library, missing) ->
            $"{library} is not Open MPI's: it has no symbol {missing}. Put the folder of Open MPI's \
              first into LD_LIBRARY_PATH, and use its own mpirun."
        | NotStarted(call, reason) -> $"MPI cannot be started: {call}: {reason}."
        | OtherCount(started, by, known) ->
            $"{by} started {started} ranks, and MPI knows of {known}: each would train by itself. Use \
              Open MPI's own mpirun, or srun --mpi=pmix."
