namespace Sss.Report

open Giraffe.ViewEngine
open Sss.Core
open Sss.Files

/// What a reader wants to know first, and the picture.
[<RequireQualifiedAccess>]
module internal Overview =

    let private card (title: string) (value: string) (detail: string) (bar: float option) =
        div [ _class "card" ] [
            div [ _class "card-title" ] [ str title ]
            div [ _class "card-value" ] [ str value ]
            div [ _class "card-detail" ] [ str detail ]
            match bar with
            | Some fraction -> Markup.bar fraction
            | None -> ()
        ]

    let private cost (title: string) (before: int64) (after: int64) =
        let share = ReadableNumber.share after before

        card
            title
            (ReadableNumber.percent share)
            $"{ReadableNumber.grouped after} of {ReadableNumber.grouped before}"
            (Some share)

    let private costs (facts: RunFacts) =
        match facts.Result, facts.Dense, facts.Selected with
        | Some r, _, _ -> Some(r.Dense.Params, r.Dense.Macs, r.Selected.Params, r.Selected.Macs)
        | None, Some dense, Some selected ->
            let before, after = Cost.ofNetwork dense.Network, Cost.ofNetwork selected.Network
            Some(before.Params, before.Macs, after.Params, after.Macs)
        | _ -> None

    /// The name of the run's network.
    let name (facts: RunFacts) =
        match facts.Result, facts.Dense, facts.Selected with
        | Some r, _, _ -> r.Network
        | None, Some n, _
        | None, None, Some n -> n.Network.Name
        | None, None, None -> "run"

    /// The run in one sentence.
    let sentence (facts: RunFacts) =
        match costs facts, facts.Result with
        | Some(_, macs, _, left), Some r ->
            let verdict =
                if r.Exactness.Verdict = "exact" then
                    "the same function as the trained network"
                else
                    "NOT the same function as the trained network"

            $"The selected network keeps {ReadableNumber.percent (ReadableNumber.share left macs)} of the macs, gets \
              {ReadableNumber.percent r.Test.Accuracy} of the test images right, and is {verdict}."
        | Some(_, macs, _, left), None ->
            $"The selected network keeps {ReadableNumber.percent (ReadableNumber.share left macs)} of the macs."
        | None, _ -> "No network was selected from this run."

    let private accuracy (r: RunResult) =
        let right = int64 (round (r.Test.Accuracy * float r.Test.Count))

        card
            "Accuracy"
            (ReadableNumber.percent r.Test.Accuracy)
            $"{ReadableNumber.grouped right} of {ReadableNumber.grouped (int64 r.Test.Count)} test images"
            (Some r.Test.Accuracy)

    /// The numbers at the top.
    let cards (facts: RunFacts) : XmlNode =
        div [ _class "cards" ] [
            match costs facts with
            | Some(paramsBefore, macsBefore, paramsAfter, macsAfter) ->
                cost "Macs kept" macsBefore macsAfter
                cost "Params kept" paramsBefore paramsAfter
            | None -> ()
            match facts.Result with
            | Some r ->
                accuracy r

                card
                    "Exactness"
                    r.Exactness.Verdict
                    $"largest difference {ReadableNumber.tiny r.Exactness.MaxRel}"
                    None
            | None -> ()
        ]

    let private isGate node =
        match node with
        | Node.Gate _ -> true
        | Node.Layer _
        | Node.Residual _
        | Node.Concat _ -> false

    let private legend (network: Network) =
        ul [ _class "legend" ] [
            let markWith kinds text =
                span [ _class ("swatch " + kinds); attr "aria-hidden" "true" ] [ str text ]

            let mark kinds = markWith kinds ""

            li [] [ mark "kept"; str "kept channels" ]
            li [] [ mark "cut"; str "removed channels" ]
            li [] [ mark "line"; str "signal" ]
            li [] [ mark "line gone"; str "removed path" ]
            li [] [ mark "dot"; str "sum whose block has a factor" ]

            if Seq.exists isGate (Network.nodes network) then
                li [] [ markWith "times" "×"; str "product with what a gate gives" ]

            if Seq.exists PartDrawing.isDivided (Network.layers network) then
                li [] [ mark "divided"; str "a bar's groups or heads" ]
        ]

    /// The network before and after.
    let picture (facts: RunFacts) : XmlNode list =
        match facts.Dense with
        | None -> []
        | Some dense ->
            let most = Picture.mostChannels dense.Network

            let before =
                Picture.draw
                    "The trained network, with what was removed"
                    {
                        Outcome =
                            facts.Selected
                            |> Option.map (fun s -> SelectionOutcome.ofSelected s.Network)
                        MostChannels = most
                    }
                    dense.Network

            [
                Markup.section "picture" "What was removed" [
                    Markup.note
                        "The signal runs from left to right; a bar is a layer with weights, its \
                         height grows with the square root of its channels. Numbers like 32x32 are \
                         the images' extent. Rest the pointer on a bar for its numbers."
                    legend dense.Network
                    h3 [] [ str "Before: the trained network" ]
                    before
                    match facts.Selected with
                    | Some selected ->
                        h3 [] [ str "After: the selected network" ]

                        Picture.draw
                            "The selected network"
                            { Outcome = None; MostChannels = most }
                            selected.Network
                    | None -> Markup.para "There is no selected.sss, so nothing is marked."
                ]
            ]
