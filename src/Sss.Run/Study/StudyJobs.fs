namespace Sss.Torch

open System.IO
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// How the runs of a study are done.
type StudySettings = {
    /// The study's folder.
    Out: string
    Network: Network
    /// What the runs' recipes are made from.
    Recipe: Recipe
    /// Runs at the same time.
    Jobs: int
    /// Whom errors are for.
    Wording: Wording
}

/// Files of a study's runs: `FOLDER.sss` with network and recipe, and the run's own folder.
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

    let private selected (s: StudySettings) (folder: string) =
        Pipeline.loadText (RunFolder.file folder $"{RunFolder.selected}.sss")
        |> Result.map (fun (_, parsed) -> parsed.Network)
        |> Result.mapError (PipelineError.messageIn s.Wording)

    /// The network that a job trains.
    let private network (s: StudySettings) (job: StudyJob) (after: RunResult option) =
        match job.Kind, job.After, after with
        | (StudyKind.Selected | StudyKind.Dense), _, _ -> Ok s.Network
        | (StudyKind.ScratchE | StudyKind.ScratchB), Some folder, Some _ ->
            selected s (Path.Combine(s.Out, folder)) |> Result.map Uniform.plain
        | StudyKind.Uniform, _, Some run ->
            Uniform.within run.Selected.Macs s.Network
            |> Option.map _.Network
            |> Result.requireSome
                $"even one channel per layer is more than {RowText.grouped run.Selected.Macs} macs"
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
            | Error error -> Error(FileError.messageIn s.Wording error)
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
                |> Result.mapError (FileError.messageIn s.Wording)

            match there with
            | Some other when other <> text ->
                return!
                    Error
                        $"{path} holds another network or recipe; take it and its run away, or \
                          {s.Wording.OtherFolder}"
            | Some _ -> return! finished s job
            | None ->
                do!
                    AtomicFile.writeText path text
                    |> Result.mapError (FileError.messageIn s.Wording)

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
