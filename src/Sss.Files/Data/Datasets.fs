namespace Sss.Files

open System
open Sss.Core

/// Loading and checking data sets.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Dataset =

    /// A data set from its splits; the normalisation comes from the training split, whose pixels
    /// are multiplied by `scale` first.
    let create name classes scale train test : Dataset =
        Split.together name classes scale train test

    /// Reads the whole data set into memory. Pictures of a folder come in colour, at the size of
    /// the first.
    let load (source: DataSource) : Result<Dataset, FileError> = DataSource.load None source

    /// Reads a data set for a network: pictures of a folder are cut and scaled to its input. Whether
    /// other data sets have the right shape is for `fits` to say.
    let loadFor (network: Network) (source: DataSource) : Result<Dataset, FileError> =
        DataSource.load (Some network.Input) source

    /// The first `count` training images only; normalisation and test split stay.
    let limit (count: int) (dataset: Dataset) : Dataset = {
        dataset with
            Train = Split.take count dataset.Train
    }

    /// Takes a fraction of the training images out of training, at random for a seed: the rest of the
    /// data set, and the images held out (at least one stays on each side where there are two). The
    /// normalisation stays that of all training images: it knows no labels.
    let holdOut (fraction: float) (seed: int) (dataset: Dataset) : Dataset * Split =
        let count = dataset.Train.Count

        let held =
            int (Math.Round(fraction * float count)) |> max 1 |> min (max 0 (count - 1))

        let struct (order, _) = Rng.permutation count (Rng.create seed |> Rng.fork 4)

        let part first length =
            Split.pick (Array.sub order first length |> Array.sort) dataset.Train

        {
            dataset with
                Train = part held (count - held)
        },
        part 0 held

    /// The data set with its pictures scaled before the middle is cut out (`Normalisation.Resize`).
    let resized (pixels: int) (dataset: Dataset) : Dataset = {
        dataset with
            Dataset.Normalisation.Resize = pixels
    }

    /// Fails unless the images have the shape of the network's input and the labels its classes.
    let fits (network: Network) (dataset: Dataset) : Result<unit, FileError> =
        let classes = List.length dataset.Classes

        if dataset.Train.Shape <> network.Input then
            Error(
                DatasetDiffers(
                    dataset.Name,
                    "input",
                    string network.Input,
                    string dataset.Train.Shape
                )
            )
        elif classes <> network.Classes then
            Error(
                DatasetDiffers(
                    dataset.Name,
                    "number of classes",
                    string network.Classes,
                    string classes
                )
            )
        else
            Ok()
