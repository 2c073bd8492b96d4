namespace Sss.Files

open System.IO
open FsToolkit.ErrorHandling
open Sss.Core

/// The binary files of CIFAR-10 and CIFAR-100: records of one or two label bytes and 3 × 32 × 32
/// pixels, without a header.
[<RequireQualifiedAccess>]
module Cifar =

    /// What distinguishes the two.
    type private Kind = {
        Name: string
        /// The folder that the archive unpacks to.
        Folder: string
        Training: string list
        Test: string
        /// Label bytes before the pixels; the last one is the class.
        Labels: int
        Classes: int
        /// Class names, one per line.
        Names: string
    }

    let private ten = {
        Name = "cifar10"
        Folder = "cifar-10-batches-bin"
        Training = [ for i in 1..5 -> $"data_batch_{i}.bin" ]
        Test = "test_batch.bin"
        Labels = 1
        Classes = 10
        Names = "batches.meta.txt"
    }

    let private hundred = {
        Name = "cifar100"
        Folder = "cifar-100-binary"
        Training = [ "train.bin" ]
        Test = "test.bin"
        Labels = 2
        Classes = 100
        Names = "fine_label_names.txt"
    }

    let private shape = Shape.create 3 32 32
    let private pixels = 3 * 32 * 32

    /// Labels and pixels of one file.
    let private readRecords kind path : Result<int[] * byte[], FileError> =
        Content.read
            path
            (fun reader ->
                result {
                    let size = int64 (kind.Labels + pixels)

                    if reader.Left = 0L then
                        return! reader.Fault(Lacks "images")

                    let over = reader.Left % size

                    if over <> 0L then
                        return!
                            reader.FaultAt (reader.Left - over) (Truncated("a record", size, over))

                    let count = int (reader.Left / size)
                    let! all = reader.Bytes "the records" reader.Left
                    let at i = i * int size + kind.Labels - 1
                    let labels = Array.init count (fun i -> int all[at i])

                    match labels |> Array.tryFindIndex (fun label -> label >= kind.Classes) with
                    | Some i ->
                        return!
                            reader.FaultAt
                                (int64 (at i))
                                (OutOfRange(
                                    "a label",
                                    string labels[i],
                                    "0",
                                    string (kind.Classes - 1)
                                ))
                    | None ->
                        // Moves the pixels together in place: the labels' gaps close up.
                        for i in 0 .. count - 1 do
                            System.Array.Copy(all, at i + 1, all, i * pixels, pixels)

                        return labels, all
                }
            )

    let private readSplit kind folder names : Result<Split, FileError> =
        result {
            let! parts =
                names
                |> List.traverseResultM (fun name -> readRecords kind (Path.Combine(folder, name)))

            let counts = parts |> List.map (fun (labels, _) -> labels.Length)
            let size = (counts |> List.sumBy int64) * int64 pixels

            if size > int64 System.Array.MaxLength then
                return!
                    Error(
                        Malformed(
                            Place.start folder,
                            OutOfRange(
                                "the size of all images",
                                $"{size} bytes",
                                "1",
                                string System.Array.MaxLength
                            )
                        )
                    )

            let together = Array.zeroCreate<byte>(int size)
            let starts = List.scan (+) 0 counts |> List.truncate counts.Length

            for start, (labels, data) in List.zip starts parts do
                System.Array.Copy(data, 0, together, start * pixels, labels.Length * pixels)

            return {
                Shape = shape
                Pixels = Bytes together
                Targets = parts |> List.map fst |> Array.concat |> Targets.Labels
            }
        }

    let private classNames kind folder : Result<string list, FileError> =
        let path = Path.Combine(folder, kind.Names)

        if not (File.Exists path) then
            Ok [ for i in 0 .. kind.Classes - 1 -> string i ]
        else
            FileError.catching
                path
                (fun () ->
                    // A list of names is short; a longer file is something else.
                    if FileInfo(path).Length > 65536L then
                        Error(
                            Malformed(
                                Place.start path,
                                OutOfRange(
                                    "the length",
                                    string (FileInfo(path).Length),
                                    "0",
                                    "65536"
                                )
                            )
                        )
                    else
                        let names =
                            File.ReadAllLines path
                            |> Array.map (fun line -> line.Trim())
                            |> Array.filter (fun line -> line <> "")

                        let twice =
                            names |> Array.countBy id |> Array.tryFind (fun (_, n) -> n > 1)

                        match twice with
                        | Some(name, _) ->
                            Error(Malformed(Place.start path, Duplicate("class", name)))
                        | None when names.Length = kind.Classes -> Ok(List.ofArray names)
                        | None ->
                            Error(
                                Malformed(
                                    Place.start path,
                                    Mismatch(
                                        "class names",
                                        string kind.Classes,
                                        string names.Length
                                    )
                                )
                            )
                )

    let private load kind (folder: string) : Result<Dataset, FileError> =
        result {
            if not (Directory.Exists folder) then
                return! Error(NotFound folder)

            let inner = Path.Combine(folder, kind.Folder)
            let folder = if Directory.Exists inner then inner else folder
            let! names = classNames kind folder
            let! train = readSplit kind folder kind.Training
            let! test = readSplit kind folder [ kind.Test ]
            return Split.together kind.Name names PixelRange.bytes train test
        }

    /// `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin` of a folder, or of its
    /// sub-folder `cifar-10-batches-bin`.
    let loadTen folder = load ten folder

    /// `train.bin` and `test.bin` of a folder, or of its sub-folder `cifar-100-binary`; the fine
    /// labels.
    let loadHundred folder = load hundred folder
