namespace Sss.Files

open System
open System.IO
open System.Runtime.InteropServices
open System.Text
open Microsoft.Win32.SafeHandles

/// Opening of files for reading that never waits: a named pipe without a writer, or a terminal, would
/// hold a reader for ever.
[<RequireQualifiedAccess>]
module internal RegularFile =

    [<DllImport("libc")>]
    extern int private statx(int folder, byte[] path, int flags, uint32 mask, byte[] result)

    /// What stands at a path when it is neither a file nor a folder; None also where that cannot be
    /// found out, since opening says it better. The numbers are those of Linux' statx(2), which are
    /// the same on every processor; other systems are not asked.
    let private special (path: string) : string option =
        if not (OperatingSystem.IsLinux()) then
            None
        else
            let result = Array.zeroCreate<byte> 256
            let currentFolder, followLinks, typeOnly, modeAt = -100, 0, 1u, 28

            try
                let name = Encoding.UTF8.GetBytes(path + "\000")

                if statx (currentFolder, name, followLinks, typeOnly, result) <> 0 then
                    None
                else
                    match int (BitConverter.ToUInt16(result, modeAt)) &&& 0xF000 with
                    | 0x1000 -> Some "a named pipe"
                    | 0x2000
                    | 0x6000 -> Some "a device"
                    | 0xC000 -> Some "a socket"
                    | _ -> None
            with
            | :? EntryPointNotFoundException
            | :? DllNotFoundException -> None

    /// Opens a file and hands it and its length in bytes to `work`. What is no regular file is an
    /// error, and so is whatever the system says. .NET shows a byte of a name that is not UTF-8 as
    /// U+FFFD, and cannot open such a file.
    let read (path: string) (work: SafeFileHandle -> int64 -> Result<'T, FileError>) =
        FileError.catching
            path
            (fun () ->
                match special path with
                | Some kind -> Error(NotAvailable(path, $"it is {kind}, not a file"))
                | None ->
                    use file = File.OpenHandle path
                    work file (RandomAccess.GetLength file)
            )
        |> Result.mapError (fun error ->
            match error with
            | NotFound missing when missing = path && path.Contains '\uFFFD' ->
                NotAvailable(
                    path,
                    "it cannot be opened, since its name is not valid UTF-8; rename it"
                )
            | other -> other
        )
