namespace Sss.Core

open System

/// One number that says how good a network is at its task.
type Metric = {
    /// In `result.json`: `meanIoU`.
    Key: string
    /// In `metrics.csv`: `mean_iou`.
    Column: string
    /// In sentences: `mean IoU`.
    Name: string
    Value: float
    /// Whether it is a fraction, which people read as a percentage.
    IsFraction: bool
}

/// How good a network is at its task, on a set of images.
[<RequireQualifiedAccess>]
type Quality =
    /// One class for each image: the fraction of images whose largest score is their class's.
    | Classification of accuracy: float
    /// One class for each pixel: the mean over the classes of intersection over union (classes that are
    /// neither there nor predicted are left out), and the fraction of pixels that are right.
    | Segmentation of meanIoU: float * pixelAccuracy: float
    /// Any number of classes for each image: the mean over the classes of average precision, and the
    /// fraction of (image, class) pairs that are right if a score above 0 means yes.
    | MultiLabel of meanAveragePrecision: float * labelAccuracy: float
    /// Numbers: 1 − (sum of squared differences) / (sum of squared deviations from the mean), averaged over the
    /// outputs, and the root of the mean squared difference.
    | Regression of r2: float * rmse: float

/// Qualities as lists of metrics.
[<RequireQualifiedAccess>]
module Quality =

    let private fraction key column name value = {
        Key = key
        Column = column
        Name = name
        Value = value
        IsFraction = true
    }

    let private number key column name value = {
        fraction key column name value with
            IsFraction = false
    }

    /// All metrics; the first is the main one, and the larger the better.
    let metrics (quality: Quality) : Metric list =
        match quality with
        | Quality.Classification accuracy -> [ fraction "accuracy" "accuracy" "accuracy" accuracy ]
        | Quality.Segmentation(meanIoU, pixels) -> [
            fraction "meanIoU" "mean_iou" "mean IoU" meanIoU
            fraction "pixelAccuracy" "pixel_accuracy" "pixel accuracy" pixels
          ]
        | Quality.MultiLabel(precision, labels) -> [
            fraction
                "meanAveragePrecision"
                "mean_average_precision"
                "mean average precision"
                precision
            fraction "labelAccuracy" "label_accuracy" "label accuracy" labels
          ]
        | Quality.Regression(r2, rmse) -> [
            number "r2" "r2" "R²" r2
            number "rmse" "rmse" "RMSE" rmse
          ]

    /// The main metric.
    let main (quality: Quality) : Metric = List.head (metrics quality)

    /// The main metric's value: the larger, the better.
    let score (quality: Quality) : float = (main quality).Value

    /// The fraction of answers that are right: images, pixels or labels; not a number for numbers, which
    /// are neither right nor wrong.
    let accuracy (quality: Quality) : float =
        match quality with
        | Quality.Classification accuracy -> accuracy
        | Quality.Segmentation(_, pixels) -> pixels
        | Quality.MultiLabel(_, labels) -> labels
        | Quality.Regression _ -> nan

    /// The quality of which `find` knows all metrics by their keys; the inverse of `metrics`.
    let tryFind (find: string -> float option) : Quality option =
        let pair make first second =
            match find first, find second with
            | Some a, Some b -> Some(make (a, b))
            | _ -> None

        find "accuracy"
        |> Option.map Quality.Classification
        |> Option.orElseWith (fun () -> pair Quality.Segmentation "meanIoU" "pixelAccuracy")
        |> Option.orElseWith (fun () ->
            pair Quality.MultiLabel "meanAveragePrecision" "labelAccuracy"
        )
        |> Option.orElseWith (fun () -> pair Quality.Regression "r2" "rmse")

/// Metrics as text.
[<RequireQualifiedAccess>]
module Metric =

    /// The value alone, for people: `93.4 %`, `0.871`.
    let value (metric: Metric) : string =
        let invariant = Globalization.CultureInfo.InvariantCulture

        if not (Double.IsFinite metric.Value) then
            "–"
        elif metric.IsFraction then
            (100.0 * metric.Value).ToString("0.0", invariant) + " %"
        else
            metric.Value.ToString("G4", invariant)

    /// `mean IoU 71.2 %`
    let text (metric: Metric) : string = metric.Name + " " + value metric

    /// The main metric of a quality, for people: a percentage alone where it is the accuracy, otherwise with its
    /// name.
    let ofQuality (quality: Quality) : string =
        match quality with
        | Quality.Classification _ -> value (Quality.main quality)
        | Quality.Segmentation _
        | Quality.MultiLabel _
        | Quality.Regression _ -> text (Quality.main quality)
