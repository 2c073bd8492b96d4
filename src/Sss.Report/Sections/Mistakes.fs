namespace Sss.Report

open Giraffe.ViewEngine
open Sss.Core
open Sss.Files

/// What the selected network gets wrong, beside the dense one where that was trained: whether its probabilities can be
/// trusted, and the worst pictures.
[<RequireQualifiedAccess>]
module internal Mistakes =

    /// A number and its sign stay on one line.
    let private percent (value: float) =
        (ReadableNumber.percent value).Replace(' ', '\u00a0')

    /// The share of the answers of a bin that is right, or what else there is instead of it.
    let private share (bin: CalibrationBin option) value =
        match bin with
        | Some bin when bin.Count > 0 -> percent (value bin)
        | Some _
        | None -> "–"

    let private bins (d: RunDiagnosis) (selected: Calibration) =
        let dense = d.DenseCalibration |> Option.map _.Bins |> Option.defaultValue []
        let hasDense = not dense.IsEmpty
        let width = 100.0 / float (max 1 selected.Bins.Length)

        let cells i (bin: CalibrationBin) =
            let beside = List.tryItem i dense

            [
                [ str $"{width * float i:``0``} to {width * float (i + 1):``0``} %%" ]
                [ str (string bin.Count) ]
                [ str (share (Some bin) _.Confidence) ]
                [
                    span [ _class "share" ] [ str (share (Some bin) _.Accuracy) ]
                    Markup.bar bin.Accuracy
                ]
                if hasDense then
                    [
                        str (
                            beside
                            |> Option.map (fun b -> string b.Count)
                            |> Option.defaultValue "–"
                        )
                    ]

                    [ str (share beside _.Accuracy) ]
            ]

        Markup.table
            "Calibration"
            [
                "probability", Markup.Text
                "images", Markup.Number
                "mean", Markup.Number
                "right", Markup.Drawing
                if hasDense then
                    "images, dense", Markup.Number
                    "right, dense", Markup.Number
            ]
            (selected.Bins |> List.mapi cells)

    let private calibration (d: RunDiagnosis) = [
        match d.Calibration with
        | None -> ()
        | Some selected ->
            let pairs = [
                "calibration error", percent selected.Error
                match d.DenseCalibration with
                | Some dense -> "dense network's", percent dense.Error
                | None -> ()
            ]

            Markup.facts pairs

            Markup.note
                "How far the probability of the predicted class is from how often that class is right, on average over \
                 the test images, in 15 bins. 0 is best. A network that is right less often than its probabilities say \
                 is too sure."

            details [] [ summary [] [ str "The bins" ]; bins d selected ]
    ]

    /// A picture with its class, and what the network takes it for. `source`: the address of its small picture.
    let private card (source: WorstPicture -> string option) (p: WorstPicture) =
        figure [ _class "mistake" ] [
            match source p with
            | Some address ->
                img [ _src address; _alt $"{p.Name}, of class {p.Class}"; _class "thumbnail" ]
            | None -> div [ _class "thumbnail" ] []
            figcaption [] [
                div [] [ strong [] [ str p.Class ]; str $" {percent p.Probability}" ]
                div [] [ str $"taken for {p.TakenFor} {percent p.Confidence}" ]
                div [ _class "note" ] [ str p.Name ]
            ]
        ]

    let private pictures (facts: RunFacts) (worst: WorstPicture list) =
        div [ _class "mistakes" ] [
            for picture in worst do
                card
                    (fun p ->
                        p.Picture |> Option.bind (fun file -> Map.tryFind file facts.Thumbnails)
                    )
                    picture
        ]

    /// In how many of the pictures both networks are far off.
    let private shared (d: RunDiagnosis) =
        let ofDense = d.DenseWorst |> List.map _.Index |> Set.ofList
        d.Worst |> List.filter (fun p -> ofDense.Contains p.Index) |> List.length

    let private worst (facts: RunFacts) (d: RunDiagnosis) = [
        if not d.Worst.IsEmpty then
            h3 [] [
                str (
                    if d.DenseWorst.IsEmpty then
                        "The worst pictures"
                    else
                        "The selected network's worst pictures"
                )
            ]

            Markup.note
                "The test images with the highest loss, as the network sees them: the class of each with its \
                 probability, and the class that it is taken for."

            pictures facts d.Worst

        if not d.DenseWorst.IsEmpty then
            h3 [] [ str "The dense network's worst pictures" ]

            Markup.note
                $"The same of the dense network with the same seed. {shared d} of these {d.DenseWorst.Length} are among the \
                  selected network's worst too."

            pictures facts d.DenseWorst
    ]

    /// The section; empty where `result.json` knows nothing of it.
    let section (facts: RunFacts) : XmlNode list =
        match facts.Result with
        | Some { Diagnosis = d } when
            d.Calibration.IsSome || not d.Worst.IsEmpty || not d.DenseWorst.IsEmpty
              ->
              [
                  Markup.section "mistakes" "Mistakes" [
                      yield! calibration d
                      yield! worst facts d
                  ]
              ]
        | Some _
        | None -> []
