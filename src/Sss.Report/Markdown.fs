namespace Sss.Report

open System.Globalization
open Sss.Dsl
open Sss.Files

/// The tables of studies as a page of Markdown: a pure function of their `sweep.json` files. Nothing
/// of it is a time, so that the same runs give the same page on every machine.
[<RequireQualifiedAccess>]
module Markdown =

    let private escape (text: string) =
        text.Replace("\\", "\\\\").Replace("|", "\\|").Replace("<", "&lt;")

    /// Cells of a row, the first ones to the left, the others to the right.
    let private tableOf (left: int) (heading: string list) (rows: string list list) = [
        let line cells =
            "| " + String.concat " | " (List.map escape cells) + " |"

        line heading

        "|"
        + String.replicate left "---|"
        + String.replicate (heading.Length - left) "---:|"

        for row in rows do
            line row

        ""
    ]

    let private table = tableOf 2

    /// A list as one sentence; nothing if the list is empty.
    let private sentence (start: string) (separator: string) (parts: string list) =
        match parts with
        | [] -> []
        | _ -> [ start + String.concat separator parts + "."; "" ]

    let private dense (study: Study) =
        Study.anySelected study |> Option.map _.Result.Dense

    let private results (study: Study) =
        match dense study with
        | None -> [ "No run of this study is done yet."; "" ]
        | Some size ->
            let row (point: string) selected spent (r: SeedRow) = [
                point
                r.Name
                RowText.accuracy r
                match selected with
                | Some selected -> RowText.marked selected r
                | None -> RowText.difference r
                RowText.grouped r.Macs
                RowText.share (float r.Macs) (float size.Macs)
                RowText.grouped r.Params
                RowText.share (float r.Params) (float size.Params)
                RowText.epochs r
                RowText.compute (SeedRows.trainMacs r)
                match SeedRows.trainMacs r, spent with
                | Some own, Some all -> RowText.share own all
                | _ -> "–"
                RowText.verdict r
            ]

            table [
                "point"
                "network"
                "accuracy, %"
                "selected is ahead by"
                "macs"
                "of dense"
                "params"
                "of dense"
                "epochs"
                "training macs"
                "of selected"
                "verdict"
            ] [
                for point in study.Points do
                    let rows = Study.rows point study

                    let selected = StudyComparison.selected rows
                    let spent = Option.bind SeedRows.trainMacs selected
                    yield! rows |> List.map (row point selected spent)
            ]

    /// Targets are checked for every seed, not for the mean.
    let private range (study: Study) =
        let one point =
            match Study.runsOf point StudyKind.Selected study with
            | [] -> None
            | runs ->
                let shares =
                    runs
                    |> List.map (fun run ->
                        float run.Result.Selected.Macs, float run.Result.Dense.Macs
                    )

                let least, most =
                    shares |> List.minBy (fun (a, b) -> a / b),
                    shares |> List.maxBy (fun (a, b) -> a / b)

                Some
                    $"{escape point}: {RowText.share (fst least) (snd least)} to \
                      {RowText.share (fst most) (snd most)}"

        study.Points
        |> List.choose one
        |> sentence
            "Macs of the selected networks relative to dense, smallest and largest over the seeds: "
            "; "

    let private belowTargets (study: Study) =
        BelowTarget.texts study
        |> List.map escape
        |> sentence "Below their targets: " "; "

    let private seeds (study: Study) =
        table [
            "point"
            "network"
            for seed in study.Seeds do
                $"seed {seed}"
        ] [
            for point in study.Points do
                for row in Study.rows point study do
                    [
                        point
                        row.Name
                        for seed in study.Seeds do
                            match row.Runs |> List.tryFind (fun run -> run.Seed = seed) with
                            | Some run -> RowText.percent run.Accuracy
                            | None -> "missing"
                    ]
        ]

    /// A picture of the part of a layer that is left, in tenths; what is not gone has at least one.
    let private bar (kept: float) (total: int) =
        let tenths =
            if kept > 0.0 then
                max 1 (int (round (10.0 * kept / float (max 1 total))))
            else
                0

        String.replicate tenths "█" + String.replicate (10 - tenths) "░"

    let private layers (study: Study) =
        let columns =
            study.Points |> List.map (fun point -> point, Study.meanLayers point study)

        match columns |> List.tryFind (fun (_, layers) -> not layers.IsEmpty) with
        | None -> []
        | Some(_, all) ->
            let cell name layers =
                match layers |> List.tryFind (fun (layer, _, _, _) -> layer = name) with
                | None -> "–"
                | Some(_, kept: float, total, gone) ->
                    let mean = kept.ToString("0.#", CultureInfo.InvariantCulture)
                    let left = if gone > 0 then $"{mean} (removed in {gone})" else mean
                    left + " " + bar kept total

            table [
                "layer"
                "whole"
                for point, _ in columns do
                    point
            ] [
                for name, _, total, _ in all do
                    [
                        name
                        string total
                        for _, layers in columns do
                            cell name layers
                    ]
            ]

    /// What the runs were computed on, where that was not the CPU at float32 alone.
    let private computed (study: Study) =
        let arithmetic (run: StudyRun) =
            run.Result.Arithmetic
            |> Option.map RunArithmetic.text
            |> Option.defaultValue RunArithmetic.usual

        match study.Runs |> List.countBy arithmetic with
        | [ what, _ ] when what = RunArithmetic.usual -> []
        | parts ->
            parts
            |> List.map (fun (what, runs) -> $"{what}: {runs} runs")
            |> sentence "Computed on " ", "

    let private study (study: Study) = [
        $"## {escape (StudyComparison.title study)}"
        ""
        let seeds' = study.Seeds |> List.map string |> String.concat ", "

        let options =
            study.Plan
            |> List.tryFind (fun (name, _) -> name = "options")
            |> Option.map snd
            |> Option.defaultValue $"--data {study.Data}"

        $"`{options}`, seeds {seeds'}."
        ""
        yield! computed study
        yield! results study
        yield! range study
        yield! belowTargets study
        "Accuracy of each run, %:"
        ""
        yield! seeds study

        yield! study.Missing |> List.map escape |> sentence "Missing runs: " ", "

        match layers study with
        | [] -> ()
        | rows ->
            "Channels that selection kept, mean over the seeds:"
            ""
            yield! rows

        match Study.runsOf (List.head study.Points) StudyKind.Selected study with
        | [] -> ()
        | first :: _ ->
            $"The recipe (of {escape study.Points.Head}, seed {first.Seed}):"
            ""
            "```sss"
            (Language.printRecipe first.Result.Recipe).TrimEnd()
            "```"
            ""
    ]

    let private reading = [
        "How to read the tables:"
        ""
        "- **selected**: trained with the penalty and selected, in one training run. **dense**: the same recipe, but with \
           every γ = 0 and no target."
        "- **scratch-e**: the selected network of the same seed, trained from new random weights for the same number of \
           epochs. **scratch-b**: the same, but for at least as many multiply-adds as the run that selected it spent in \
           training, with the effect of cuts counted."
        "- **uniform**: every layer is narrowed by the same factor, to at most the macs of the selected network of \
           the same seed; trained for the same number of epochs."
        "- accuracy: on the test images; mean ± sample standard deviation over the \
           seeds."
        "- selected is ahead by: points of accuracy; mean of the paired differences over the seeds ± its standard \
           error; **bold** where the difference is significant (paired t-test over the seeds, two-sided, 5 %). Of twenty \
           differences that are only chance, one is expected to be bold."
        "- training macs: forward multiply-adds of all steps. In every row, a backward pass costs about twice as much \
           again."
        "- verdict: whether the selected network computes the same function as the trained network with its zeros."
        ""
    ]

    /// The page. `notes`: a text after the heading.
    let page (notes: string option) (studies: Study list) : string =
        let data = studies |> List.map _.Data |> List.distinct |> String.concat ", "

        [
            $"# Results on {escape data}"
            ""
            "Written by `sss report --markdown` from the `sweep.json` of each study. All numbers in the tables come from these files."
            ""
            match StudyComparison.table studies with
            | Some(heading, rows) ->
                "Differences in accuracy between the selected networks and the others, in points (explained below):"
                ""
                yield! tableOf 1 heading rows
            | None -> ()
            match notes with
            | Some text ->
                text.Trim().Replace("\r\n", "\n")
                ""
            | None -> ()
            yield! reading
            for one in studies do
                yield! study one
        ]
        |> String.concat "\n"
        |> fun text -> text.TrimEnd() + "\n"
