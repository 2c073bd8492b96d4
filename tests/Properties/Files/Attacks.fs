/// Random changes of files, and readers under them.
module Sss.Tests.Files.Attacks

open System
open System.IO
open Xunit
open Sss.Files

/// One random change of a file's bytes.
let private change (random: Random) (data: byte[]) : byte[] =
    let at () = random.Next(max 1 data.Length)

    let overwrite (bytes: byte[]) =
        let copy = Array.copy data
        let start = at ()

        Array.iteri
            (fun i b ->
                if start + i < copy.Length then
                    copy[start + i] <- b
            )
            bytes

        copy

    match random.Next 9 with
    | 0 -> Array.truncate (at ()) data
    | 1 ->
        let copy = Array.copy data

        if copy.Length > 0 then
            let i = at ()
            copy[i] <- copy[i] ^^^ (1uy <<< random.Next 8)

        copy
    | 2 -> overwrite [| byte (random.Next 256) |]
    | 3 -> overwrite (Array.create (random.Next(1, 9)) 0xffuy)
    | 4 -> overwrite (Array.create (random.Next(1, 9)) 0uy)
    // A large number, in either byte order, and as text.
    | 5 -> overwrite (BitConverter.GetBytes(Int64.MaxValue >>> random.Next 62))
    | 6 -> overwrite (Array.init (random.Next(1, 12)) (fun _ -> byte '9'))
    | 7 ->
        let i = at ()
        let count = random.Next(1, 64)
        let count = min count (data.Length - min i data.Length)

        Array.concat [
            Array.truncate i data
            data[i .. i + count - 1]
            Array.skip (min i data.Length) data
        ]
    | _ ->
        let i = at ()
        let j = min data.Length (i + random.Next(1, 64))
        Array.append (Array.truncate i data) (Array.skip j data)

/// One to four changes.
let mutate (random: Random) data =
    Seq.fold (fun data _ -> change random data) data (seq { 0 .. random.Next 4 })

/// Buffers of streams, strings of messages and the archive's tables, whatever the file's size.
let private slack = 600_000L

/// What one attack allows beside twice the file.
type Bounds = {
    /// Bytes that a valid file holds unpacked or decoded.
    Unpacked: int
    /// Whatever the file's size.
    Slack: int64
}

/// Reads `count` mutations of a file, made by `mutate` and packed by `pack`, and counts the valid
/// reads among them.
let attackWith
    bounds
    (mutate: Random -> byte[] -> byte[])
    pack
    (seed: int)
    (count: int)
    folder
    (name: string)
    (valid: byte[])
    read
    =
    let path = Path.Combine(folder, name)
    let random = Random seed
    let mutable reads = 0

    let once i (data: byte[]) =
        File.WriteAllBytes(path, data)
        let before = GC.GetAllocatedBytesForCurrentThread()

        let result: Result<unit, FileError> =
            try
                read path
            with e ->
                raise (InvalidOperationException($"mutation {i} of {name}, seed {seed}", e))

        let used = GC.GetAllocatedBytesForCurrentThread() - before
        let allowed = 2L * int64 (max data.Length bounds.Unpacked) + bounds.Slack
        Assert.True(used <= allowed, $"mutation {i} of {name}, seed {seed}: {used} bytes")

        match result with
        | Ok() -> reads <- reads + 1
        | Error error -> Assert.Contains(folder, FileError.message error)

    once -1 (pack valid)
    Assert.Equal(1, reads)

    for i in 0 .. count - 1 do
        once i (pack (mutate random valid))

    File.WriteAllBytes(path, pack valid)
    reads - 1

/// The same for files of some hundred bytes.
let attack seed count folder name valid unpacked read =
    let bounds = { Unpacked = unpacked; Slack = slack }
    attackWith bounds mutate id seed count folder name valid read

/// A reading whose result does not matter.
let unit result = Result.map ignore result
