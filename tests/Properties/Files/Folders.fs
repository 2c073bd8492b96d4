namespace Sss.Tests.Files

open System
open System.IO
open System.IO.Compression
open Xunit
open Sss.Files

/// Temporary folders and files of the formats that the readers know.
[<RequireQualifiedAccess>]
module Folders =

    /// Runs a test in a fresh folder, which is gone afterwards.
    let within (test: string -> 'T) : 'T =
        let folder = Path.Combine(Path.GetTempPath(), $"sss-files-{Guid.NewGuid():N}")
        Directory.CreateDirectory folder |> ignore

        try
            test folder
        finally
            Directory.Delete(folder, true)

    /// The value, or a failed test that tells the message.
    let ok (result: Result<'T, FileError>) : 'T =
        match result with
        | Ok value -> value
        | Error error -> failwith (FileError.message error)

    /// The message of an error; success is a failed test.
    let message (result: Result<'T, FileError>) : string =
        match result with
        | Ok _ -> failwith "an error was expected"
        | Error error -> FileError.message error

    /// The message with the temporary folder left out.
    let messageIn (folder: string) (result: Result<'T, FileError>) : string =
        (message result).Replace(folder + "/", "").Replace(folder, "FOLDER")

    let gzip (data: byte[]) : byte[] =
        use packed = new MemoryStream()

        using
            (new GZipStream(packed, CompressionMode.Compress))
            (fun s -> s.Write(ReadOnlySpan data))

        packed.ToArray()

    let private bigEndian (n: int) = [| byte (n >>> 24); byte (n >>> 16); byte (n >>> 8); byte n |]

    /// An IDX file of bytes.
    let idx (extents: int list) (values: byte[]) : byte[] =
        Array.concat [
            [| 0uy; 0uy; 8uy; byte extents.Length |]
            yield! List.map bigEndian extents
            values
        ]

    let put (folder: string) (name: string) (data: byte[]) =
        File.WriteAllBytes(Path.Combine(folder, name), data)
