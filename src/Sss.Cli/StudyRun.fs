namespace Sss.Cli

open System
open System.IO
open System.Threading
open System.Threading.Tasks
open Sss.Files
open Sss.Torch

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

/// The runs of a study, this many at a time, each in a process of its own and none before the run that
/// it waits for. What is done is not done again; what was begun continues from its checkpoint.
[<RequireQualifiedAccess>]
module StudyRun =

    type private State = {
        Waiting: StudyJob list
        Running: (StudyJob * Child) list
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

    let private start s emit (job: StudyJob) (state: State) : State =
        let state: State = {
            state with
                Waiting = state.Waiting |> List.filter (fun j -> j.Folder <> job.Folder)
        }

        let after =
            job.After |> Option.bind (fun folder -> Map.tryFind folder state.Results)

        match StudyJobs.prepare s job after with
        | Error reason -> failed emit job reason state
        | Ok(Some result) -> arrived emit job result None state
        | Ok None ->
            match Children.start (StudyJobs.folder s job + ".log") (StudyJobs.words s job) with
            | Error reason -> failed emit job reason state
            | Ok child -> {
                state with
                    Running = state.Running @ [ job, child ]
              }

    /// Takes up a child that has ended.
    let private ended s emit (job: StudyJob, child: Child) (state: State) : State =
        let state: State = {
            state with
                Running = state.Running |> List.filter (fun (j, _) -> j.Folder <> job.Folder)
        }

        use ended = child.Process
        let log = StudyJobs.folder s job + ".log"

        match ended.ExitCode, StudyJobs.finished s job with
        | 0, Ok(Some result) ->
            arrived emit job result (Some child.Clock.Elapsed.TotalSeconds) state
        | _, Error reason -> failed emit job reason state
        | code, Ok _ ->
            let said =
                match child.Said() with
                | [] -> $"it ended with exit code {code} and printed nothing"
                | lines -> String.Join("\n  ", lines)

            failed emit job $"{said}\n  (its log: {log})" state

    let private settle s (state: State) : State =
        for _, child in state.Running do
            Children.stop child

        for _, child in state.Running do
            child.Ended.Wait()

        // A run that came to its end all the same is done.
        (state, state.Running)
        ||> List.fold (fun state (job, child) ->
            use _ = child.Process

            match StudyJobs.finished s job with
            | Ok(Some result) -> {
                state with
                    Results = Map.add job.Folder result state.Results
              }
            | _ -> state
        )

    /// `known`: results of runs that are done elsewhere, by folder.
    let run
        (s: StudySettings)
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
                {
                    state with
                        Waiting = state.Waiting |> List.filter (fun j -> j.Folder <> job.Folder)
                }
                |> failed emit job "the run that it depends on failed"
                |> go
            | None ->
                match List.tryFind (isReady state) state.Waiting with
                | Some job when state.Running.Length < s.Jobs -> go (start s emit job state)
                | _ when state.Running.IsEmpty -> over false state
                | _ ->
                    let waits = state.Running |> List.map (fun (_, child) -> child.Ended)
                    let first = Task.WaitAny(Array.ofList (waits @ [ asked.Task ]))

                    if first < state.Running.Length then
                        let job, child = state.Running[first]

                        // The terminal signals children and parent together; the parent may receive it later.
                        if child.Process.ExitCode = Exit.stopped then
                            stop.WaitHandle.WaitOne 1000 |> ignore

                        if stop.IsCancellationRequested then
                            go state
                        else
                            go (ended s emit (job, child) state)
                    else
                        go state

        go {
            Waiting = jobs |> List.filter (fun job -> not (Map.containsKey job.Folder known))
            Running = []
            Results = known
            Failed = []
        }
