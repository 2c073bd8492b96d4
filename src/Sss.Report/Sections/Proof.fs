namespace Sss.Report

open Giraffe.ViewEngine
open Sss.Files

/// Whether the selected network is the same function, and what it has to be compared with.
[<RequireQualifiedAccess>]
module internal Proof =

    /// The verdict.
    let exactness (facts: RunFacts) : XmlNode list =
        match facts.Result with
        | None -> []
        | Some r ->
            let e = r.Exactness
            let isExact = e.Verdict = "exact"

            [
                Markup.section "exactness" "Exactness" [
                    p [ _class (if isExact then "verdict good" else "verdict bad") ] [
                        strong [] [ str (if isExact then "✓ exact" else "✗ " + e.Verdict) ]
                        str (
                            if isExact then
                                " – on the same inputs the selected network and the trained network "
                                + "with its zeros give the same scores, up to rounding."
                            else
                                " – the selected network gives other scores than the trained one."
                        )
                    ]
                    Markup.facts [
                        "largest difference, relative", Words.tiny e.MaxRel
                        "largest difference, absolute", Words.tiny e.MaxAbs
                        "same class", Words.percent e.ArgmaxAgree
                        "inputs", Words.grouped (int64 e.Inputs)
                    ]
                    Markup.note
                        "The inputs are random images and test images. Relative: the largest \
                         difference of an input's scores over its largest score."
                ]
            ]

    let private deviation (control: ControlFacts) =
        match control.Deviation with
        | Some d -> $"{Words.percent control.Accuracy} ± {Words.percent d}"
        | None -> Words.percent control.Accuracy

    let private difference (r: RunResult) (control: ControlFacts) =
        let points = 100.0 * (r.Test.Accuracy - control.Accuracy)
        let sign = if points >= 0.0 then "+" else "−"
        let size = Words.percent (abs points / 100.0)
        sign + size.Replace(" %", "")

    /// The controls.
    let controls (facts: RunFacts) : XmlNode list =
        match facts.Controls, facts.Result with
        | controls, Some r when not controls.IsEmpty ->
            let row (name: string) (macs: int64) seeds accuracy delta = [
                [ str name ]
                [ str (Words.grouped macs) ]
                [ str seeds ]
                [ str accuracy ]
                [ str delta ]
            ]

            [
                Markup.section "controls" "Controls" [
                    Markup.note
                        "What the same effort gives without selection. The last column is how many \
                         points of accuracy the selected network is ahead."
                    Markup.table "Controls" [
                        "network", Markup.Text
                        "macs", Markup.Number
                        "runs", Markup.Number
                        "accuracy", Markup.Number
                        "selected is ahead by", Markup.Number
                    ] [
                        row
                            "selected (this run)"
                            r.Selected.Macs
                            "1"
                            (Words.percent r.Test.Accuracy)
                            ""
                        for c in controls do
                            row c.Name c.Macs (string c.Seeds) (deviation c) (difference r c)
                    ]
                ]
            ]
        | _ -> []
