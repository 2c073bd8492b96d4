namespace Sss.Cli

open System
open System.Threading
open Sss.Files
open Sss.Torch

/// What every `sss train` of a study gets.
type ChildOptions = {
    /// Data set, number of images, ….
    Words: string list
    /// The weights that the selected and the dense networks start from; None: random ones.
    Init: string option
    /// Of each run; None: each chooses by the load.
    Threads: int option
}

/// Runs of a study in processes of their own, with a log beside their folders.
[<RequireQualifiedAccess>]
module StudyChildren =

    /// Weights to start from. Where only the recipe names a teacher, they are the teacher of all runs.
    let private weights (o: ChildOptions) (s: StudySettings) (job: StudyJob) =
        match o.Init with
        | Some file when StudyKind.startsTrained job.Kind -> [ "--init"; file ]
        | Some file when s.Recipe.Teacher.IsSome && not (List.contains "--teacher" o.Words) -> [
            "--teacher"
            file
          ]
        | Some _
        | None -> []

    /// The arguments of a run's `sss train`.
    let private words (o: ChildOptions) s (folder: string) (job: StudyJob) : string list =
        [
            "train"
            folder + ".sss"
            "--out"
            folder
            match o.Threads with
            | Some threads ->
                "--threads"
                string threads
            | None -> ()
            "--resume"
            "--quiet"
            // A report of 4 MB per control would be most of the study.
            if job.Kind <> StudyKind.Selected then
                "--no-report"
        ]
        @ weights o s job
        @ o.Words

    let private how (log: string) (child: Child) : StudyWorkEnd =
        use ended = child.Process

        let said =
            match child.Said() with
            | [] -> $"it ended with exit code {ended.ExitCode} and printed nothing"
            | lines -> String.Join("\n  ", lines)

        let reason = $"{said}\n  (its log: {log})"

        match ended.ExitCode with
        | code when code = Exit.ok -> StudyWorkEnd.Finished
        | code when code = Exit.stopped -> StudyWorkEnd.Stopped reason
        | _ -> StudyWorkEnd.Failed reason

    /// Begins the work on a run.
    let private start
        (o: ChildOptions)
        (s: StudySettings)
        (job: StudyJob)
        : Result<StudyWork, string> =
        let folder = StudyJobs.folder s job
        let log = folder + ".log"

        Children.start log (words o s folder job)
        |> Result.map (fun child ->
            let how = lazy how log child

            {
                Ended = child.Ended
                End = how.Force
                Stop = fun () -> Children.stop child
            }
        )

    /// Does the runs of a study that `known` does not have, and reports each.
    let run
        (o: ChildOptions)
        (s: StudySettings)
        (jobs: StudyJob list)
        (known: Map<string, RunResult>)
        (emit: StudyEvent -> unit)
        (stop: CancellationToken)
        : StudyEnd =
        StudyRunner.run s (start o s) jobs known emit stop
