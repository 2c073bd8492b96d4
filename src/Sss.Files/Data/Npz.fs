namespace Sss.Files

open System
open System.IO
open System.IO.Compression
open FsToolkit.ErrorHandling
open Sss.Core

/// NumPy archives with the arrays `x_train`, `y_train`, `x_test` and `y_test`, and perhaps `range`
/// (the numbers of black and white) and `layout` (the text `NCHW` or `NHWC`). `y_train_NAME` and `y_test_NAME` are targets of
/// the network's output of that name.
///
/// Images: `bool`, `uint8`, `uint16`, `float16`, `float32` or `float64`; N × H × W (one channel),
/// N × C × H × W or N × H × W × C by the rule of `ArrayLayout`; N × F for vectors. What their numbers
/// mean is stated by `range` or inferred by `PixelRange.infer`. Targets: `NpzTargets`.
[<RequireQualifiedAccess>]
module Npz =

    /// Opens one array of the archive. A length that the archive states is not trusted: the
    /// array is unpacked once to see how long it is.
    let private entry (archive: ZipArchive) path name (parse: Reader -> Result<'T, FileError>) =
        match archive.GetEntry(name + ".npy") with
        | null -> Error(Malformed(Place.start path, Lacks $"array `{name}`"))
        | entry ->
            result {
                let! length =
                    using
                        (entry.Open())
                        (fun stream -> Content.measure path (Some $"`{name}`") stream)

                use stream = entry.Open()
                return! parse (Reader(stream, path, Some $"`{name}`", length))
            }

    /// An optional array.
    let private optional (archive: ZipArchive) path name parse =
        match archive.GetEntry(name + ".npy") with
        | null -> Ok None
        | _ -> entry archive path name parse |> Result.map Some

    /// The names of further outputs whose targets an archive has: `y_train_NAME`.
    let private furtherNames (archive: ZipArchive) part =
        let first, last = $"y_{part}_", ".npy"

        [
            for entry in archive.Entries do
                if entry.FullName.StartsWith first && entry.FullName.EndsWith last then
                    entry.FullName[first.Length .. entry.FullName.Length - last.Length - 1]
        ]
        |> List.sort

    /// The targets of a part, as many as its images in each array.
    let private targetsOf archive path part images : Result<Targets, FileError> =
        let read name =
            result {
                let! targets = entry archive path name NpzTargets.read
                let count = Targets.count targets

                if count <> images then
                    let place = {
                        Place.start path with
                            Part = Some $"`{name}`"
                    }

                    return!
                        Error(
                            Malformed(
                                place,
                                Mismatch("number of labels", string images, string count)
                            )
                        )
                else
                    return targets
            }

        result {
            let! scores = read $"y_{part}"

            let! further =
                furtherNames archive part
                |> List.traverseResultM (fun name ->
                    read $"y_{part}_{name}" |> Result.map (fun own -> name, own)
                )

            return
                if further.IsEmpty then
                    scores
                else
                    Targets.Several(scores, further)
        }

    let private split archive path stated part : Result<Split * NpzArrays.Images, FileError> =
        result {
            let! images = entry archive path $"x_{part}" (NpzArrays.images stated)
            let! targets = targetsOf archive path part images.Count

            if images.Count = 0 then
                let place = {
                    Place.start path with
                        Part = Some $"`y_{part}`"
                }

                return! Error(Malformed(place, Lacks "images"))
            else
                return
                    {
                        Shape = images.Shape
                        Pixels = images.Pixels
                        Targets = targets
                    },
                    images
        }

    let private seen (split: Split) =
        match split.Pixels with
        | Bytes data -> PixelFacts.seenInBytes data
        | Floats data -> PixelFacts.seenIn data
        | Pictures _ -> struct (nanf, nanf, false)

    /// What the numbers of both arrays mean, where the file does not say. Arrays that were scaled
    /// apart are an error: one of them would be black or white to a network that knows the other.
    let private inferred fault (train: Split) (test: Split) : Result<PixelRange, FileError> =
        let isVector = Shape.area train.Shape = 1L
        let struct (low, high, isWhole) = seen train
        let struct (testLow, testHigh, isTestWhole) = seen test
        let infer = PixelFacts.infer isVector

        match infer (seen train), infer (seen test) with
        | PixelRange.Known(_, white) as first, (PixelRange.Known(_, testWhite) as second) when
            // Whole numbers up to 1 may be dark images of a set that is brighter elsewhere.
            white <> testWhite
            && ((white = 1.0f && not isWhole) || (testWhite = 1.0f && not isTestWhole))
            ->
            fault (
                Mismatch(
                    "range of the test images",
                    PixelRange.text first,
                    $"{PixelRange.text second}; use the same scale for both, or give `range`"
                )
            )
        | _ -> Ok(infer (struct (min low testLow, max high testHigh, isWhole && isTestWhole)))

    /// Targets of one kind and one shape.
    let private alikeTargets path (train: Targets) (test: Targets) : Result<unit, FileError> =
        let place = {
            Place.start path with
                Part = Some "`y_test`"
        }

        let rec areAlike train test =
            match train, test with
            | Targets.Labels _, Targets.Labels _ -> true
            | Targets.Masks(h, w, _), Targets.Masks(height, width, _) -> (h, w) = (height, width)
            | Targets.Numbers(shape, _), Targets.Numbers(other, _) -> shape = other
            | Targets.Several(scores, further), Targets.Several(others, more) ->
                areAlike scores others
                && List.map fst further = List.map fst more
                && List.forall2 (fun (_, own) (_, other) -> areAlike own other) further more
            | Targets.Labels _, _
            | Targets.Masks _, _
            | Targets.Numbers _, _
            | Targets.Several _, _ -> false

        if areAlike train test then
            Ok()
        else
            let found = Targets.describe test
            Error(Malformed(place, Mismatch("targets", Targets.describe train, found)))

    let private alike
        path
        (train: NpzArrays.Images)
        (test: NpzArrays.Images)
        : Result<unit, FileError> =
        let differ what expected found =
            Error(
                Malformed(
                    {
                        Place.start path with
                            Part = Some "`x_test`"
                    },
                    Mismatch(what, expected, found)
                )
            )

        let kind (images: NpzArrays.Images) =
            match images.Type with
            | "float16"
            | "float32"
            | "float64" -> "float"
            | other -> other

        if train.Shape <> test.Shape then
            differ "shape of the test images" (string train.Shape) (string test.Shape)
        elif kind train <> kind test then
            differ "type of the test images" train.Type test.Type
        else
            Ok()

    /// Reads an archive. Classes are numbers up to the largest label.
    let load (path: string) : Result<Dataset, FileError> =
        RegularFile.check path
        |> Result.bind (fun () ->
            FileError.catching path
            <| fun () ->
                use file = File.OpenRead path
                use archive = new ZipArchive(file, ZipArchiveMode.Read)

                result {
                    let! layout = optional archive path "layout" NpzArrays.statedLayout
                    let! stated = optional archive path "range" NpzArrays.statedRange
                    let! train, images = split archive path layout "train"
                    let! test, testImages = split archive path layout "test"
                    do! alike path images testImages
                    do! alikeTargets path train.Targets test.Targets

                    let fault mismatch =
                        Error(
                            Malformed(
                                {
                                    Place.start path with
                                        Part = Some "`x_test`"
                                },
                                mismatch
                            )
                        )

                    let! range =
                        match stated with
                        | Some range -> Ok range
                        | None -> inferred fault train test

                    let classes = Targets.numbered train.Targets test.Targets

                    return {
                        Split.together $"npz:{path}" classes range train test with
                            Facts =
                                Some {
                                    Type = images.Type
                                    Range = range
                                    IsStated = stated.IsSome
                                    Layout = images.Layout
                                }
                    }
                }
        )
