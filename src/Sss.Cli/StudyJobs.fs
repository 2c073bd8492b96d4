namespace Sss.Cli

open System
open System.IO
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch

/// How the runs of a study are done.
type StudySettings = {
    /// The study's folder.
    Out: string
    Network: Network
    /// What the runs' recipes are made from.
    Recipe: Recipe
    /// Words that every `sss train` of the study gets: data set, number of images, ….
    Words: string list
    /// The weights that the selected and the dense networks start from; None: random ones.
    Init: string option
    /// Of each run.
    Threads: int
    /// Runs at the same time.
    Jobs: int
}

/// Files of a study's runs: `FOLDER.sss` with network and recipe, `FOLDER.log`, and the run's own
/// folder.
[<RequireQualifiedAccess>]
module StudyJobs =

    /// A run's folder.
    let folder (s: StudySettings) (job: StudyJob) = Path.Combine(s.Out, job.Folder)

    /// What a run is called in messages.
    let label (job: StudyJob) =
        let point =
            match job.Point with
            | Some point when point.Folder <> "" -> $"{point.Label}, "
            | _ -> ""

        $"{point}seed {job.Seed}, {StudyKind.word job.Kind}"

    let private selected (folder: string) =
        Pipeline.loadText (RunFolder.file folder $"{RunFolder.selected}.sss")
        |> Result.map (fun (_, parsed) -> parsed.Network)
        |> Result.mapError PipelineError.message

    /// The network that a job trains.
    let private network (s: StudySettings) (job: StudyJob) (after: RunResult option) =
        match job.Kind, job.After, after with
        | (StudyKind.Selected | StudyKind.Dense), _, _ -> Ok s.Network
        | (StudyKind.ScratchE | StudyKind.ScratchB), Some folder, Some _ ->
            selected (Path.Combine(s.Out, folder)) |> Result.map Uniform.plain
        | StudyKind.Uniform, _, Some run ->
            Uniform.within run.Selected.Macs s.Network
            |> Option.map _.Network
            |> Result.requireSome
                $"even one channel per layer is more than {Number.grouped run.Selected.Macs} macs"
        | _ -> Error "the run that it depends on is missing"

    /// The text that a job is started from.
    let private text (s: StudySettings) (job: StudyJob) (after: RunResult option) =
        result {
            let! network = network s job after

            let! recipe =
                StudyRecipe.ofJob s.Recipe job after
                |> Result.requireSome "result.json of its run does not record the cost of training"

            return Language.printWithRecipe network recipe
        }

    /// The result of a run that is at its end; None: it is not.
    let finished (s: StudySettings) (job: StudyJob) : Result<RunResult option, string> =
        let path = RunFolder.file (folder s job) "result.json"

        if not (File.Exists path) then
            Ok None
        else
            match ResultFile.read path with
            | Error error -> Error(FileError.message error)
            | Ok run when run.Exactness.Verdict = "exact" -> Ok(Some run)
            | Ok run -> Error $"its selected network is {run.Exactness.Verdict}"

    /// Writes the text of a job, unless it is there. A text that is there and differs is an error:
    /// the folder is of another study.
    let prepare (s: StudySettings) (job: StudyJob) (after: RunResult option) =
        result {
            let! text = text s job after
            let path = folder s job + ".sss"

            let! there =
                (if File.Exists path then
                     RegularFile.text path |> Result.map Some
                 else
                     Ok None)
                |> Result.mapError FileError.message

            match there with
            | Some other when other <> text ->
                return!
                    Error
                        $"{path} holds another network or recipe; take it and its run away, or choose \
                          another --out"
            | Some _ -> return! finished s job
            | None ->
                do! AtomicFile.writeText path text |> Result.mapError FileError.message
                return! finished s job
        }

    /// What a selected network's run left of each layer, and that network's text; nothing where a file is
    /// not there.
    let private left (folder: string) =
        let load name =
            Pipeline.loadText (RunFolder.file folder $"{name}.sss") |> Result.toOption

        let selected = load RunFolder.selected

        match load RunFolder.network, selected with
        | Some(_, dense), Some(text, selected) ->
            Study.layersKept dense.Network selected.Network, Some text
        | _ -> [], Option.map fst selected

    /// The runs of a plan that are done, for tables and pages.
    let collect (s: StudySettings) (jobs: StudyJob list) (results: Map<string, RunResult>) = [
        for job in jobs do
            match Map.tryFind job.Folder results with
            | None -> ()
            | Some result ->
                let layers, selected =
                    if job.Kind = StudyKind.Selected then
                        left (folder s job)
                    else
                        [], None

                {
                    Kind = job.Kind
                    Point = job.Point |> Option.map _.Label
                    Seed = job.Seed
                    Folder = job.Folder
                    // Tables are made from the runs; what one run's file says of the others is left out.
                    Result = {
                        result with
                            Repeats = None
                            Controls = []
                    }
                    Layers = layers
                    Selected = selected
                }
    ]

    /// Folders of the runs of a plan that are not done.
    let missing (jobs: StudyJob list) (results: Map<string, RunResult>) : string list =
        jobs
        |> List.map _.Folder
        |> List.filter (fun folder -> not (Map.containsKey folder results))

    /// Networks from scratch start at random, also where the others start from trained weights.
    let private start (s: StudySettings) (job: StudyJob) =
        match job.Kind, s.Init with
        | (StudyKind.Selected | StudyKind.Dense), Some weights -> [ "--init"; weights ]
        | (StudyKind.ScratchE | StudyKind.ScratchB | StudyKind.Uniform), _
        | _, None -> []

    /// The arguments of a run's `sss train`.
    let words (s: StudySettings) (job: StudyJob) : string list =
        let folder = folder s job

        [
            "train"
            folder + ".sss"
            "--out"
            folder
            "--threads"
            string s.Threads
            "--resume"
            "--quiet"
            // A report of 4 MB per control would be most of the study.
            if job.Kind <> StudyKind.Selected then
                "--no-report"
        ]
        @ start s job
        @ s.Words

    /// Threads for each of this many runs at once, from the total that the machine has or the user gives.
    let threads (all: int option) (jobs: int) : int =
        max 1 ((all |> Option.defaultValue Environment.ProcessorCount) / jobs)
