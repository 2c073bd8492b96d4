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

    let private achieves (quality: Quality) =
        match quality with
        | Quality.Classification accuracy ->
            $"gets {ReadableNumber.percent accuracy} of the test images right"
        | Quality.Segmentation _
        | Quality.MultiLabel _
        | Quality.Regression _ -> $"has {Metric.ofQuality quality} on the test images"

    /// The run in one sentence.
    let sentence (facts: RunFacts) =
        match costs facts, facts.Result with
        | Some(_, macs, _, left), Some r ->
            let verdict =
                if r.Exactness.Verdict = "exact" then
                    "the same function as the trained network"
                else
                    "NOT the same function as the trained network"

            $"The selected network keeps {ReadableNumber.percent (ReadableNumber.share left macs)} of the macs, \
              {achieves r.Test.Quality}, and is {verdict}."
        | Some(_, macs, _, left), None ->
            $"The selected network keeps {ReadableNumber.percent (ReadableNumber.share left macs)} of the macs."
        | None, _ -> "No network was selected from this run."

    /// The main metric in a card, with the others below it.
    let private quality (r: RunResult) =
        let images = ReadableNumber.grouped (int64 r.Test.Count)

        match r.Test.Quality with
        | Quality.Classification accuracy ->
            let right = int64 (round (accuracy * float r.Test.Count))

            card
                "Accuracy"
                (ReadableNumber.percent accuracy)
                $"{ReadableNumber.grouped right} of {images} test images"
                (Some accuracy)
        | Quality.Segmentation _
        | Quality.MultiLabel _
        | Quality.Regression _ ->
            let main = Quality.main r.Test.Quality
            let others = Quality.metrics r.Test.Quality |> List.tail |> List.map Metric.text

            card
                (string (System.Char.ToUpperInvariant main.Name[0]) + main.Name.Substring 1)
                (Metric.value main)
                (String.concat ", " (others @ [ $"{images} test images" ]))
                (if main.IsFraction then Some main.Value else None)

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
                quality r

                for output in r.Test.Outputs do
                    let main = Quality.main output.Quality

                    card
                        $"Output {output.Name}"
                        (Metric.value main)
                        $"{main.Name}, loss {output.Loss:``0.0000``}"
                        (if main.IsFraction then Some main.Value else None)

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
        | Node.Concat _
        | Node.Output _ -> false

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

            if not (Network.outputs network).IsEmpty then
                li [] [ mark "end"; str "end of a further output" ]

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
