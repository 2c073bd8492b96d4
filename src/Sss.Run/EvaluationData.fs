namespace Sss.Torch

open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// Data sets as a network from disk takes them.
[<RequireQualifiedAccess>]
module internal EvaluationData =

    /// A data set, which may be another than the network's own, and a split of it to evaluate on: with the preparation of the
    /// network's training, in its units, and labels as places among its classes.
    let prepared
        (loaded: LoadedNetwork)
        (dataset: Dataset)
        (split: Split)
        : Result<Dataset * Split, PipelineError> =
        result {
            do!
                match Targets.ofScores split.Targets with
                | Targets.Labels _ when not (Network.isClassifier loaded.Network) ->
                    Error(NotTrained(OutputIsImage(Network.output loaded.Network)))
                | Targets.Labels _
                | Targets.Masks _
                | Targets.Numbers _
                | Targets.Several _ -> Ok()

            do!
                match loaded.Classes with
                | [] -> Dataset.fits loaded.Network dataset
                | _ ->
                    Dataset.hasShape loaded.Network dataset
                    |> Result.bind (fun () -> TargetFit.shape loaded.Network dataset)
                |> Result.mapError BadFile

            let preparation = Option.defaultValue dataset.Preparation loaded.Preparation

            let! prepared =
                Dataset.preparedBy preparation { dataset with Test = split }
                |> Result.mapError BadFile

            let! split =
                Dataset.labelled loaded.Classes prepared prepared.Test
                |> Result.mapError BadFile

            return prepared, split
        }
