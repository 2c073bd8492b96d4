namespace Sss.Cli

open System
open Sss.Core
open Sss.Torch

/// Qualities and evaluations for people.
[<RequireQualifiedAccess>]
module EvaluationText =

    /// The first column of a line on the quality.
    let heading (quality: Quality) : string =
        match quality with
        | Quality.Classification _ -> "accuracy   "
        | Quality.Segmentation _
        | Quality.MultiLabel _
        | Quality.Regression _ -> "quality    "

    /// The quality on test images, after its heading.
    let onTest (e: Evaluation) : string =
        match e.Quality with
        | Quality.Classification accuracy ->
            let right = int (Math.Round(accuracy * float e.Count))
            $"{Number.percent accuracy} of the test images ({right} of {e.Count})"
        | Quality.Segmentation _
        | Quality.MultiLabel _
        | Quality.Regression _ ->
            let metrics = Quality.metrics e.Quality |> List.map Metric.text
            String.Join(", ", metrics) + $" on {e.Count} test images"

    /// The same in a sentence.
    let named (e: Evaluation) : string =
        match e.Quality with
        | Quality.Classification _ -> "accuracy " + onTest e
        | Quality.Segmentation _
        | Quality.MultiLabel _
        | Quality.Regression _ -> onTest e

    /// A line for each further output.
    let outputs (e: Evaluation) : string list = [
        for output in e.Outputs do
            let metrics =
                String.Join(", ", Quality.metrics output.Quality |> List.map Metric.text)

            $"output {output.Name}: {metrics}, loss {output.Loss:``0.0000``}"
    ]
