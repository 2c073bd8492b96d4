namespace Sss.Files

open System.IO

/// One process at a time at work in a folder.
[<RequireQualifiedAccess>]
module FolderLock =

    /// Takes the lock of a folder, which is made when it is not there. Held until it is disposed; the
    /// system lets it go when the process ends, however it ends. `NotAvailable`: another one has it.
    let take (folder: string) : Result<FileStream, FileError> =
        let path = Path.Combine(folder, ".lock")

        FileError.catching
            path
            (fun () ->
                Directory.CreateDirectory folder |> ignore

                Ok(
                    new FileStream(
                        path,
                        FileMode.OpenOrCreate,
                        FileAccess.ReadWrite,
                        FileShare.None
                    )
                )
            )
