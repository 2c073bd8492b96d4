namespace Sss.Bench.Rivals

open System.IO
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// What was fine-tuned from one trained network.
type FineTuning = {
    /// The run that trained it.
    Dense: RunResult
    /// `sss sweep --init`, without a teacher and with the dense network as the teacher.
    Plain: Study
    Taught: Study
    Rows: Row list
}

/// The comparison of fine-tunings as Markdown: a pure function of committed files.
[<RequireQualifiedAccess>]
module FineTuningPage =

    /// The files of a folder.
    let read (folder: string) : Result<FineTuning, FileError> =
        result {
            let file name = Path.Combine(folder, name)
            let! dense = ResultFile.read (file "dense.json")
            let! plain = StudyFile.read (file "selected.json")
            let! taught = StudyFile.read (file "taught.json")
            let! rows = Rows.read (file "rivals.json")

            return {
                Dense = dense
                Plain = plain
                Taught = taught
                Rows = rows
            }
        }

    let private spentBefore (f: FineTuning) =
        f.Dense.Compute |> Option.map _.TrainMacs |> Option.defaultValue 0.0

    /// The selected networks of a point, with the compute of the network that they started from.
    let private selected (f: FineTuning) name point rivals (study: Study) : SeedRow option =
        let whole (run: SeedRun) = {
            run with
                TrainMacs = run.TrainMacs |> Option.map ((+) (spentBefore f))
        }

        match Study.runsOf point StudyKind.Selected study with
        | [] -> None
        | runs ->
            runs
            |> List.map (_.Result >> SeedRows.seedRun >> whole)
            |> SeedRows.ofRuns name rivals
            |> Some

    let private behind (f: FineTuning) (row: SeedRow) =
        let points = 100.0 * (Quality.accuracy f.Dense.Test.Quality - row.Accuracy)
        let sign = if points < 0.0 then "−" else ""
        $"{sign}{RowText.percent (abs points / 100.0)}"

    let private cells (f: FineTuning) point (own: SeedRow) (name: string) (row: SeedRow) =
        let compute =
            match SeedRows.trainMacs row, SeedRows.trainMacs own with
            | Some macs, Some spent -> RowText.share macs spent
            | _ -> "–"

        PageText.line [
            point
            name
            string row.Seeds
            RowText.accuracy row
            behind f row
            RowText.marked own row
            RowText.grouped row.Macs
            RowText.grouped row.Params
            compute
        ]

    let private target (f: FineTuning) (point: string) : string list =
        match selected f "selected" point [] f.Plain with
        | None -> []
        | Some own -> [
            let cells = cells f point own
            cells "selected" own

            match selected f "selected, with a teacher" point own.Runs f.Taught with
            | Some row -> cells "selected, with a teacher" row
            | None -> ()

            let isHere (row: Row) =
                StudyPlan.ofTargets [ row.Target ] |> List.exists (fun p -> p.Label = point)

            let here = List.filter isHere f.Rows

            for t, rows in here |> List.groupBy (fun row -> row.Try) do
                let name =
                    match Try.approach t with
                    | Approach.Scratch -> "scratch-b"
                    | Approach.Prune _ -> $"{t.Rule}, step size × {PageText.number t.Tuning}"

                rows |> List.map Rows.seedRun |> SeedRows.ofRuns t.Rule own.Runs |> cells name
          ]

    let private introduction = [
        "# Fine-tuning a trained network"
        ""
        "Written by `docs/results/make fine-tuning`. A network without factors is trained on Fashion-MNIST. Its copies with factors"
        "start from its weights (`sss sweep --init`) and are trained further on the same images, to a target. Everything has the same"
        "compute in total: the training of the dense network counts for each row."
        ""
        "- **selected, with a teacher**: the same with `--teacher`, the dense network."
        "- **magnitude**, **slimming**: neurons of the dense network are removed by the rule of [rivals.md](rivals.md) (Σ|w| of a filter,"
        "  the same share of every layer; |scale| of the bn, one threshold), until the macs are at most those of the selected network. What is"
        "  left is trained further for the compute of the selected run. Its step size is that of the selected run times the number shown; the"
        "  better one of two was chosen *by its test accuracy* with the first seed at half of the macs, which favours these rows."
        "  Slimming leaves layers without a bn whole (the squeezing layers of gates)."
        "- **scratch-b**: the selected network from random weights, by the recipe of the dense network, with the compute of everything:"
        "  the training of the dense network and the fine-tuning."
        "- behind dense: points of accuracy behind the dense network. Selected is ahead by: mean of the paired differences over the seeds ±"
        "  its standard error; bold where the difference is significant (paired t-test, two-sided, 5 %)."
        ""
    ]

    let private network (f: FineTuning) : string list = [
        yield $"## {f.Dense.Network}"
        yield ""

        yield
            $"The dense network: {RowText.percent (Quality.accuracy f.Dense.Test.Quality)} %% after {f.Dense.Recipe.Epochs} epochs. The fine-tuning:"

        match Study.anySelected f.Plain with
        | Some run ->
            let recipe = run.Result.Recipe
            let holds = PageText.number (TargetCourse.deadline recipe)

            yield
                $"{recipe.Epochs} epochs, step size {PageText.number recipe.Lr}; the epochs until the target holds: {holds}."
        | None -> ()

        yield ""

        yield
            "| target | network | seeds | accuracy, % | behind dense | selected is ahead by | macs | params | training macs, of selected |"

        yield "|---|---|---:|---:|---:|---:|---:|---:|---:|"
        yield! f.Plain.Points |> List.collect (target f)
        yield ""
    ]

    /// One table per network.
    let ofAll (all: FineTuning list) : string =
        String.concat "\n" (introduction @ List.collect network all)
