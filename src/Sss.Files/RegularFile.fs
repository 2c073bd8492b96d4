namespace Sss.Files

open System.IO
open Microsoft.Win32.SafeHandles
open Sss.Shared

/// Reading of regular files alone. Anything else at a path (a device, a pipe, a socket, a folder) is
/// refused before it is opened.
[<RequireQualifiedAccess>]
module RegularFile =

    /// Bytes that `bytes` reads of a file at most, whatever length the system states for it.
    let mostBytes = 256 * 1024 * 1024

    /// `NotAvailable` with the kind of what is at the path, unless it is a regular file. A path
    /// where nothing exists passes: opening it gives the error.
    let check (path: string) : Result<unit, FileError> =
        match FileKind.objection (FileKind.ofPath path) with
        | Some reason -> Error(NotAvailable(path, reason))
        | None -> Ok()

    /// `NotAvailable` where something other than a folder is at the path.
    let checkFolder (path: string) : Result<unit, FileError> =
        match FileKind.ofPath path with
        | Missing
        | Folder -> Ok()
        | Regular
        | Pipe
        | Socket
        | Device -> Error(NotAvailable(path, "it exists and is not a folder"))

    /// Opens a file and hands it and its length in bytes to `work`. .NET shows a byte of a name that
    /// is not UTF-8 as U+FFFD, and cannot open such a file.
    let read (path: string) (work: SafeFileHandle -> int64 -> Result<'T, FileError>) =
        check path
        |> Result.bind (fun () ->
            FileError.catching
                path
                (fun () ->
                    use file = File.OpenHandle path
                    work file (RandomAccess.GetLength file)
                )
        )
        |> Result.mapError (fun error ->
            match error with
            | NotFound missing when missing = path && path.Contains '\uFFFD' ->
                NotAvailable(
                    path,
                    "it cannot be opened, because its name is not valid UTF-8; rename it"
                )
            | other -> other
        )

    /// The content of a file of at most `mostBytes`.
    let bytes (path: string) : Result<byte[], FileError> =
        check path
        |> Result.bind (fun () ->
            FileError.catching
                path
                (fun () ->
                    use file =
                        new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read)

                    use content = new MemoryStream()
                    let buffer = Array.zeroCreate<byte> 65536
                    let mutable got = file.Read(buffer, 0, buffer.Length)

                    while got > 0 && content.Length <= int64 mostBytes do
                        content.Write(buffer, 0, got)
                        got <- file.Read(buffer, 0, buffer.Length)

                    if content.Length > int64 mostBytes then
                        let most = $"{mostBytes} bytes"

                        Error(
                            Malformed(
                                Place.start path,
                                OutOfRange("the length", "more", "0", most)
                            )
                        )
                    else
                        Ok(content.ToArray())
                )
        )

    /// The same as text in UTF-8, without a byte-order mark.
    let text (path: string) : Result<string, FileError> =
        bytes path
        |> Result.map (fun bytes ->
            use reader = new StreamReader(new MemoryStream(bytes))
            reader.ReadToEnd()
        )
