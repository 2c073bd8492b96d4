namespace Sss.Files

open System
open System.IO

/// Writes files whole or not at all.
[<RequireQualifiedAccess>]
module AtomicFile =

    /// Removes a temporary file as well as can be; the first error is the one worth telling.
    let private discard (path: string) =
        try
            File.Delete path
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()

    /// The file at a path: a link is followed, so that it stays a link.
    let private followed (path: string) : string =
        let full = Path.GetFullPath path

        match FileInfo(full).LinkTarget with
        | null -> full
        | _ ->
            match File.ResolveLinkTarget(full, true) with
            | null -> full
            | target -> target.FullName

    /// A name beside the file's own, which must not become longer than a file system allows.
    let private temporaryFor (full: string) : string =
        let folder = Path.GetDirectoryName full |> string
        let name = Path.GetFileName full |> string
        let start = if name.Length <= 40 then name + "." else ""
        Path.Combine(folder, $".{start}{Guid.NewGuid():N}.tmp")

    /// A new file with the permissions of the old one.
    let private keepMode (full: string) (stream: FileStream) =
        if not (OperatingSystem.IsWindows()) && File.Exists full then
            File.SetUnixFileMode(stream.SafeFileHandle, File.GetUnixFileMode full)

    /// Whether a file can be at a path: what is there already is a regular file, or a link to one
    /// or to nothing. A device, a pipe, a socket or a folder is never replaced.
    let check (path: string) : Result<unit, FileError> = RegularFile.check path

    /// Writes a file by way of a temporary one in the same folder, which is flushed to the disk and
    /// then renamed. A reader of `path` sees the old content or the new one, whatever happens in
    /// between. The folder is made when it is not there; a link stays, and what it points to is
    /// written; the permissions of a file that is there stay. On an error, or when `write` raises,
    /// what was at `path` is untouched and nothing is left behind.
    let write (path: string) (write: Stream -> unit) : Result<unit, FileError> =
        let replace () =
            let full = followed path
            full |> Path.GetDirectoryName |> string |> Directory.CreateDirectory |> ignore
            let temporary = temporaryFor full

            try
                using
                    (new FileStream(
                        temporary,
                        FileMode.CreateNew,
                        FileAccess.Write,
                        FileShare.None,
                        65536
                    ))
                    (fun stream ->
                        keepMode full stream
                        write stream
                        stream.Flush true
                    )

                File.Move(temporary, full, true)
                Ok()
            with _ ->
                discard temporary
                reraise ()

        check path |> Result.bind (fun () -> FileError.catching path replace)

    /// Removes a file; one that is not there is removed already.
    let delete (path: string) : Result<unit, FileError> =
        FileError.catching
            path
            (fun () ->
                if File.Exists path then
                    File.Delete path

                Ok()
            )

    /// Writes a text as UTF-8 without a byte-order mark.
    let writeText (path: string) (text: string) : Result<unit, FileError> =
        write
            path
            (fun stream -> stream.Write(ReadOnlySpan(Text.UTF8Encoding(false).GetBytes text)))
