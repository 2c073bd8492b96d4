namespace Sss.Torch

open System
open System.Diagnostics
open System.Threading
open System.Threading.Tasks
open Sss.Files

/// The progress of a study.
[<RequireQualifiedAccess>]
type StudyEvent =
    /// `seconds`: of this process; None: the run was done before.
    | Done of job: StudyJob * result: RunResult * seconds: float option
    | Failed of job: StudyJob * reason: string

/// How the runs of a study ended.
type StudyEnd = {
    /// By the runs' folders.
    Results: Map<string, RunResult>
    Failed: (StudyJob * string) list
    /// Stopped on request, with runs left.
    Stopped: bool
}

/// How the work on a run ended.
[<RequireQualifiedAccess>]
type StudyWorkEnd =
    /// It came to its end.
    | Finished
    /// It was stopped, maybe together with the whole study.
    | Stopped of reason: string
    | Failed of reason: string

/// Work on a run that has begun: in a process of its own, or in this one.
type StudyWork = {
    /// Completes when it has ended, however it ends; never fails.
    Ended: Task
    /// How it ended; asked after that.
    End: unit -> StudyWorkEnd
    /// Asks it to stop.
    Stop: unit -> unit
}

/// The runs of a study, this many at a time, and none before the run that it waits for. What is done is
/// not done again; what was begun continues from its checkpoint.
[<RequireQualifiedAccess>]
module StudyRunner =

    type private Running = {
        Job: StudyJob
        Work: StudyWork
        Clock: Stopwatch
    }

    type private State = {
        Waiting: StudyJob list
        Running: Running list
        Results: Map<string, RunResult>
        Failed: (StudyJob * string) list
    }

    let private failed emit job reason (state: State) : State =
        emit (StudyEvent.Failed(job, reason))

        {
            state with
                Failed = (job, reason) :: state.Failed
        }

    let private arrived emit (job: StudyJob) result seconds (state: State) : State =
        emit (StudyEvent.Done(job, result, seconds))

        {
            state with
                Results = Map.add job.Folder result state.Results
        }

    /// A run has to wait for another one's end, and can never begin when that failed.
    let private isReady (state: State) (job: StudyJob) =
        job.After |> Option.forall (fun folder -> Map.containsKey folder state.Results)

    let private isDoomed (state: State) (job: StudyJob) =
        state.Failed |> List.exists (fun (other, _) -> job.After = Some other.Folder)

    let private without (job: StudyJob) (state: State) : State = {
        state with
            Waiting = state.Waiting |> List.filter (fun j -> j.Folder <> job.Folder)
            Running = state.Running |> List.filter (fun r -> r.Job.Folder <> job.Folder)
    }

    let private start s begin' emit (job: StudyJob) (state: State) : State =
        let state = without job state

        let after =
            job.After |> Option.bind (fun folder -> Map.tryFind folder state.Results)

        match StudyJobs.prepare s job after with
        | Error reason -> failed emit job reason state
        | Ok(Some result) -> arrived emit job result None state
        | Ok None ->
            match begin' job with
            | Error reason -> failed emit job reason state
            | Ok work ->
                let running = {
                    Job = job
                    Work = work
                    Clock = Stopwatch.StartNew()
                }

                {
                    state with
                        Running = state.Running @ [ running ]
                }

    /// Takes up work that has ended.
    let private ended s emit (r: Running) (how: StudyWorkEnd) (state: State) : State =
        let state = without r.Job state

        match how, StudyJobs.finished s r.Job with
        | StudyWorkEnd.Finished, Ok(Some result) ->
            arrived emit r.Job result (Some r.Clock.Elapsed.TotalSeconds) state
        | _, Error reason -> failed emit r.Job reason state
        | StudyWorkEnd.Finished, Ok None -> failed emit r.Job "it left no result.json" state
        | (StudyWorkEnd.Stopped reason | StudyWorkEnd.Failed reason), Ok _ ->
            failed emit r.Job reason state

    let private settle s (state: State) : State =
        for r in state.Running do
            r.Work.Stop()

        // A run that came to its end all the same is done.
        (state, state.Running)
        ||> List.fold (fun state r ->
            r.Work.Ended.Wait()
            // Lets go of what the work held.
            r.Work.End() |> ignore

            match StudyJobs.finished s r.Job with
            | Ok(Some result) -> {
                state with
                    Results = Map.add r.Job.Folder result state.Results
              }
            | _ -> state
        )

    /// The first work of those that are under way to end; None: the study was stopped before.
    let private next (state: State) (asked: Task) : Running option =
        let waits = state.Running |> List.map (fun r -> r.Work.Ended)
        let first = Task.WaitAny(Array.ofList (waits @ [ asked ]))
        List.tryItem first state.Running

    /// Runs them. `begin'`: begins the work on a run whose text is there. `known`: results of runs that are done
    /// elsewhere, by folder.
    let run
        (s: StudySettings)
        (begin': StudyJob -> Result<StudyWork, string>)
        (jobs: StudyJob list)
        (known: Map<string, RunResult>)
        (emit: StudyEvent -> unit)
        (stop: CancellationToken)
        : StudyEnd =
        let asked = TaskCompletionSource()
        use _ = stop.Register(fun () -> asked.TrySetResult() |> ignore)

        let over isStopped (state: State) = {
            StudyEnd.Results = state.Results
            Failed = List.rev state.Failed
            Stopped = isStopped
        }

        let rec go (state: State) =
            match List.tryFind (isDoomed state) state.Waiting with
            | _ when stop.IsCancellationRequested -> over true (settle s state)
            | Some job ->
                without job state |> failed emit job "the run that it depends on failed" |> go
            | None ->
                match List.tryFind (isReady state) state.Waiting with
                | Some job when state.Running.Length < s.Jobs -> go (start s begin' emit job state)
                | _ when state.Running.IsEmpty -> over false state
                | _ ->
                    match next state asked.Task with
                    | None -> go state
                    | Some r ->
                        let how = r.Work.End()

                        // The terminal signals children and parent together; the parent may receive it later.
                        if how.IsStopped then
                            stop.WaitHandle.WaitOne 1000 |> ignore

                        if stop.IsCancellationRequested then
                            go state
                        else
                            go (ended s emit r how state)

        go {
            Waiting = jobs |> List.filter (fun job -> not (Map.containsKey job.Folder known))
            Running = []
            Results = known
            Failed = []
        }
