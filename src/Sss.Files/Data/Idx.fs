namespace Sss.Files

open System.IO
open FsToolkit.ErrorHandling
open Sss.Core

/// The IDX format of MNIST and its relatives: two zero bytes, a type, the number of extents, the
/// extents as big-endian 32-bit numbers, then the values. Plain or gzipped.
[<RequireQualifiedAccess>]
module Idx =

    /// The type of unsigned bytes, the only one that images and labels are stored in.
    let private unsignedByte = 0x08uy

    /// Reads signature and extents, and fails unless exactly the values that they announce follow.
    let private header (rank: int) (reader: Reader) : Result<int64 list, FileError> =
        result {
            let! magic = reader.Bytes "the signature" 4L

            if magic[0] <> 0uy || magic[1] <> 0uy then
                return!
                    reader.FaultAt
                        0L
                        (NotFormat("an IDX file", System.Convert.ToHexString(magic).ToLower()))
            elif magic[2] <> unsignedByte then
                return!
                    reader.FaultAt
                        2L
                        (Unsupported("the type of values", $"0x{magic[2]:x2}", "0x08 (bytes)"))
            elif int magic[3] <> rank then
                return!
                    reader.FaultAt
                        3L
                        (Mismatch("number of dimensions", string rank, string magic[3]))
            else
                let! extents =
                    [ 1..rank ]
                    |> List.traverseResultM (fun i ->
                        reader.BigEndian32 $"extent {i}" |> Result.map int64
                    )

                // In doubles first: four extents of 32 bits overflow 64.
                let count = extents |> List.fold (fun n e -> n * float e) 1.0

                if count > float System.Array.MaxLength then
                    return!
                        reader.FaultAt
                            4L
                            (OutOfRange(
                                "the number of values",
                                $"{count}",
                                "0",
                                string System.Array.MaxLength
                            ))
                else
                    do! reader.Need "the values" (int64 count)
                    return extents
        }

    /// Images, N × height × width: their shape (one channel) and their pixels.
    let readImages (path: string) : Result<Shape * byte[], FileError> =
        Content.read
            path
            (fun reader ->
                result {
                    let! extents = header 3 reader
                    let rows, columns = extents[1], extents[2]

                    if rows < 1L || columns < 1L then
                        return!
                            reader.FaultAt
                                8L
                                (Mismatch(
                                    "the size of an image",
                                    "1x1 or more",
                                    $"{rows}x{columns}"
                                ))
                    elif rows * columns > int64 System.Array.MaxLength then
                        // Of no images at all, there are enough pixels.
                        return!
                            reader.FaultAt
                                8L
                                (OutOfRange(
                                    "the size of an image",
                                    $"{rows}x{columns}",
                                    "1",
                                    $"{System.Array.MaxLength} pixels"
                                ))
                    else
                        let! pixels =
                            reader.Bytes "the pixels" (extents[0] * extents[1] * extents[2])

                        do! reader.End()
                        return Shape.create 1 (int rows) (int columns), pixels
                }
            )

    /// Labels, one byte each.
    let readLabels (path: string) : Result<byte[], FileError> =
        Content.read
            path
            (fun reader ->
                result {
                    let! extents = header 1 reader
                    let! labels = reader.Bytes "the labels" extents[0]
                    do! reader.End()
                    return labels
                }
            )

    /// The first of these names in a folder that exists, plain or gzipped.
    let private find folder (stems: string list) =
        let candidates = [
            for stem in stems do
                Path.Combine(folder, stem)
                Path.Combine(folder, stem + ".gz")
        ]

        match candidates |> List.tryFind File.Exists with
        | Some path -> Ok path
        | None -> Error(NotFound(List.head candidates))

    let private readSplit folder prefix : Result<Split, FileError> =
        result {
            let! imagePath =
                find folder [ $"{prefix}-images-idx3-ubyte"; $"{prefix}-images.idx3-ubyte" ]

            let! labelPath =
                find folder [ $"{prefix}-labels-idx1-ubyte"; $"{prefix}-labels.idx1-ubyte" ]

            let! shape, pixels = readImages imagePath
            let! labels = readLabels labelPath
            let images = pixels.Length / int (Shape.count shape)

            let place = {
                Path = labelPath
                Part = None
                Offset = 4L
            }

            if labels.Length <> images then
                return!
                    Error(
                        Malformed(
                            place,
                            Mismatch(
                                "number of labels",
                                $"{images} (as in {imagePath})",
                                string labels.Length
                            )
                        )
                    )
            elif images = 0 then
                return! Error(Malformed(place, Lacks "images"))
            else
                return {
                    Shape = shape
                    Pixels = Bytes pixels
                    Targets = Targets.Labels(Array.map int labels)
                }
        }

    /// Bytes are 0 to 255, but masks have nothing but 0 and 1.
    let private range (train: Split) (test: Split) =
        let ranges =
            [ train; test ]
            |> List.choose (fun split ->
                match split.Pixels with
                | Bytes data -> Some(PixelFacts.ofFormat data)
                | Floats _
                | Pictures _ -> None
            )

        if List.contains PixelRange.bytes ranges then
            PixelRange.bytes
        else
            List.tryHead ranges |> Option.defaultValue PixelRange.bytes

    /// The four files of a folder, named as MNIST's are. `classes`: the names, or numbers up to the largest label.
    let load name (classes: string list option) (folder: string) : Result<Dataset, FileError> =
        result {
            if not (Directory.Exists folder) then
                return! Error(NotFound folder)

            let! train = readSplit folder "train"
            let! test = readSplit folder "t10k"
            let largest = max (Array.max train.Labels) (Array.max test.Labels)

            let names =
                classes
                |> Option.defaultValue [
                    for i in 0..largest do
                        string i
                ]

            let place = Place.start folder

            if test.Shape <> train.Shape then
                return!
                    Error(
                        Malformed(
                            place,
                            Mismatch(
                                "shape of the test images",
                                string train.Shape,
                                string test.Shape
                            )
                        )
                    )
            elif largest >= List.length names then
                return!
                    Error(
                        Malformed(
                            place,
                            OutOfRange("a label", string largest, "0", string (names.Length - 1))
                        )
                    )
            else
                return Split.together name names (range train test) train test
        }
