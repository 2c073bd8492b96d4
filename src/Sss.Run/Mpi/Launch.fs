namespace Sss.Torch

open System

/// How a process was started.
[<RequireQualifiedAccess>]
type Launch =
    /// By itself.
    | Alone
    /// As one of several ranks, by `mpirun` or `srun`.
    | Ranks of count: int * by: string

/// What the environment says of how a process was started. A plain run is distinguished from one of several
/// without touching MPI.
[<RequireQualifiedAccess>]
module Launch =

    /// Variables that hold the number of ranks, each with the program that sets it. The first that is set counts.
    let private sizes = [
        "OMPI_COMM_WORLD_SIZE", "mpirun"
        "SLURM_STEP_NUM_TASKS", "srun"
        "PMI_SIZE", "a launcher of another MPI"
    ]

    /// Reads the launch from variables. One rank is alone: it needs no MPI.
    let ofVariables (variable: string -> string option) : Launch =
        let count (name: string, by) =
            variable name
            |> Option.bind (fun text ->
                match Int32.TryParse text with
                | true, count when count > 0 -> Some(count, by)
                | _ -> None
            )

        match List.tryPick count sizes with
        | Some(count, by) when count > 1 -> Launch.Ranks(count, by)
        | _ -> Launch.Alone

    /// This process's.
    let ofEnvironment () =
        ofVariables (Environment.GetEnvironmentVariable >> Option.ofObj)

    /// Whether a variable makes a process one of several ranks. A child that works alone is
    /// started without those.
    let isOfRanks (name: string) =
        [ "OMPI_"; "PMIX_"; "PMI_"; "ORTE_"; "PRTE_"; "SLURM_STEP_"; "SLURM_PROCID" ]
        |> List.exists (fun start -> name.StartsWith(start, StringComparison.Ordinal))
