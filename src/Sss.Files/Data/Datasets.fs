namespace Sss.Files

open System
open Sss.Core

/// Loading and checking data sets.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Dataset =

    /// The same images with own targets of a further output.
    let withOutput (name: string) (train: Targets) (test: Targets) (dataset: Dataset) : Dataset =
        let given own (split: Split) = {
            split with
                Targets = Targets.withOutput name own split.Targets
        }

        {
            dataset with
                Train = given train dataset.Train
                Test = given test dataset.Test
        }

    /// What the least and greatest of all numbers of two splits say that they are.
    let private inferred (splits: Split list) : PixelRange =
        let floats =
            splits
            |> List.choose (fun split ->
                match split.Pixels with
                | Floats data -> Some data
                | Bytes _
                | Pictures _ -> None
            )

        match splits, floats with
        | first :: _, _ :: _ ->
            let isVector = Shape.area first.Shape = 1L

            floats
            |> List.map PixelFacts.seenIn
            |> List.reduce (fun (struct (low, high, whole)) (struct (l, h, w)) ->
                struct (min low l, max high h, whole && w)
            )
            |> PixelFacts.infer isVector
        | _ -> PixelRange.bytes

    /// A data set from its splits; mean and deviation come from the training split, whose pixels are
    /// multiplied by `scale` first. White is 1/`scale` where pixels are bytes; what numbers mean is
    /// inferred from them.
    let create name classes (scale: float32) train test : Dataset =
        let range =
            match train.Pixels with
            | Floats _ -> inferred [ train; test ]
            | Bytes _
            | Pictures _ -> PixelRange.Known(0.0f, MathF.Round(1.0f / scale, 3))

        Split.scaled name classes range scale train test

    /// A data set of arrays. What their numbers mean is inferred from them, and so is the scale.
    let ofArrays name classes train test : Dataset =
        Split.together name classes (inferred [ train; test ]) train test

    /// Reads the whole data set into memory. Pictures of a folder come in colour, at the size of
    /// the first. The last column of a table is its target, unless the source names others.
    let load (source: DataSource) : Result<Dataset, FileError> =
        DataSource.load PictureOptions.standard None source

    /// What is read of arrays does not depend on the options for pictures; but pictures that a
    /// network is shown later have a background.
    let private withBackground (options: PictureOptions) (dataset: Dataset) =
        match dataset.Train.Pixels with
        | Pictures _ -> dataset
        | Bytes _
        | Floats _ -> {
            dataset with
                Preparation = {
                    dataset.Preparation with
                        Pictures = { options with Resize = 0 }
                }
          }

    /// Reads a data set for a network: pictures of a folder are read with the options, cut and scaled
    /// to its input; of a table, as many columns are features as its input has channels. Whether other data sets have the right shape is for `fits` to say.
    let loadFor (network: Network) options (source: DataSource) : Result<Dataset, FileError> =
        DataSource.load options (Some network) source
        |> Result.map (withBackground options)

    /// Fails unless the pictures of a data set were read with the options of a recipe:
    /// mean and deviation, and what a user sees of the images, depend on them.
    let readWith (options: PictureOptions) (dataset: Dataset) : Result<Dataset, FileError> =
        match dataset.Train.Pixels with
        | Bytes _
        | Floats _ -> Ok(withBackground options dataset)
        | Pictures _ when dataset.Preparation.Pictures = options -> Ok dataset
        | Pictures _ ->
            let words (o: PictureOptions) =
                $"resize={o.Resize} background={Rgb.text o.Background}"

            Error(ReadOtherwise(dataset.Name, words options, words dataset.Preparation.Pictures))

    /// Whether a range that was inferred may be the wrong one beside the network's. Whole numbers up to
    /// 900 are 0 to 1023 by themselves, but dark images of the network's units where these are 0 to
    /// 4095; bytes of nothing but 0 and 1 may be masks, or almost black.
    let private isDoubtful (dataset: Dataset) (target: PixelRange) : bool =
        let isStated = dataset.Facts |> Option.exists _.IsStated

        match dataset.Range, target with
        | PixelRange.Known(black, white), PixelRange.Known(toBlack, toWhite) when
            not isStated && black = toBlack
            ->
            match dataset.Train.Pixels with
            | Bytes _ -> white = 1.0f && toWhite > 1.0f
            | Floats _ -> white <> toWhite && min white toWhite >= 255.0f
            | Pictures _ -> false
        | PixelRange.Known _, PixelRange.Known _
        | PixelRange.Known _, PixelRange.Unknown _
        | PixelRange.Unknown _, PixelRange.Known _
        | PixelRange.Unknown _, PixelRange.Unknown _ -> false

    /// The data set as a network that was trained on other data takes it: pictures are read as those
    /// in training were, and numbers are converted to its units. Fails where they cannot be.
    let preparedBy (preparation: Preparation) (dataset: Dataset) : Result<Dataset, FileError> =
        // What was decoded in another way is decoded again when it is needed.
        let again (split: Split) =
            match split.Pixels with
            | Pictures { Paths = paths; Kept = Some _ } when
                dataset.Preparation.Pictures <> preparation.Pictures
                  ->
                  {
                      split with
                          Pixels = Pictures { Paths = paths; Kept = None }
                  }
            | Pictures _
            | Bytes _
            | Floats _ -> split

        match Units.between dataset.Range preparation.Range with
        | Some _ when not (isDoubtful dataset preparation.Range) ->
            Ok {
                dataset with
                    Preparation = preparation
                    Train = again dataset.Train
                    Test = again dataset.Test
            }
        | Some _
        | None ->
            Error(
                UnitsDiffer(
                    dataset.Name,
                    PixelRange.text preparation.Range,
                    PixelRange.text dataset.Range
                )
            )

    /// A split of a data set with the labels that a network gives its classes, by their names. Empty
    /// `classes`: they are not known, and numbers are compared.
    let labelled (classes: string list) (dataset: Dataset) (split: Split) =
        match classes with
        | [] -> Ok split
        | _ when classes = dataset.Classes || dataset.Classes.IsEmpty -> Ok split
        | _ ->
            match ClassNames.matching classes dataset.Classes with
            | None -> Error(ClassesDiffer(dataset.Name, classes, dataset.Classes))
            | Some places ->
                match Targets.ofScores split.Targets with
                | Targets.Labels _
                | Targets.Masks _ ->
                    Ok {
                        split with
                            Targets = Targets.renumber (fun label -> places[label]) split.Targets
                    }
                // One value for each class, in the order of the data.
                | Targets.Numbers _
                | Targets.Several _ -> Error(ClassesDiffer(dataset.Name, classes, dataset.Classes))

    /// This many training images only: the first ones where they have all classes in about their
    /// proportions, else a draw of each class in proportion (`Sampling.places`). Preparation and test
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
    /// preparation stays that of all training images: it knows no labels.
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

    /// The data set with one more note.
    let noting (note: DataNote) (dataset: Dataset) : Dataset = {
        dataset with
            Notes = dataset.Notes @ [ note ]
    }

    /// Fails unless the images have the shape of the network's input.
    let hasShape (network: Network) (dataset: Dataset) : Result<unit, FileError> =
        if dataset.Train.Shape = network.Input then
            Ok()
        else
            Error(
                DatasetDiffers(
                    dataset.Name,
                    "input",
                    string network.Input,
                    string dataset.Train.Shape
                )
            )

    /// Fails unless the images have the shape of the network's input, and the targets that of its output.
    let fits (network: Network) (dataset: Dataset) : Result<unit, FileError> =
        hasShape network dataset
        |> Result.bind (fun () -> TargetFit.network network dataset)
