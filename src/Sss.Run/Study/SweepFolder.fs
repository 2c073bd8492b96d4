namespace Sss.Torch

open System
open System.IO
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// A sweep that is about to run.
type PreparedSweep = {
    Settings: StudySettings
    Points: StudyPoint list
    Jobs: StudyJob list
    /// Without its runs.
    Empty: Study
}

/// The folder of a sweep: `sweep.json` and the runs below it.
[<RequireQualifiedAccess>]
module SweepFolder =

    /// A sweep of these points and seeds. `data`: the name of the data set. `own`: what else identifies the
    /// sweep, item by item; jobs at a time and threads are not part of that.
    let make
        (s: StudySettings)
        (points: StudyPoint list)
        (seeds: int list)
        (withControls: bool)
        (data: string)
        (own: (string * string) list)
        : PreparedSweep = {
        Settings = s
        Points = points
        Jobs = StudyPlan.sweep points seeds withControls
        Empty = {
            Plan = [
                "network", Language.print s.Network
                "recipe", RecipeJson.toText s.Recipe
                yield! own
                "points", String.Join(", ", points |> List.map _.Label)
                "seeds", String.Join(", ", List.map string seeds)
                "controls", (if withControls then "yes" else "no")
            ]
            Network = s.Network.Name
            Data = data
            Points = points |> List.map _.Label
            Seeds = seeds
            Control = withControls
            Runs = []
            Benches = []
            Missing = []
        }
    }

    /// Whether every run of a sweep has a recipe that can be trained; known before any data is read.
    let checkRecipes (method: FactorMethod) (p: PreparedSweep) : Result<unit, PipelineError> =
        p.Jobs
        |> List.choose (fun job -> StudyRecipe.ofJob p.Settings.Recipe job None)
        |> List.traverseResultM (TrainRule.check method p.Settings.Network)
        |> Result.ignore
        |> Result.mapError NotTrained

    /// Whether the data has what the network and the loss need, and the folder can be written to.
    let checkData (dataset: Dataset) (p: PreparedSweep) : Result<unit, PipelineError> =
        let s = p.Settings

        TargetFit.loss s.Network s.Recipe dataset
        |> Result.bind (fun () -> Dataset.fits s.Network dataset)
        |> Result.bind (fun () -> RunFolder.prepare s.Out)
        |> Result.mapError BadFile

    let private file (p: PreparedSweep) =
        Path.Combine(p.Settings.Out, StudyFile.fileName)

    /// `bench.json` of a point's first seed.
    let bench (p: PreparedSweep) (point: StudyPoint) : string =
        StudyPlan.sweep [ point ] (List.truncate 1 p.Empty.Seeds) false
        |> List.head
        |> fun job -> Path.Combine(StudyJobs.folder p.Settings job, "bench.json")

    /// The lines that say in what a file's plan differs, for the given items; empty where it does not.
    let differences
        (path: string)
        (there: Study)
        (here: Study)
        (isAsked: string -> bool)
        : string list =
        let only (study: Study) =
            study.Plan |> List.filter (fst >> isAsked)

        match Study.differences (only there) (only here) with
        | [] -> []
        | differences -> [
            $"{path} belongs to another sweep:"
            for name, there, here in differences do
                $"  {name}: {there} there, {here} here"
          ]

    /// A folder holds one sweep: fails where another one is there.
    let checkPlan (p: PreparedSweep) : Result<unit, string> =
        let path = file p

        if not (File.Exists path) then
            Ok()
        else
            StudyFile.read path
            |> Result.mapError (FileError.messageIn p.Settings.Wording)
            |> Result.bind (fun there ->
                match differences path there p.Empty (fun _ -> true) with
                | [] -> Ok()
                | lines -> Error(String.Join("\n", lines @ [ p.Settings.Wording.SameSweep ]))
            )

    /// Two sweeps in one folder would do each run twice. Held until it is disposed.
    let lock (p: PreparedSweep) : Result<FileStream, string> =
        FolderLock.take p.Settings.Out
        |> Result.mapError (
            function
            | NotAvailable _ ->
                $"Another sweep is using {Escape.line p.Settings.Out}; wait for it, or \
                  {p.Settings.Wording.OtherFolder}."
            | error -> FileError.messageIn p.Settings.Wording error
        )

    /// The results that are there already, by the runs' folders.
    let there (p: PreparedSweep) : Map<string, RunResult> =
        p.Jobs
        |> List.choose (fun job ->
            match StudyJobs.finished p.Settings job with
            | Ok(Some result) -> Some(job.Folder, result)
            | _ -> None
        )
        |> Map.ofList

    /// The study as far as it is done.
    let study (p: PreparedSweep) (results: Map<string, RunResult>) : Study = {
        p.Empty with
            Runs = StudyJobs.collect p.Settings p.Jobs results
            Missing = StudyJobs.missing p.Jobs results
            Benches = [
                for point in p.Points do
                    let file = bench p point

                    if File.Exists file then
                        point.Label, File.ReadAllText(file).Trim()
            ]
    }

    /// Writes `sweep.json`.
    let save (p: PreparedSweep) (study: Study) : Result<unit, string> =
        StudyFile.write (file p) study
        |> Result.mapError (FileError.messageIn p.Settings.Wording)
