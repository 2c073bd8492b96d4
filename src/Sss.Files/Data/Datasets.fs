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

    /// So many training images only: the first ones where they have all classes in about their
    /// proportions, else a draw of each class in proportion (`Sampling.places`). Normalisation and test
    /// split stay. A draw is noted.
    let limitBy (seed: int) (count: int) (dataset: Dataset) : Dataset =
        let train, taken = Sampling.limit seed count dataset.Train

        {
            dataset with
                Train = train
                Notes = dataset.Notes @ Sampling.note "training" seed count taken
        }

    /// `limitBy` with the default seed of recipes.
    let limit (count: int) (dataset: Dataset) : Dataset =
        limitBy Recipe.defaults.Seed count dataset

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

    /// The data set with one more note.
    let noting (note: DataNote) (dataset: Dataset) : Dataset = {
        dataset with
            Notes = dataset.Notes @ [ note ]
    }

    /// Fails where a network was trained on classes of other names, or in another order: its scores are
    /// of those. Sets without names have numbers, which say nothing.
    let hasClasses (names: string list) (dataset: Dataset) : Result<unit, FileError> =
        let areNumbers names =
            names = List.init (List.length names) string

        let differs =
            if areNumbers names || areNumbers dataset.Classes then
                None
            else
                Seq.zip names dataset.Classes
                |> Seq.indexed
                |> Seq.tryFind (fun (_, (there, here)) -> there <> here)

        match differs with
        | None -> Ok()
        | Some(i, (there, here)) ->
            Error(DatasetDiffers(dataset.Name, $"class {i}", $"`{there}`", $"`{here}`"))

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
