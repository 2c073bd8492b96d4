namespace Sss.Torch

open System
open System.IO
open System.Security.Cryptography

/// A patched copy of the binding on disk. The file's name holds a hash of its content, it is
/// compared byte by byte before it is used, and it appears by a rename: programs that start at the
/// same time, or one that was killed while it wrote, cannot leave a wrong one behind.
[<RequireQualifiedAccess>]
module internal PatchedBinding =

    let private isThere (file: string) (content: byte[]) =
        try
            File.Exists file
            && FileInfo(file).Length = content.LongLength
            && File.ReadAllBytes(file).AsSpan().SequenceEqual(ReadOnlySpan content)
        with
        | :? IOException
        | :? UnauthorizedAccessException -> false

    let private write (folder: string) (file: string) (content: byte[]) =
        Directory.CreateDirectory folder |> ignore
        let fresh = Path.Combine(folder, Path.GetRandomFileName())

        try
            File.WriteAllBytes(fresh, content)
            File.Move(fresh, file, overwrite = true)
        finally
            File.Delete fresh

    let private failure (work: unit -> string) =
        try
            Ok(work ())
        with
        | :? IOException as e -> Error e.Message
        | :? UnauthorizedAccessException as e -> Error e.Message

    let private place (folder: string) name content =
        failure (fun () ->
            let file = Path.Combine(folder, name)

            if not (isThere file content) then
                write folder file content

            file
        )

    /// The path of a file `name` that holds `content`: kept in a folder of `cache` that is named
    /// after the content; where that cannot be written, in a new private temporary folder.
    let keep (cache: string) (name: string) (content: byte[]) : Result<string, string> =
        let hash =
            Convert.ToHexStringLower(SHA256.HashData(ReadOnlySpan content)).Substring(0, 16)

        match place (Path.Combine(cache, $"native-{hash}")) name content with
        | Ok file -> Ok file
        | Error first ->
            failure (fun () -> Directory.CreateTempSubdirectory("sss-").FullName)
            |> Result.bind (fun folder -> place folder name content)
            |> Result.mapError (fun second -> $"{first}; {second}")
