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
                                " – the selected network does not give the same scores as the trained network."
                        )
                    ]
                    Markup.facts [
                        "largest difference, relative", ReadableNumber.tiny e.MaxRel
                        "largest difference, absolute", ReadableNumber.tiny e.MaxAbs
                        "same class", ReadableNumber.percent e.ArgmaxAgree
                        "inputs", ReadableNumber.grouped (int64 e.Inputs)
                    ]
                    Markup.note
                        "The inputs are random images and test images. Relative: the largest \
                         difference of an input's scores over their scale, which is about how far they \
                         would move if every number of the network were off by its own size."
                ]
            ]

    let private row (share: SeedRow -> string) (r: SeedRow) = [
        [ str r.Name ]
        [ str (RowText.accuracy r) ]
        [ str (RowText.difference r) ]
        [ str (ReadableNumber.grouped r.Macs) ]
        [ str (share r) ]
        [ str (ReadableNumber.grouped r.Params) ]
        [ str (string r.Seeds) ]
        [ str (RowText.epochs r) ]
        [ str (RowText.compute (SeedRows.trainMacs r)) ]
    ]

    /// Rows of one network; `dense`: the whole one's macs.
    let rows (dense: int64) (rows: SeedRow list) : XmlNode =
        let share (r: SeedRow) =
            ReadableNumber.percent (ReadableNumber.share r.Macs dense)

        Markup.table
            "Controls"
            [
                "network", Markup.Text
                "accuracy, %", Markup.Number
                "selected is ahead by", Markup.Number
                "macs", Markup.Number
                "of dense", Markup.Number
                "params", Markup.Number
                "runs", Markup.Number
                "epochs", Markup.Number
                "training macs", Markup.Number
            ]
            (List.map (row share) rows)

    /// A control's file may give its mean alone: then the mean is compared.
    let private compared (own: SeedRow) (control: SeedRow) =
        match control.Difference with
        | Some _ -> control
        | None -> {
            control with
                Difference = Some(own.Accuracy - control.Accuracy)
          }

    /// The controls.
    let controls (facts: RunFacts) : XmlNode list =
        match facts.Controls, facts.Result with
        | controls, Some r when not controls.IsEmpty ->
            let own =
                r.Repeats
                |> Option.defaultWith (fun () ->
                    SeedRows.ofRuns "selected (this run)" [] [ SeedRows.seedRun r ]
                )

            let others =
                controls
                |> List.filter (fun c -> Some c <> r.Repeats)
                |> List.map (compared own)

            [
                Markup.section "controls" "Controls" [
                    Markup.note
                        "What the same effort gives without selection. Accuracy: mean ± standard \
                         deviation over the runs, each from another seed. Selected is ahead by: points of \
                         accuracy, mean of the differences seed by seed ± its standard error. Training \
                         macs: forward multiply-adds of all steps, cuts counted."
                    rows r.Dense.Macs (own :: others)
                ]
            ]
        | _ -> []
