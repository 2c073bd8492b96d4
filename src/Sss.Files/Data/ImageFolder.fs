namespace Sss.Files

open System
open System.IO
open System.Threading.Tasks
open FsToolkit.ErrorHandling
open Sss.Core

/// Folders of pictures, a sub-folder per class. With `train` and `test` below the root, these are the
/// splits; else each class's every fifth picture, in the order of names, is for testing. `FolderSurvey`
/// has the names and what is passed over.
[<RequireQualifiedAccess>]
module ImageFolder =

    /// Class names, and the pictures to train on and to test with. Faults end it.
    let private survey root : Result<FolderSurvey, FileError> =
        let lacks what =
            Error(Malformed(Place.start root, Lacks what))

        result {
            let! survey = FolderSurvey.read root
            let notes = List.map DataNote.Folder survey.Notes

            if survey.Notes |> List.exists FolderNote.isFault then
                return! Error(UnusableData($"folder:{root}", notes))
            elif survey.Classes.IsEmpty then
                return! lacks "sub-folders with pictures, one per class"
            elif survey.Test.IsEmpty then
                return! lacks "test pictures (.jpg, .jpeg, .png)"
            else
                return survey
        }

    /// A class whose training pictures are all broken cannot be learned.
    let private checkLearnable root (survey: FolderSurvey) (training: Split) =
        let good = training.Labels |> Array.countBy id |> Map.ofArray

        let faults =
            survey.Classes
            |> List.indexed
            |> List.filter (fun (label, _) -> not (good.ContainsKey label))
            |> List.map (fun (label, name) ->
                let broken = survey.Train |> List.filter (fun p -> p.Label = label) |> List.length
                DataNote.Folder(FolderNote.NoPictures(name, [], 0, broken))
            )

        if faults.IsEmpty then
            Ok()
        else
            Error(UnusableData($"folder:{root}", faults))

    /// Runs a check or a reading for each picture, on all cores; the faults in the order of the items,
    /// regardless of how the cores schedule the work. What is not a fault of a picture itself ends it all.
    let private each (items: LabelledPicture[]) (work: int -> Result<unit, FileError>) =
        let faults = Array.create<FileError option> items.Length None

        Parallel.For(
            0,
            items.Length,
            fun i ->
                match work i with
                | Ok() -> ()
                | Error error -> faults[i] <- Some error
        )
        |> ignore

        match Array.tryFind (Option.exists (FileError.isBroken >> not)) faults with
        | Some(Some error) -> Error error
        | _ -> Ok faults

    /// A split of the items without faults.
    let private without (faults: FileError option[]) shape (items: LabelledPicture[]) kept : Split =
        let good = [| 0 .. items.Length - 1 |] |> Array.filter (fun i -> faults[i].IsNone)

        {
            Shape = shape
            Pixels =
                Pictures {
                    Paths = items |> Array.map (fun item -> item.Path)
                    Kept = kept
                }
            Targets = items |> Array.map (fun item -> item.Label) |> Targets.Labels
        }
        |> if good.Length = items.Length then id else Split.pick good

    /// Decodes all pictures. Broken ones are skipped and reported.
    let private decodeAll (options: PictureOptions) (shape: Shape) (items: LabelledPicture[]) =
        result {
            let size = int (Shape.count shape)
            let pixels = Array.zeroCreate<byte>(items.Length * size)

            let! faults =
                each
                    items
                    (fun i -> ImageFile.readInto options shape items[i].Path pixels (i * size))

            return without faults shape items (Some pixels), List.choose id (List.ofArray faults)
        }

    /// Looks at the headers of all pictures; broken ones are skipped and reported.
    let private lookAtAll (shape: Shape) (items: LabelledPicture[]) =
        result {
            let! faults = each items (fun i -> ImageFile.size items[i].Path |> Result.ignore)
            return without faults shape items None, List.choose id (List.ofArray faults)
        }

    /// What the bytes of a decoded picture mean.
    let private range = PixelRange.bytes

    /// The images of a large training split that its mean and deviation are taken from.
    let private sampleSize = 4096

    /// Mean and deviation from every n-th picture, so that about `sampleSize` are decoded. Broken
    /// ones among them have no part in it.
    let private sampled (options: PictureOptions) (split: Split) (paths: string[]) =
        let every = (split.Count + sampleSize - 1) / sampleSize
        let count = (split.Count + every - 1) / every
        let size = int (Shape.count split.Shape)
        let total = ref (Moments.nothing split.Shape.Channels)
        let faults = Array.create<FileError option> count None

        Parallel.For(
            0,
            count,
            fun i ->
                let image = Array.zeroCreate<byte> size

                match ImageFile.readInto options split.Shape paths[i * every] image 0 with
                | Ok() ->
                    let moments = Moments.ofImages split.Shape 1 image
                    lock total (fun () -> total.Value <- Moments.plus total.Value moments)
                | Error error -> faults[i] <- Some error
        )
        |> ignore

        match Array.tryFind (Option.exists (FileError.isBroken >> not)) faults with
        | Some(Some error) -> Error error
        | _ -> Ok(Split.ofMoments options range (Preparation.scaleOf range) total.Value)

    /// This many broken pictures are accepted: one in a hundred, and ten in any case unless that is
    /// all there are.
    let tolerated (total: int) : int = min (total - 1) (max 10 (total / 100))

    /// The decoded images of a folder are kept in memory when they take up to this many bytes.
    let keptBytes = 512L * 1024L * 1024L

    /// The shape to read at: the one that is given, or the first picture's, in colour.
    let internal shapeOf (root: string) (first: string) (given: Shape option) =
        result {
            let! shape =
                match given with
                | Some shape -> Ok shape
                | None ->
                    ImageFile.size first |> Result.map (fun size -> Shape.create 3 size.H size.W)

            if Shape.count shape > int64 Array.MaxLength then
                return!
                    Error(
                        Malformed(
                            Place.start root,
                            OutOfRange(
                                "the size of an image",
                                string shape,
                                "1",
                                $"{Array.MaxLength} values"
                            )
                        )
                    )

            return shape
        }

    let private checkBroken (root: string) (split: Split) (broken: FileError list) =
        let total = split.Count + broken.Length

        if broken.Length > tolerated total then
            Error(ManyBroken(root, broken.Length, total, broken.Head))
        else
            Ok()

    /// Mean and deviation of the training pictures, or of some of them.
    let internal preparationOf options (training: Split) =
        match training.Pixels with
        | Pictures { Paths = paths; Kept = None } -> sampled options training paths
        | _ -> Ok(Split.preparation options range (Preparation.scaleOf range) training)

    /// The pictures to train on and those to test with that can be read, and the broken ones. They are decoded now where they
    /// take at most `keptBytes`.
    let internal pictures keptBytes options shape root train test =
        result {
            let count = Array.length train + Array.length test
            let isSmall = int64 count * Shape.count shape <= keptBytes
            let read = if isSmall then decodeAll options shape else lookAtAll shape
            let! training, broken = read train
            let! testing, brokenTest = read test
            do! checkBroken root training broken
            do! checkBroken root testing brokenTest
            return training, testing, broken @ brokenTest
        }

    let private readFolder keptBytes options shape (root: string) =
        result {
            if not (Directory.Exists root) then
                return! Error(NotFound root)

            let! survey = survey root
            let! shape = shapeOf root survey.Train.Head.Path shape
            let train, test = Array.ofList survey.Train, Array.ofList survey.Test
            let! training, testing, broken = pictures keptBytes options shape root train test
            do! checkLearnable root survey training
            let! preparation = preparationOf options training

            return {
                Name = $"folder:{root}"
                Classes = survey.Classes
                Train = training
                Test = testing
                Preparation = preparation
                Range = range
                Facts = None
                Skipped = broken
                Notes = List.map DataNote.Folder survey.Notes
            }
        }

    /// `load` with another limit to what is kept.
    let internal loadWithin
        (keptBytes: int64)
        (options: PictureOptions)
        (shape: Shape option)
        (root: string)
        : Result<Dataset, FileError> =
        FileError.catching root (fun () -> readFolder keptBytes options shape root)

    /// Reads a folder with these options, at a shape (pictures are cut and scaled to it), or when none is given in
    /// colour at the size of the first picture. A folder whose decoded images take more than
    /// `keptBytes` is not kept in memory: only the headers are looked at now, mean and deviation are
    /// those of about 4,096 training pictures spread evenly, and pictures are decoded when a batch
    /// needs them.
    let load options (shape: Shape option) (root: string) : Result<Dataset, FileError> =
        loadWithin keptBytes options shape root

    /// Class names, and the paths of the pictures to train on with their classes, counted from 0, without
    /// decoding any.
    let contents (root: string) : Result<string list * (string * int) list, FileError> =
        FileError.catching
            root
            (fun () ->
                if not (Directory.Exists root) then
                    Error(NotFound root)
                else
                    survey root
                    |> Result.map (fun survey ->
                        survey.Classes, survey.Train |> List.map (fun p -> p.Path, p.Label)
                    )
            )
