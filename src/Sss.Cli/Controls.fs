namespace Sss.Cli

open System.Threading
open Sss.Files
open Sss.Torch

/// What a run is to be compared with: `--control` and `--seeds` of `sss train`.
type ControlOptions = {
    /// The run's own seed first.
    Seeds: int list
    /// Dense, from scratch, uniformly narrowed.
    Controls: bool
    Jobs: int
}

/// `sss train --control --seeds`: after the run itself, its further seeds and its controls, below the
/// run's folder; their means and paired differences go into the run's `result.json`.
[<RequireQualifiedAccess>]
module Controls =

    /// Whether there are other runs besides the run itself.
    let isAsked (options: ControlOptions) =
        options.Controls || options.Seeds.Length > 1

    let private jobs (options: ControlOptions) =
        StudyPlan.ofRun options.Seeds options.Controls

    let private study (s: StudySettings) (options: ControlOptions) results : Study =
        let jobs = jobs options

        {
            Plan = []
            Network = s.Network.Name
            Data = ""
            Points = [ StudyPlan.single.Label ]
            Seeds = options.Seeds
            Control = options.Controls
            Runs = StudyJobs.collect s jobs results
            Benches = []
            Missing = StudyJobs.missing jobs results
        }

    /// The run's result with what it is compared with.
    let private compared (study: Study) (own: RunResult) : RunResult =
        let isDense (run: StudyRun) =
            run.Kind = StudyKind.Dense && run.Seed = own.Seed

        let run = study.Runs |> List.tryFind isDense
        let dense = run |> Option.map _.Result

        match Study.rows StudyPlan.single.Label study with
        | selected :: controls -> {
            own with
                DenseClasses = dense |> Option.map _.Classes |> Option.defaultValue []
                Diagnosis = {
                    own.Diagnosis with
                        DenseCalibration = dense |> Option.bind _.Diagnosis.Calibration
                        DenseWorst =
                            run
                            |> Option.map (fun run ->
                                RunDiagnosis.below run.Folder run.Result.Diagnosis.Worst
                            )
                            |> Option.defaultValue []
                }
                Repeats = if selected.Seeds > 1 then Some selected else None
                Controls = controls
          }
        | [] -> own

    /// Runs them; the exit code, and the result with the controls in it. `own`: the run in the folder
    /// itself.
    let run
        (s: StudySettings)
        (children: ChildOptions)
        (options: ControlOptions)
        quiet
        (own: RunResult)
        (stop: CancellationToken)
        : int * RunResult =
        let jobs = jobs options

        let ended =
            StudyOutput.show
                quiet
                (jobs.Length - 1)
                (fun emit -> StudyChildren.run children s jobs (Map.ofList [ "", own ]) emit stop)

        if ended.Stopped then
            Terminal.error "stopped; finished runs are kept; continue with --resume."
            Exit.stopped, own
        else
            let result = compared (study s options ended.Results) own

            match ResultFile.write (RunFolder.file s.Out "result.json") result with
            | Error error ->
                Terminal.error (FileError.message error)
                Exit.fault, result
            | Ok() when ended.Failed.IsEmpty -> Exit.ok, result
            | Ok() ->
                Terminal.error $"{ended.Failed.Length} runs failed; --resume tries them again."
                Exit.fault, result

    /// The table of a run with its controls.
    let table (result: RunResult) : string list =
        let own =
            result.Repeats
            |> Option.defaultWith (fun () ->
                SeedRows.ofRuns "selected" [] [ SeedRows.seedRun result ]
            )

        if result.Repeats.IsNone && result.Controls.IsEmpty then
            []
        else
            "" :: StudyOutput.table result.Dense (own :: result.Controls)
