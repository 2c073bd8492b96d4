namespace Sss.Cli

open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// What `sss init` finds in a data set.
[<RequireQualifiedAccess>]
module StarterData =

    /// The number of pictures in a folder whose sizes are read.
    let private mostPictures = 200

    /// Sizes that halve well.
    let private sizes = [ 16; 24; 32; 48; 64 ]

    /// The largest size that half of the pictures fill, up to 64: beyond it training on a CPU takes
    /// hours, and users who need more can change it.
    let private inputOf (pictures: string list) : Result<Shape, FileError> =
        let step = max 1 (pictures.Length / mostPictures)

        let sides =
            pictures
            |> List.indexed
            |> List.filter (fun (i, _) -> i % step = 0)
            |> List.map (fun (_, path) ->
                ImageFile.size path |> Result.map (fun size -> min size.H size.W)
            )

        let known = sides |> List.choose Result.toOption |> List.sort

        match known, sides with
        | [], Error error :: _ -> Error error
        | [], _ -> Ok(Shape.create 3 32 32)
        | known, _ ->
            let median = known[known.Length / 2]

            let size =
                sizes
                |> List.filter (fun s -> s <= median)
                |> List.tryLast
                |> Option.defaultValue 16

            Ok(Shape.create 3 size size)

    /// Facts with the answers that stand where nothing else is asked for.
    let private facts data input classes images mirroring : StarterFacts = {
        Data = data
        Input = input
        Classes = classes
        Images = images
        Mirroring = mirroring
        Flip = (mirroring = Mirroring.Keeps)
        Macs = 0.5
        Residual = true
    }

    let private ofDataset data mirroring (dataset: Dataset) =
        facts data dataset.Train.Shape dataset.Classes.Length dataset.Train.Count mirroring

    /// The networks that it writes give one class for each image.
    let private oneClass (dataset: Dataset) : Result<unit, FileError> =
        match dataset.Train.Targets with
        | Targets.Labels _ -> Ok()
        | Targets.Masks _
        | Targets.Several _
        | Targets.Numbers _ ->
            Error(
                TargetsDiffer(
                    dataset.Name,
                    "`sss init` writes networks for one class for each image",
                    Targets.describe dataset.Train.Targets,
                    "begin with one of the examples: segmentation.sss, regression.sss or multi-label.sss"
                )
            )

    /// Convolutions have nothing to do with a table.
    let private onlyImages (dataset: Dataset) : FileError =
        TargetsDiffer(
            dataset.Name,
            "`sss init` writes networks for images",
            $"a table of {dataset.Train.Shape.Channels} features",
            "begin with the example examples/tasks/regression.sss"
        )

    /// The facts of `--data`.
    let read (data: string) : Result<StarterFacts, FileError> =
        result {
            let! source = DataSource.parse data

            match source with
            | Folder _ when DataSource.hasMasks source ->
                let! dataset = Dataset.load source
                do! oneClass dataset
                return ofDataset data Mirroring.Keeps dataset
            | Folder folder ->
                let! classes, pictures = ImageFolder.contents folder
                let! input = inputOf (List.map fst pictures)
                let mirroring = MirrorCheck.ofPictures (Array.ofList pictures)
                return facts data input classes.Length pictures.Length mirroring
            // Pictures of things: mirrored ones show the same.
            | FashionMnist
            | Cifar10 _
            | Cifar100 _ ->
                let! dataset = Dataset.load source
                return ofDataset data Mirroring.Keeps dataset
            | Digits ->
                let! dataset = Dataset.load source
                return ofDataset data Mirroring.Changes dataset
            | Csv _ ->
                let! dataset = Dataset.load source
                return! Error(onlyImages dataset)
            | Idx _
            | Npz _ ->
                let! dataset = Dataset.load source
                do! oneClass dataset
                Engine.tellPixels dataset
                return ofDataset data (MirrorCheck.ofSplit dataset.Train) dataset
        }
