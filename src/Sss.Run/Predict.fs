namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// Predictions of a network for picture files.
[<RequireQualifiedAccess>]
module Predict =

    /// The preparation of a network whose images may be pictures; otherwise why they may not.
    let preparation (loaded: LoadedNetwork) : Result<Preparation, FileError> =
        result {
            let! preparation =
                loaded.Preparation
                |> Result.requireSome (
                    TakesNoPictures(
                        loaded.Path,
                        "the file does not record how its images were prepared",
                        PictureRemedy.Train
                    )
                )

            do!
                if
                    Sss.Core.Network.isClassifier loaded.Network
                    && loaded.Network.OutputKind = OutputKind.Classes
                then
                    Ok()
                else
                    let numbers =
                        match loaded.Network.OutputKind with
                        | OutputKind.Classes -> ""
                        | OutputKind.Numbers -> " numbers"

                    Error(
                        TakesNoPictures(
                            loaded.Path,
                            $"it gives {Sss.Core.Network.output loaded.Network}{numbers}, and not one score per class",
                            PictureRemedy.ReadOutput
                        )
                    )

            do!
                match Preparation.refusal loaded.Network.Input preparation with
                | None -> Ok()
                | Some(reason, remedy) -> Error(TakesNoPictures(loaded.Path, reason, remedy))

            return preparation
        }

    /// Picture files as a data set of a network, whose images go through its preparation. Fails where
    /// pictures cannot: `Preparation.refusal`.
    let dataset (loaded: LoadedNetwork) (files: string list) : Result<Dataset, FileError> =
        result {
            let! preparation = preparation loaded
            let paths = Array.ofList files

            let split = {
                Shape = loaded.Network.Input
                Pixels = Pictures { Paths = paths; Kept = None }
                Targets = Targets.Labels(Array.zeroCreate paths.Length)
            }

            return!
                Dataset.preparedBy preparation {
                    Name = "pictures"
                    Classes = loaded.Classes
                    Train = split
                    Test = split
                    Preparation = preparation
                    Range = PixelRange.bytes
                    Facts = None
                    Skipped = []
                    Notes = []
                }
        }

    /// The scores of each picture, or why it cannot be read. The same files in the same order
    /// have the scores that they have in `Pipeline.evaluate`, bit for bit.
    let files
        (engine: LibTorch)
        (loaded: LoadedNetwork)
        (files: string list)
        : Result<Result<float32[], FileError>[], PipelineError> =
        result {
            let! dataset = dataset loaded files |> Result.mapError BadFile

            use! model =
                Model.create engine loaded.Network loaded.Weights |> Result.mapError NoModel

            return Evaluate.predictions model dataset dataset.Test
        }
