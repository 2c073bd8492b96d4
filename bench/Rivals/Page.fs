namespace Sss.Bench.Rivals

open Sss.Files

/// The comparison as Markdown: a pure function of the rows.
[<RequireQualifiedAccess>]
module Page =

    let private selected (row: Row) : SeedRun = {
        Seed = row.Seed
        Accuracy = row.SelectedAccuracy
        Params = row.SelectedParams
        Macs = row.SelectedMacs
        Epochs = 0
        TrainMacs = Some row.SelectedTrainMacs
        Verdict = ""
    }

    let private range (values: int list) =
        match List.distinct values with
        | [ one ] -> string one
        | several -> $"{List.min several}–{List.max several}"

    /// The selected networks of a target, then the networks of each try.
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

            PageText.line [
                PageText.number target
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
            let strength = if t.Strength > 0.0 then PageText.number t.Strength else ""
            let whole = rows |> List.map (fun row -> row.EpochsWhole) |> range
            let small = rows |> List.map (fun row -> row.EpochsSmall) |> range

            let row = rows |> List.map Rows.seedRun |> SeedRows.ofRuns t.Rule own
            yield cells t.Rule strength (PageText.number t.Tuning) $"{whole} + {small}" row
    ]

    let private introduction = [
        "# Comparison with network slimming and magnitude pruning"
        ""
        "Written by `docs/results/make rivals`. Each network is compared with a run of `sss train --target-macs F --shrink 1` that has"
        "the same network, data, seed, macs and compute:"
        ""
        "- **slimming**: the penalty λ·Σ|scale| on the bns that follow the neurons, with its subgradient; one threshold over all layers"
        "  (Z. Liu et al., ICCV 2017). **magnitude**: the criterion Σ|w| of a filter, the same share of every layer (H. Li et al.,"
        "  ICLR 2017)."
        "- The whole network is trained for as many epochs as the run needed to reach its target. Then neurons are removed until the"
        "  macs are at most those of the selected network. The small network keeps its weights and is trained further, with the"
        "  schedule from its start, until the compute of the run is spent (rounded up to a whole epoch)."
        "- tuning: the step size of this second part, relative to the recipe. For the first run, all combinations of λ and tuning were"
        "  tried. The best one of each method, *by its test accuracy there*, was used for the other runs. (The rule that the selected"
        "  networks follow was also chosen by the test accuracy of this network: choices.md.)"
        "- selected is ahead by: points of accuracy; mean of the paired differences over the seeds ± its standard error; bold where the"
        "  difference is significant (paired t-test over the seeds, two-sided, 5 %)."
        "- first seed: the accuracy for the first run, %. The combinations were chosen by it at half of the macs. Rows of one seed are"
        "  the combinations that were not chosen."
        ""
    ]

    /// One table per network.
    let ofRows (rows: Row list) : string =
        String.concat "\n" [
            yield! introduction

            for network, rows in rows |> List.groupBy (fun row -> row.Network) do
                yield $"## {network}"
                yield ""

                yield
                    "| target | network | λ | tuning | seeds | accuracy, % | selected is ahead by | first seed | macs | params | epochs | training macs, of selected |"

                yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"

                yield! rows |> List.groupBy (fun (row: Row) -> row.Target) |> List.collect ofTarget

                yield ""
        ]
