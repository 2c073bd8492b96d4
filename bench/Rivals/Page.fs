namespace Sss.Bench.Rivals

open System.Globalization
open Sss.Files

/// The comparison as Markdown: a pure function of the rows.
[<RequireQualifiedAccess>]
module Page =

    let private line cells = "| " + String.concat " | " cells + " |"

    let private number (value: float) =
        value.ToString("0.####", CultureInfo.InvariantCulture)

    let private selected (row: Row) : SeedRun = {
        Seed = row.Seed
        Accuracy = row.SelectedAccuracy
        Params = row.SelectedParams
        Macs = row.SelectedMacs
        Epochs = 0
        TrainMacs = Some row.SelectedTrainMacs
        Verdict = ""
    }

    let private rival (row: Row) : SeedRun = {
        Seed = row.Seed
        Accuracy = row.Accuracy
        Params = row.Params
        Macs = row.Macs
        Epochs = row.EpochsWhole + row.EpochsSmall
        TrainMacs = Some row.TrainMacs
        Verdict = ""
    }

    let private range (values: int list) =
        match List.distinct values with
        | [ one ] -> string one
        | several -> $"{List.min several}–{List.max several}"

    /// The selected networks of a target, then each try beside them.
    let private ofTarget (target: float, rows: Row list) : string list = [
        let own = rows |> List.map selected |> List.distinctBy _.Seed
        let all = SeedRows.ofRuns "selected" [] own

        let cells
            (name: string)
            (strength: string)
            (tuning: string)
            (epochs: string)
            (row: SeedRow)
            =
            // Of the runs of the same seeds.
            let spent =
                SeedRows.pairs own row.Runs |> List.choose (fst >> _.TrainMacs) |> List.average

            line [
                number target
                name
                strength
                tuning
                string row.Seeds
                RowText.accuracy row
                RowText.marked all row
                RowText.percent (row.Runs |> List.minBy _.Seed).Accuracy
                RowText.grouped row.Macs
                RowText.grouped row.Params
                epochs
                match SeedRows.trainMacs row with
                | Some macs -> RowText.share macs spent
                | None -> "–"
            ]

        yield cells "selected" "" "" "" all

        for t, rows in rows |> List.groupBy (fun row -> row.Try) do
            let strength = if t.Strength > 0.0 then number t.Strength else ""
            let whole = rows |> List.map (fun row -> row.EpochsWhole) |> range
            let small = rows |> List.map (fun row -> row.EpochsSmall) |> range

            let row = rows |> List.map rival |> SeedRows.ofRuns t.Rule own
            yield cells t.Rule strength (number t.Tuning) $"{whole} + {small}" row
    ]

    let private introduction = [
        "# Beside network slimming and magnitude pruning"
        ""
        "Written by `docs/results/make rivals`. The same network, data, seed, macs and compute as runs of"
        "`sss train --target-macs F --shrink 1`:"
        ""
        "- **slimming**: λ·Σ|scale| over the bns behind the neurons, by its subgradient; one threshold over all layers (Z. Liu"
        "  et al., ICCV 2017). **magnitude**: Σ|w| of a filter, the same share of every layer (H. Li et al., ICLR 2017)."
        "- The whole network is trained for as many epochs as the run had to reach its target; neurons go until the macs are at"
        "  most those of the selected network; the small network is trained on with the weights that it has, the schedule from"
        "  its start, until the compute of the run is spent (to the next whole epoch, so a little more)."
        "- tuning: the step size of that second part over the recipe's. λ and tuning were tried in all combinations beside the"
        "  first run, and the best of each rule *by its test accuracy there* was taken to the others. (The rule that the selected"
        "  networks follow was chosen by this network's test accuracy, too: choices.md.)"
        "- selected is ahead by: points of accuracy; mean of the differences seed by seed ± its standard error; bold where that is"
        "  beyond chance (paired t-test over the seeds, two-sided, 5 %)."
        "- first seed: the accuracy beside the first run, %, by which the tries were chosen at half of the macs. Rows of one seed"
        "  are the tries that were not taken."
        ""
    ]

    /// Tables, one a network.
    let ofRows (rows: Row list) : string =
        String.concat "\n" [
            yield! introduction

            for network, rows in rows |> List.groupBy (fun row -> row.Network) do
                yield $"## {network}"
                yield ""

                yield
                    "| target | network | λ | tuning | seeds | accuracy, % | selected is ahead by | first seed | macs | params | epochs | training macs, of selected's |"

                yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"

                yield! rows |> List.groupBy (fun (row: Row) -> row.Target) |> List.collect ofTarget

                yield ""
        ]
