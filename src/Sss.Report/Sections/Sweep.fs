namespace Sss.Report

open Giraffe.ViewEngine
open Sss.Core

/// Several runs of one network: accuracy against cost.
[<RequireQualifiedAccess>]
module internal Sweep =

    let private share (p: SweepPoint) =
        Words.share p.Result.Selected.Macs p.Result.Dense.Macs

    /// Runs that no other run beats in both accuracy and macs.
    let private frontier (points: SweepPoint list) =
        let beats (a: SweepPoint) (b: SweepPoint) =
            let accuracy, macs = a.Result.Test.Accuracy, a.Result.Selected.Macs

            accuracy >= b.Result.Test.Accuracy
            && macs <= b.Result.Selected.Macs
            && (accuracy > b.Result.Test.Accuracy || macs < b.Result.Selected.Macs)

        points
        |> List.filter (fun b -> not (List.exists (fun a -> beats a b) points))
        |> List.map _.Label
        |> Set.ofList

    let private chart (facts: SweepFacts) : PageChart =
        let dense macs (p: SweepPoint) =
            100.0 * Words.share macs p.Result.Dense.Macs

        let selected =
            facts.Points
            |> List.map (fun p -> p.Label, 100.0 * share p, 100.0 * p.Result.Test.Accuracy)

        let controls =
            facts.Points
            |> List.collect (fun p -> p.Controls |> List.map (fun c -> p, c))
            |> List.groupBy (fun (_, c) -> c.Name)
            |> List.map (fun (name, all) ->
                name, all |> List.map (fun (p, c) -> p.Label, dense c.Macs p, 100.0 * c.Accuracy)
            )

        Charts.points
            "pareto"
            "Accuracy against cost"
            "A point is a run; up and to the left is better."
            "macs, percent of the whole network's"
            "accuracy on the test images, %"
            (("selected", selected) :: controls)

    let private row best (p: SweepPoint) =
        let r = p.Result
        let share = share p

        [
            [
                match p.Link with
                | Some link -> a [ _href link ] [ str p.Label ]
                | None -> str p.Label
            ]
            [ str (Words.percent r.Test.Accuracy) ]
            [ str (Words.grouped r.Selected.Macs) ]
            [ span [ _class "share" ] [ str (Words.percent share) ]; Markup.bar share ]
            [ str (Words.grouped r.Selected.Params) ]
            [ str r.Exactness.Verdict ]
            [ str (if Set.contains p.Label best then "yes" else "no") ]
        ]

    /// The chart and the sections of a sweep.
    let sections (facts: SweepFacts) : PageChart list * XmlNode list =
        let chart = chart facts
        let best = frontier facts.Points

        [ chart ],
        [
            Markup.section "cost" "Accuracy against cost" [ Charts.place chart ]
            Markup.section "runs" "The runs" [
                Markup.note "Best: no other run has both more accuracy and fewer macs."
                Markup.table
                    "Runs"
                    [
                        "run", Markup.Text
                        "accuracy", Markup.Number
                        "macs", Markup.Number
                        "part of the macs", Markup.Drawing
                        "params", Markup.Number
                        "exactness", Markup.Text
                        "best", Markup.Text
                    ]
                    (List.map (row best) facts.Points)
            ]
        ]
