namespace Sss.Torch

open System

/// Why training computes with a number of threads.
[<RequireQualifiedAccess>]
type ThreadReason =
    /// The user, or the ranks of a machine, gave it.
    | Given
    /// A run that is continued had it: another number would round otherwise. `usual`: what LibTorch would take.
    | Continued of usual: int
    /// LibTorch's own choice: the processors are free, or nothing is known of them.
    | Free
    /// Other processes keep processors busy, this many on average, of those that this process may use.
    | Shared of busy: float * processors: int

/// The number of threads of a training.
type ThreadChoice = { Threads: int; Reason: ThreadReason }

/// Choosing it. A step is many short parts that all threads do together, so a thread that has to wait for its
/// processor holds up all others: fewer threads, each with a processor of its own, are faster than one for
/// each processor.
[<RequireQualifiedAccess>]
module ThreadChoice =

    /// The variables by which a user sets the threads of LibTorch's libraries.
    let variables = [ "OMP_NUM_THREADS"; "MKL_NUM_THREADS" ]

    /// From LibTorch's own number, the processors that this process may use at a time (the quota of a container
    /// counts), and how many of how many processors others keep busy, if that is known. As many threads as
    /// processors are free, and at least one; a processor that is less than half busy counts as free.
    let ofLoad (usual: int) (cores: int) (load: (float * int) option) : ThreadChoice =
        let most = max 1 (min usual cores)

        match load with
        | None -> {
            Threads = most
            Reason = ThreadReason.Free
          }
        | Some(busy, processors) ->
            let free = int (Math.Floor(float processors - busy + 0.5))

            if free >= most then
                {
                    Threads = most
                    Reason = ThreadReason.Free
                }
            else
                {
                    Threads = max 1 free
                    Reason = ThreadReason.Shared(busy, processors)
                }

    /// The number that a variable of the user gives.
    let private ofVariables () : int option =
        variables
        |> List.tryPick (fun name ->
            match Int32.TryParse(Environment.GetEnvironmentVariable name) with
            | true, threads when threads > 0 -> Some threads
            | _ -> None
        )

    /// The number that fits the load of the machine since a moment: as many as processors are free, and no more than
    /// LibTorch takes by itself (`usual`; None: it is not loaded, so as many as there are processors). Where the user has
    /// set a variable, that counts. `began`: since when the load counts; if that is too short a time, this waits a moment.
    let ofMachine (usual: int option) (began: LoadSample option) : ThreadChoice =
        let isSet (name: string) =
            not (String.IsNullOrEmpty(Environment.GetEnvironmentVariable name))

        let own () =
            ofVariables () |> Option.defaultValue Environment.ProcessorCount

        if List.exists isSet variables then
            {
                Threads = usual |> Option.defaultWith own
                Reason = ThreadReason.Given
            }
        else
            ofLoad
                (Option.defaultValue Environment.ProcessorCount usual)
                Environment.ProcessorCount
                (MachineLoad.since began)

    /// The number that training computes with: the given one, else that of the run that is continued, else the
    /// one that fits the load.
    let decide
        (given: int option)
        (continued: int option)
        (usual: int)
        (chosen: unit -> ThreadChoice)
        : ThreadChoice =
        match given, continued with
        | Some threads, _ -> {
            Threads = threads
            Reason = ThreadReason.Given
          }
        | None, Some threads -> {
            Threads = threads
            Reason = ThreadReason.Continued usual
          }
        | None, None -> chosen ()

    /// Why, in a few words; None: as always.
    let reason (choice: ThreadChoice) : string option =
        match choice.Reason with
        | ThreadReason.Given
        | ThreadReason.Free -> None
        | ThreadReason.Continued usual when usual = choice.Threads -> None
        | ThreadReason.Continued _ -> Some "the run began with that number"
        | ThreadReason.Shared(busy, processors) ->
            Some $"other processes use {busy:``0.0``} of {processors} cores"
