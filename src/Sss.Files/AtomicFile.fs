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

    /// Writes a file by way of a temporary one in the same folder, which is flushed to the disk and
    /// then renamed. Whoever reads `path` sees the old content or the new one, whatever happens in
    /// between. The folder is made when it is not there. On an error, or when `write` raises, what
    /// stood at `path` is untouched and nothing is left behind.
    let write (path: string) (write: Stream -> unit) : Result<unit, FileError> =
        FileError.catching
            path
            (fun () ->
                let full = Path.GetFullPath path
                let folder = Path.GetDirectoryName full |> string

                if Directory.Exists full then
                    Error(NotAvailable(path, "it is a folder"))
                else
                    Directory.CreateDirectory folder |> ignore

                    let name = Path.GetFileName full
                    let temporary = Path.Combine(folder, $".{name}.{Guid.NewGuid():N}.tmp")

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
                                write stream
                                stream.Flush true
                            )

                        File.Move(temporary, full, true)
                        Ok()
                    with _ ->
                        discard temporary
                        reraise ()
            )

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
