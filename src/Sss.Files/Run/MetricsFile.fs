namespace Sss.Files

open System
open System.Globalization
open System.IO

/// `metrics.csv`: one row per epoch, for plots. Numbers are written so that they read back
/// exactly, regardless of the language of the system.
[<RequireQualifiedAccess>]
module MetricsFile =

    let private cell (value: float) =
        value.ToString("R", CultureInfo.InvariantCulture)

    let private line (cells: string seq) = String.Join(",", cells) + "\n"

    /// A row that could be written in part only is taken back, so that the next one starts a line.
    let private appendWhole (path: string) (text: string) =
        use file =
            new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, 0)

        let before = file.Length

        try
            file.Write(ReadOnlySpan(Text.Encoding.UTF8.GetBytes text))
        with _ ->
            file.SetLength before
            reraise ()

    /// Adds a row. A file that is not there yet gets the names as its first line; one that has other
    /// columns is an error, and stays as it is.
    let append (path: string) (row: (string * float) list) : Result<unit, FileError> =
        RegularFile.check path
        |> Result.bind (fun () ->
            FileError.catching path
            <| fun () ->
                let header = line (List.map fst row)
                let full = Path.GetFullPath path
                Path.GetDirectoryName full |> string |> Directory.CreateDirectory |> ignore

                let found =
                    if File.Exists full then
                        File.ReadLines full |> Seq.tryHead
                    else
                        None

                match found with
                | Some first when first + "\n" <> header ->
                    Error(
                        Malformed(
                            {
                                Path = path
                                Part = None
                                Offset = 0L
                            },
                            Mismatch("columns", header.TrimEnd(), first)
                        )
                    )
                | _ ->
                    let text =
                        (if found.IsNone then header else "") + line (List.map (snd >> cell) row)

                    appendWhole full text
                    Ok()
        )

    /// The rows of a file, each with the names of its columns. A last line without its end, as a
    /// process that was killed leaves it, is left out.
    let read (path: string) : Result<(string * float) list list, FileError> =
        RegularFile.text path
        |> Result.bind (fun text ->
            let whole = text.Substring(0, text.LastIndexOf '\n' + 1)

            match whole.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray with
            | [] -> Ok []
            | header :: rows ->
                let names = header.Split ',' |> List.ofArray

                let parse offset (row: string) =
                    let cells = row.Split ',' |> List.ofArray

                    let numbers =
                        cells
                        |> List.choose (fun c ->
                            match
                                Double.TryParse(
                                    c,
                                    NumberStyles.Float,
                                    CultureInfo.InvariantCulture
                                )
                            with
                            | true, v -> Some v
                            | _ -> None
                        )

                    if numbers.Length = names.Length && cells.Length = names.Length then
                        Ok(List.zip names numbers)
                    else
                        Error(
                            Malformed(
                                {
                                    Path = path
                                    Part = None
                                    Offset = int64 offset
                                },
                                Mismatch("a row", $"{names.Length} numbers", row)
                            )
                        )

                let offsets =
                    rows |> List.scan (fun at row -> at + row.Length + 1) (header.Length + 1)

                List.zip (List.truncate rows.Length offsets) rows
                |> List.map (fun (offset, row) -> parse offset row)
                |> FsToolkit.ErrorHandling.List.sequenceResultM
        )

    /// Drops every row for which `keep` says no: what a run that continues from a checkpoint does with
    /// the rows after it. Whole or not at all.
    let filter (path: string) (keep: (string * float) list -> bool) : Result<unit, FileError> =
        if not (File.Exists path) then
            Ok()
        else
            read path
            |> Result.bind (fun rows ->
                match List.filter keep rows with
                | [] -> FileError.catching path (fun () -> Ok(File.Delete path))
                | kept ->
                    let text =
                        line (List.map fst kept.Head)
                        + String.Join("", kept |> List.map (List.map (snd >> cell) >> line))

                    AtomicFile.writeText path text
            )
