namespace Sss.Cli

open Sss.Core
open Sss.Files

/// What a network gets wrong, for people.
[<RequireQualifiedAccess>]
module MistakeText =

    /// The calibration error, and a line for each bin with images.
    let calibration (calibration: Calibration option) : string list =
        match calibration with
        | None -> [ ""; "calibration: the images do not have one class each" ]
        | Some c ->
            let width = 1.0 / float Calibration.bins

            let row i (bin: CalibrationBin) = [
                $"{100.0 * width * float i:``0``}-{100.0 * width * float (i + 1):``0``} %%"
                Number.grouped (int64 bin.Count)
                Number.percent bin.Confidence
                Number.percent bin.Accuracy
            ]

            let rows =
                c.Bins
                |> List.indexed
                |> List.filter (fun (_, bin) -> bin.Count > 0)
                |> List.map (fun (i, bin) -> row i bin)

            [
                ""
                $"calibration error {Number.percent c.Error}: the mean difference of probability and accuracy"
                yield! Terminal.columns ([ "probability"; "images"; "mean"; "right" ] :: rows)
            ]

    /// A line for each of the images that are most wrong.
    let worst (pictures: WorstPicture list) : string list =
        match pictures with
        | [] -> [ ""; "no image is taken for another class than its own" ]
        | _ ->
            let row (p: WorstPicture) = [
                Escape.line p.Name
                Escape.line p.Class
                Number.percent p.Probability
                Escape.line p.TakenFor
                Number.percent p.Confidence
            ]

            ""
            :: Terminal.columns (
                [ "image"; "class"; "probability"; "taken for"; "probability" ]
                :: List.map row pictures
            )
