namespace Sss.Report

open Giraffe.ViewEngine
open Sss.Core
open Sss.Files

/// Several runs of one network: accuracy against cost.
[<RequireQualifiedAccess>]
module internal Sweep =

    let private share (p: SweepPoint) =
        ReadableNumber.share p.Selected.Macs p.Result.Dense.Macs

    /// Runs that no other run beats in both accuracy and macs.
    let private frontier (points: SweepPoint list) =
        let beats (a: SweepPoint) (b: SweepPoint) =
            let accuracy, macs = a.Selected.Accuracy, a.Selected.Macs

            accuracy >= b.Selected.Accuracy
            && macs <= b.Selected.Macs
            && (accuracy > b.Selected.Accuracy || macs < b.Selected.Macs)

        points
        |> List.filter (fun b -> not (List.exists (fun a -> beats a b) points))
        |> List.map _.Label
        |> Set.ofList

    /// Each row of each point, by the row's name. The selected networks come first.
    let private series (facts: SweepFacts) (cost: SweepPoint -> SeedRow -> float) =
        facts.Points
        |> List.collect (fun p -> p.Selected :: p.Controls |> List.map (fun row -> p, row))
        |> List.groupBy (fun (_, row) -> row.Name)
        |> List.map (fun (name, all) ->
            name,
            all
            // One dense network serves all points: it is one point of the chart.
            |> List.distinctBy (fun (p, row) -> cost p row, row.Accuracy)
            |> List.map (fun (p, row) ->
                // The names of the selected networks say where the others belong.
                let label =
                    if name = StudyKind.word StudyKind.Dense then name
                    elif name = StudyKind.word StudyKind.Selected then p.Label
                    else ""

                label, cost p row, 100.0 * row.Accuracy
            )
        )

    let private percent (part: int64) (whole: int64) = 100.0 * ReadableNumber.share part whole

    let private accuracy = "accuracy on the test images, %"

    let private how =
        "A point is the mean of a run's seeds; up and to the left is better."

    let private macs (facts: SweepFacts) : PageChart =
        Charts.points
            "pareto"
            "Accuracy against macs"
            how
            "macs, percent of the whole network's"
            accuracy
            (series facts (fun p row -> percent row.Macs p.Result.Dense.Macs))

    let private parameters (facts: SweepFacts) : PageChart =
        Charts.points
            "pareto-params"
            "Accuracy against params"
            how
            "params, percent of the whole network's"
            accuracy
            (series facts (fun p row -> percent row.Params p.Result.Dense.Params))

    /// The largest batch of each engine; the selected networks, and the whole one.
    let private latency (facts: SweepFacts) : PageChart list =
        let measured =
            facts.Points
            |> List.collect (fun p ->
                p.Latency
                |> Option.map _.Rows
                |> Option.defaultValue []
                |> List.map (fun row -> p, row)
            )

        let times =
            measured
            |> List.groupBy (fun (_, row) -> row.Engine)
            |> List.map (fun (engine, rows) ->
                let batch = rows |> List.map (fun (_, row) -> row.Batch) |> List.max

                $"{engine}, batch {batch}",
                rows
                |> List.filter (fun (_, row) -> row.Batch = batch)
                |> List.map (fun (p, row) ->
                    p.Label,
                    100.0 * row.Selected.Median / row.Dense.Median,
                    100.0 * p.Selected.Accuracy
                )
            )

        match times with
        | [] -> []
        | _ -> [
            Charts.points
                "pareto-latency"
                "Accuracy against measured time"
                "A batch of the first seed's selected network against the whole one's, measured one after \
                 the other; accuracy is the mean of the seeds."
                "time, percent of the whole network's"
                accuracy
                times
          ]

    let private row best (p: SweepPoint) =
        let share = share p

        [
            [
                match p.Link with
                | Some link -> a [ _href link ] [ str p.Label ]
                | None -> str p.Label
            ]
            [ str (RowText.accuracy p.Selected) ]
            [ str (ReadableNumber.grouped p.Selected.Macs) ]
            [
                span [ _class "share" ] [ str (ReadableNumber.percent share) ]
                Markup.bar share
            ]
            [ str (ReadableNumber.grouped p.Selected.Params) ]
            [ str (string p.Selected.Seeds) ]
            [ str (RowText.verdict p.Selected) ]
            [ str (if Set.contains p.Label best then "yes" else "no") ]
        ]

    let private controls (facts: SweepFacts) : XmlNode list =
        match facts.Points |> List.filter (fun p -> not p.Controls.IsEmpty) with
        | [] -> []
        | points -> [
            Markup.section "controls" "Controls" [
                Markup.note
                    "What the same effort gives without selection. Accuracy: mean ± standard deviation \
                     over the runs. Selected is ahead by: points of accuracy, mean of the differences seed \
                     by seed ± its standard error."
                for p in points do
                    h3 [] [ str p.Label ]
                    Proof.rows p.Result.Dense.Macs (p.Selected :: p.Controls)
            ]
          ]

    /// The charts and the sections of a sweep.
    let sections (facts: SweepFacts) : PageChart list * XmlNode list =
        let charts = macs facts :: parameters facts :: latency facts
        let best = frontier facts.Points

        charts,
        [
            Markup.section "cost" "Accuracy against cost" (List.map Charts.place charts)
            Markup.section "runs" "The runs" [
                Markup.note "Best: no other run has both higher accuracy and fewer macs."
                Markup.table
                    "Runs"
                    [
                        "run", Markup.Text
                        "accuracy, %", Markup.Number
                        "macs", Markup.Number
                        "share of the macs", Markup.Drawing
                        "params", Markup.Number
                        "seeds", Markup.Number
                        "exactness", Markup.Text
                        "best", Markup.Text
                    ]
                    (List.map (row best) facts.Points)
            ]
            yield! controls facts
        ]
