namespace Sss.Files

open System
open System.IO
open System.IO.Compression
open System.Runtime.InteropServices
open FsToolkit.ErrorHandling
open Sss.Core

/// NumPy archives with the arrays `x_train`, `y_train`, `x_test` and `y_test`.
///
/// Images: `uint8` (scaled by 1/255) or `float32` (as they are), N × H × W (one channel),
/// N × C × H × W, or N × H × W × C when the last extent is 1 or 3 and the second is not; N × F for
/// vectors. Labels: `uint8`, `int32` or `int64`, one an image.
[<RequireQualifiedAccess>]
module Npz =

    /// Larger labels are no labels.
    let private largestLabel = 65535L

    /// Opens one array of the archive. An archive's own word about a length is not trusted: the
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

    let private product (shape: int64 list) =
        List.fold (fun n d -> n * float d) 1.0 shape

    /// Values of a type of `size` bytes, after a check that all are there and nothing else.
    let private values<'V when 'V: struct and 'V: (new: unit -> 'V) and 'V :> ValueType>
        (reader: Reader)
        (header: Npy.Header)
        : Result<'V[], FileError> =
        let count = product header.Shape
        let size = sizeof<'V>

        if count > float Array.MaxLength then
            reader.Fault(
                OutOfRange("the number of values", $"{count}", "0", string Array.MaxLength)
            )
        else
            result {
                do! reader.Need "the values" (int64 count * int64 size)
                let data = Array.zeroCreate<'V>(int count)
                do! reader.Fill("the values", MemoryMarshal.AsBytes(data.AsSpan()))
                do! reader.End()
                return data
            }

    /// N × H × W × C to N × C × H × W.
    let private channelsFirst (data: 'V[]) count height width channels : 'V[] =
        let moved = Array.zeroCreate data.Length
        let area = height * width

        for n in 0 .. count - 1 do
            for p in 0 .. area - 1 do
                for c in 0 .. channels - 1 do
                    moved[(n * channels + c) * area + p] <- data[(n * area + p) * channels + c]

        moved

    let private arrange (header: Npy.Header) (data: 'V[]) : (Shape * 'V[]) option =
        match header.Shape |> List.map int with
        | [ _; features ] when features > 0 -> Some(Shape.vector features, data)
        | [ _; h; w ] when h > 0 && w > 0 -> Some(Shape.create 1 h w, data)
        | [ n; h; w; c ] when h > 0 && w > 0 && (c = 1 || c = 3) && h <> 1 && h <> 3 ->
            Some(Shape.create c h w, channelsFirst data n h w c)
        | [ _; c; h; w ] when c > 0 && h > 0 && w > 0 -> Some(Shape.create c h w, data)
        | _ -> None

    let private shapeText (header: Npy.Header) = String.Join("x", header.Shape)

    /// Shape and pixels, and how many values they are.
    let private images (reader: Reader) : Result<Shape * Pixels * int, FileError> =
        result {
            let! header = Npy.read reader
            let start = reader.Position

            let arranged wrap (data: 'V[]) =
                match arrange header data with
                | Some(shape, data) -> Ok(shape, wrap data, data.Length)
                | None ->
                    reader.FaultAt
                        10L
                        (Unsupported(
                            "the shape of the images",
                            shapeText header,
                            "NxHxW, NxCxHxW, NxF"
                        ))

            match header.Type with
            | "|u1"
            | "<u1" ->
                let! data = values<byte> reader header
                return! arranged Bytes data
            | "<f4" ->
                let! data = values<float32> reader header

                match data |> Array.tryFindIndex (fun v -> not (Single.IsFinite v)) with
                | Some i ->
                    return!
                        reader.FaultAt
                            (start + 4L * int64 i)
                            (Unsupported("a pixel", string data[i], "finite numbers"))
                | None -> return! arranged Floats data
            | other ->
                return!
                    reader.FaultAt
                        10L
                        (Unsupported("the type of the images", other, "|u1 (uint8), <f4 (float32)"))
        }

    let private labels (reader: Reader) : Result<int[], FileError> =
        result {
            let! header = Npy.read reader
            let start = reader.Position

            match header.Shape with
            | [ _ ]
            | [ _; 1L ] -> ()
            | _ ->
                return!
                    reader.FaultAt
                        10L
                        (Unsupported("the shape of the labels", shapeText header, "N, Nx1"))

            let inRange size (data: int64[]) =
                match data |> Array.tryFindIndex (fun v -> v < 0L || v > largestLabel) with
                | Some i ->
                    reader.FaultAt
                        (start + int64 size * int64 i)
                        (OutOfRange("a label", string data[i], "0", string largestLabel))
                | None -> Ok(Array.map int data)

            match header.Type with
            | "|u1"
            | "<u1" ->
                let! data = values<byte> reader header
                return Array.map int data
            | "<i4" ->
                let! data = values<int32> reader header
                return! inRange 4 (Array.map int64 data)
            | "<i8" ->
                let! data = values<int64> reader header
                return! inRange 8 data
            | other ->
                return!
                    reader.FaultAt
                        10L
                        (Unsupported("the type of the labels", other, "uint8, int32, int64"))
        }

    let private split archive path part : Result<Split, FileError> =
        result {
            let! shape, pixels, values = entry archive path $"x_{part}" images
            let! labels = entry archive path $"y_{part}" labels

            // In 64 bits: an array of no images may claim images of any size.
            let count = int (int64 values / Shape.count shape)

            let place = {
                Place.start path with
                    Part = Some $"`y_{part}`"
            }

            if labels.Length <> count then
                return!
                    Error(
                        Malformed(
                            place,
                            Mismatch("number of labels", string count, string labels.Length)
                        )
                    )
            elif count = 0 then
                return! Error(Malformed(place, Lacks "images"))
            else
                return {
                    Shape = shape
                    Pixels = pixels
                    Labels = labels
                }
        }

    /// Reads an archive. Classes are numbers up to the largest label.
    let load (path: string) : Result<Dataset, FileError> =
        FileError.catching
            path
            (fun () ->
                use file = File.OpenRead path
                use archive = new ZipArchive(file, ZipArchiveMode.Read)

                result {
                    let! train = split archive path "train"
                    let! test = split archive path "test"

                    if train.Shape <> test.Shape then
                        return!
                            Error(
                                Malformed(
                                    {
                                        Place.start path with
                                            Part = Some "`x_test`"
                                    },
                                    Mismatch(
                                        "shape of the test images",
                                        string train.Shape,
                                        string test.Shape
                                    )
                                )
                            )

                    match train.Pixels, test.Pixels with
                    | Bytes _, Bytes _
                    | Floats _, Floats _ -> ()
                    | _ ->
                        return!
                            Error(
                                Malformed(
                                    {
                                        Place.start path with
                                            Part = Some "`x_test`"
                                    },
                                    Mismatch(
                                        "type of the test images",
                                        "that of the training images",
                                        "another"
                                    )
                                )
                            )

                    let largest = max (Array.max train.Labels) (Array.max test.Labels)

                    let scale =
                        match train.Pixels with
                        | Bytes _ -> 1.0f / 255.0f
                        | _ -> 1.0f

                    return
                        Split.together
                            $"npz:{path}"
                            [ for i in 0..largest -> string i ]
                            scale
                            train
                            test
                }
            )
