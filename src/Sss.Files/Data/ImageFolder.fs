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

    /// Decodes all pictures, on all cores; the order is that of the items whatever the cores do.
    /// Broken pictures are left out and told.
    let private decode
        (shape: Shape)
        (items: Item list)
        : Result<Split * FileError list, FileError> =
        let items = Array.ofList items
        let size = int (Shape.count shape)

        if int64 items.Length * int64 size > int64 Array.MaxLength then
            Error(
                NotAvailable(
                    Path.GetDirectoryName items[0].Path |> string,
                    $"{items.Length} pictures of {shape} do not fit into memory"
                )
            )
        else
            let pixels = Array.zeroCreate<byte>(items.Length * size)
            let faults = Array.create<FileError option> items.Length None

            Parallel.For(
                0,
                items.Length,
                fun i ->
                    match ImageFile.read shape items[i].Path with
                    | Ok image -> Array.Copy(image, 0, pixels, i * size, size)
                    | Error error -> faults[i] <- Some error
            )
            |> ignore

            let good = [| 0 .. items.Length - 1 |] |> Array.filter (fun i -> faults[i].IsNone)

            // Closes the gaps that broken pictures left.
            good
            |> Array.iteri (fun at i ->
                if at <> i then
                    Array.Copy(pixels, i * size, pixels, at * size, size)
            )

            let kept =
                if good.Length = items.Length then
                    pixels
                else
                    Array.sub pixels 0 (good.Length * size)

            Ok(
                {
                    Shape = shape
                    Pixels = Bytes kept
                    Labels = good |> Array.map (fun i -> items[i].Label)
                },
                Array.choose id faults |> List.ofArray
            )

    /// So many broken pictures are put up with: one in a hundred, and ten in any case unless that is
    /// all there are.
    let private tolerated total = min (total - 1) (max 10 (total / 100))

    /// Reads a folder at a shape (pictures are cut and scaled to it), or when none is given in
    /// colour at the size of the first picture.
    let load (shape: Shape option) (root: string) : Result<Dataset, FileError> =
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

                    let! training, broken = decode shape train
                    let! testing, brokenTest = decode shape test

                    for split: Split, broken: FileError list in
                        [ training, broken; testing, brokenTest ] do
                        let total = split.Count + broken.Length

                        if broken.Length > tolerated total then
                            return! Error(ManyBroken(root, broken.Length, total, broken.Head))

                    return {
                        Split.together $"folder:{root}" classes (1.0f / 255.0f) training testing with
                            Skipped = broken @ brokenTest
                    }
                }
            )

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
