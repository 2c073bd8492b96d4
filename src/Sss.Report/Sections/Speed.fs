namespace Sss.Report

open Giraffe.ViewEngine

/// Measured times.
[<RequireQualifiedAccess>]
module internal Speed =

    let private timing (t: Timing) = [
        str (ReadableNumber.milliseconds t.Median)
        span [ _class "note" ] [
            str $" {ReadableNumber.milliseconds t.Low} to {ReadableNumber.milliseconds t.High}"
        ]
    ]

    let private row most (r: LatencyRow) = [
        [ str r.Engine ]
        [ str (string r.Batch) ]
        timing r.Dense
        timing r.Selected
        [
            Markup.bar (r.Dense.Median / most r)
            Markup.bar (r.Selected.Median / most r)
        ]
        [
            strong [] [
                str (
                    r.Speedup.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture)
                    + "×"
                )
            ]
        ]
    ]

    /// The table of `bench.json`.
    let section (facts: RunFacts) : XmlNode list =
        match facts.Latency with
        | None -> []
        | Some latency ->
            let threads =
                if latency.Threads = 1 then
                    "1 thread"
                else
                    $"{latency.Threads} threads"

            let most (r: LatencyRow) = max r.Dense.Median r.Selected.Median

            [
                Markup.section "latency" "Latency" [
                    Markup.note
                        $"Milliseconds a batch on {threads}: the median, and where the middle half of \
                          the measurements lies; the speed-up is that of the lower ends. Bars: the whole network above, the selected one below."

                    Markup.table
                        "Latency"
                        [
                            "engine", Markup.Text
                            "batch", Markup.Number
                            "whole network", Markup.Number
                            "selected", Markup.Number
                            "compared", Markup.Drawing
                            "speed-up", Markup.Number
                        ]
                        (List.map (row most) latency.Rows)
                ]
            ]
