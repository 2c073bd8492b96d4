namespace Sss.Torch

open System
open System.Globalization
open System.Threading
open System.Threading.Tasks
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// How the runs of a study are trained in this process.
type InProcess = {
    /// What all runs have in common: images, teacher, loss, device, validation. Network, recipe, folder and goal are
    /// each run's own.
    Common: Job
    /// Of each run; None: each chooses by the load.
    Threads: int option
    /// What remains to be done with a run whose files are all saved; an error makes the run a failed one.
    Finish: StudyJob -> string -> Result<unit, string>
}

/// Runs of a study in this process, each as a job of the pipeline on a thread of its own.
[<RequireQualifiedAccess>]
module StudyInProcess =

    /// What identifies a sweep beside its plan, item by item: the data and what is common to all runs.
    let identity (common: Job) (dataset: Dataset) : Result<(string * string) list, PipelineError> =
        let init =
            match common.Begin with
            | Begin.Weights source -> Some source
            | Begin.Random
            | Begin.Trained _ -> None

        let named name source =
            Teachers.load source
            |> Result.map (fun loaded ->
                name,
                Teachers.digest {
                    Network = loaded.Network
                    Weights = loaded.Weights
                    Change = None
                }
            )

        result {
            let! teacher = common.Teacher |> Option.traverseResult (named "teacher")
            let! init = init |> Option.traverseResult (named "init")

            return [
                yield! Fingerprint.items dataset
                "method", FactorMethod.name common.Method
                "validation",
                common.Validation
                |> Option.map (fun f -> f.ToString("R", CultureInfo.InvariantCulture))
                |> Option.defaultValue "none"
                "device", Device.name common.Computing.Device
                "precision", PrecisionChoice.name common.Computing.Precision
                yield! Checkpoint.lossIdentity common.Loss
                yield! Option.toList teacher
                yield! Option.toList init
            ]
        }

    /// Where a run begins, and its teacher. Weights to begin with are the teacher of all runs, where only the recipe has
    /// one.
    let private origin (common: Job) (run: StudyJob) =
        match common.Begin with
        | Begin.Weights _ when StudyKind.startsTrained run.Kind -> common.Begin, common.Teacher
        | Begin.Weights source -> Begin.Random, Option.orElse (Some source) common.Teacher
        | Begin.Random
        | Begin.Trained _ -> Begin.Random, common.Teacher

    /// The job of a run whose text is there.
    let private job (o: InProcess) (run: StudyJob) (folder: string) : Job = {
        o.Common with
            Network = NetworkSource.File(folder + ".sss")
            Recipe = id
            Begin = fst (origin o.Common run)
            Teacher = snd (origin o.Common run)
            Computing = {
                o.Common.Computing with
                    Threads = o.Threads
            }
            Keep =
                Keep.Run {
                    Folder = folder
                    Start = Start.Resume
                    HasOthers = false
                }
            Goal = Goal.Selection Selection.defaults
    }

    let private isStop (error: PipelineError) =
        match error with
        | NotTrained(Stopped _)
        | Ended(Stopped _, _) -> true
        | _ -> false

    let private how (s: StudySettings) (ended: Task<Result<Finished<Result<unit, string>>, _>>) =
        if ended.IsFaulted then
            let e = (nonNull ended.Exception).GetBaseException()
            StudyWorkEnd.Failed $"{e.GetType().Name}: {e.Message}"
        else
            match ended.Result with
            | Ok { Selected = Some(_, Error reason) } -> StudyWorkEnd.Failed reason
            | Ok _ -> StudyWorkEnd.Finished
            | Error error when isStop error ->
                StudyWorkEnd.Stopped(PipelineError.messageIn s.Wording error)
            | Error error -> StudyWorkEnd.Failed(PipelineError.messageIn s.Wording error)

    /// Begins the work on a run.
    let start (o: InProcess) (s: StudySettings) (run: StudyJob) : Result<StudyWork, string> =
        let folder = StudyJobs.folder s run
        let stop = new CancellationTokenSource()

        let listener = {
            Hear = ignore
            Training = fun _ train -> train ignore
            Report = fun _ _ -> o.Finish run folder
        }

        let work =
            Task.Factory.StartNew(
                (fun () -> Pipeline.run (job o run folder) listener stop.Token),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            )

        Ok {
            // Ends without an exception, also where the work ends with one.
            Ended = Task.WhenAny(work :> Task)
            End = fun () -> how s work
            Stop = stop.Cancel
        }

    /// Does the runs of a sweep that are not done yet, and writes `sweep.json`: the study as far as it is done, and how
    /// it ended.
    let sweep
        (o: InProcess)
        (p: PreparedSweep)
        (emit: StudyEvent -> unit)
        (stop: CancellationToken)
        : Result<Study * StudyEnd, string> =
        result {
            use! _held = SweepFolder.lock p
            do! SweepFolder.checkPlan p
            do! SweepFolder.save p (SweepFolder.study p (SweepFolder.there p))

            let ended =
                StudyRunner.run p.Settings (start o p.Settings) p.Jobs Map.empty emit stop

            let study = SweepFolder.study p ended.Results
            do! SweepFolder.save p study
            return study, ended
        }
