namespace Sss.Files

open System
open System.IO
open System.Threading.Tasks
open FsToolkit.ErrorHandling
open Sss.Core

/// Folders of pictures, a sub-folder a class. With `train` and `test` (or `val`) below the root,
/// these are the splits; else each class's every fifth picture, in the order of names, is for testing.
[<RequireQualifiedAccess>]
module ImageFolder =

    /// A picture with its label.
    type private Item = { Path: string; Label: int }

    let private ordered (names: string seq) =
        names |> Seq.sortWith (fun a b -> String.CompareOrdinal(a, b)) |> List.ofSeq

    let private subfolders folder =
        Directory.EnumerateDirectories folder
        |> Seq.choose (fun path -> Path.GetFileName path |> Option.ofObj)
        |> ordered

    let private pictures folder =
        Directory.EnumerateFiles folder
        |> Seq.filter (fun path ->
            List.contains
                ((Path.GetExtension path |> string).ToLowerInvariant())
                ImageFile.suffixes
        )
        |> ordered

    let private items root (classes: string list) : Item list = [
        for label, name in List.indexed classes do
            let folder = Path.Combine(root, name)

            if Directory.Exists folder then
                for path in pictures folder do
                    { Path = path; Label = label }
    ]

    /// Class names, and the pictures to train on and to test with.
    let private survey root : Result<string list * Item list * Item list, FileError> =
        let folder name =
            let path = Path.Combine(root, name)
            if Directory.Exists path then Some path else None

        let testFolder = folder "test" |> Option.orElse (folder "val")

        let classes, train, test =
            match folder "train", testFolder with
            | Some train, Some test ->
                let classes = subfolders train
                classes, items train classes, items test classes
            | _ ->
                let classes = subfolders root

                let parts =
                    items root classes
                    |> List.groupBy (fun item -> item.Label)
                    |> List.collect (fun (_, ofClass) ->
                        ofClass |> List.mapi (fun i item -> i % 5 = 4, item)
                    )

                let pick isTest =
                    parts |> List.filter (fun (t, _) -> t = isTest) |> List.map snd

                classes, pick false, pick true

        let lacks what =
            Error(Malformed(Place.start root, Lacks what))

        if classes.IsEmpty then
            lacks "sub-folders, one a class"
        elif train.IsEmpty then
            lacks "pictures to train on (.jpg, .jpeg, .png)"
        elif test.IsEmpty then
            lacks "pictures to test with (.jpg, .jpeg, .png)"
        else
            Ok(classes, train, test)

    /// Runs a check or a reading for each picture, on all cores; the faults in the order of the items,
    /// whatever the cores do. What is no fault of a picture itself ends it all.
    let private each (items: Item[]) (work: int -> Result<unit, FileError>) =
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
    let private without (faults: FileError option[]) shape (items: Item[]) kept : Split =
        let good = [| 0 .. items.Length - 1 |] |> Array.filter (fun i -> faults[i].IsNone)

        {
            Shape = shape
            Pixels =
                Pictures {
                    Paths = items |> Array.map (fun item -> item.Path)
                    Kept = kept
                }
            Labels = items |> Array.map (fun item -> item.Label)
        }
        |> if good.Length = items.Length then id else Split.pick good

    /// Decodes all pictures. Broken ones are left out and told.
    let private decodeAll (options: PictureOptions) (shape: Shape) (items: Item[]) =
        result {
            let size = int (Shape.count shape)
            let pixels = Array.zeroCreate<byte>(items.Length * size)

            let! faults =
                each
                    items
                    (fun i -> ImageFile.readInto options shape items[i].Path pixels (i * size))

            return without faults shape items (Some pixels), List.choose id (List.ofArray faults)
        }

    /// Looks at the headers of all pictures; broken ones are left out and told.
    let private lookAtAll (shape: Shape) (items: Item[]) =
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

    /// So many broken pictures are put up with: one in a hundred, and ten in any case unless that is
    /// all there are.
    let tolerated (total: int) : int = min (total - 1) (max 10 (total / 100))

    /// The decoded images of a folder are kept in memory when they take up to so many bytes.
    let keptBytes = 512L * 1024L * 1024L

    /// `load` with another limit to what is kept.
    let internal loadWithin
        (keptBytes: int64)
        (options: PictureOptions)
        (shape: Shape option)
        (root: string)
        =
        FileError.catching
            root
            (fun () ->
                result {
                    if not (Directory.Exists root) then
                        return! Error(NotFound root)

                    let! classes, train, test = survey root

                    let! shape =
                        match shape with
                        | Some shape -> Ok shape
                        | None ->
                            ImageFile.size train.Head.Path
                            |> Result.map (fun size -> Shape.create 3 size.H size.W)

                    let train, test = Array.ofList train, Array.ofList test

                    let isSmall =
                        int64 (train.Length + test.Length) * Shape.count shape <= keptBytes

                    let read = if isSmall then decodeAll options shape else lookAtAll shape
                    let! training, broken = read train
                    let! testing, brokenTest = read test

                    for split: Split, broken: FileError list in
                        [ training, broken; testing, brokenTest ] do
                        let total = split.Count + broken.Length

                        if broken.Length > tolerated total then
                            return! Error(ManyBroken(root, broken.Length, total, broken.Head))

                    let! preparation =
                        match training.Pixels with
                        | Pictures { Paths = paths; Kept = None } -> sampled options training paths
                        | _ ->
                            Ok(
                                Split.preparation
                                    options
                                    range
                                    (Preparation.scaleOf range)
                                    training
                            )

                    return {
                        Name = $"folder:{root}"
                        Classes = classes
                        Train = training
                        Test = testing
                        Preparation = preparation
                        Range = range
                        Facts = None
                        Skipped = broken @ brokenTest
                    }
                }
            )

    /// Reads a folder with these options, at a shape (pictures are cut and scaled to it), or when none is given in
    /// colour at the size of the first picture. A folder whose decoded images take more than
    /// `keptBytes` is not kept in memory: only the headers are looked at now, mean and deviation are
    /// those of about 4,096 training pictures spread evenly, and pictures are decoded when a batch
    /// needs them.
    let load options (shape: Shape option) (root: string) : Result<Dataset, FileError> =
        loadWithin keptBytes options shape root

    /// Class names, and the paths of the pictures to train on, without decoding any.
    let contents (root: string) : Result<string list * string list, FileError> =
        FileError.catching
            root
            (fun () ->
                if not (Directory.Exists root) then
                    Error(NotFound root)
                else
                    survey root
                    |> Result.map (fun (classes, train, _) -> classes, train |> List.map _.Path)
            )
