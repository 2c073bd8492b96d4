/// Broken and hostile inputs: every reader gives an error that names the file, or a valid result;
/// never an exception, and never more memory than the file and its result are worth.
module Sss.Tests.Files.MutationTests

open System
open System.IO
open Xunit
open SkiaSharp
open Sss.Core
open Sss.Dsl
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
let private mutate (random: Random) data =
    Seq.fold (fun data _ -> change random data) data (seq { 0 .. random.Next 4 })

/// Buffers of streams, strings of messages and the archive's tables, whatever the file's size.
let private slack = 600_000L

/// What one attack allows beside twice the file.
type private Bounds = {
    /// Bytes that a valid file holds unpacked or decoded.
    Unpacked: int
    /// Whatever the file's size.
    Slack: int64
}

/// Reads `count` mutations of a file, made by `mutate` and packed by `pack`, and counts the valid
/// reads among them.
let private attackWith
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
let private attack seed count folder name valid unpacked read =
    let bounds = { Unpacked = unpacked; Slack = slack }
    attackWith bounds mutate id seed count folder name valid read

let private unit result = Result.map ignore result

let private tensorFile folder =
    let random = Random 7
    let path = Path.Combine(folder, "valid")

    let tensor shape =
        let count = List.fold (*) 1 shape

        {
            Shape = shape
            Data = Array.init count (fun _ -> random.NextSingle())
        }

    let weights =
        Map.ofList [
            "conv1.weight", tensor [ 4; 3; 3; 3 ]
            "bn1.weight", tensor [ 4 ]
            "bn1.mean", tensor [ 4 ]
            "dense1.weight", tensor [ 2; 16 ]
        ]

    Folders.ok (
        NetworkFile.write path {
            Text = "network N {\n  input 3x8x8\n}\n"
            Classes = [ "a"; "b" ]
            Normalisation =
                Some {
                    Resize = 0
                    Scale = 0.25f
                    Mean = [| 0.5f |]
                    Deviation = [| 1.0f |]
                }
            Weights = weights
        }
    )

    File.ReadAllBytes path

[<Fact>]
let ``6,000 mutations of a safetensors file are errors or valid reads`` () =
    Folders.within (fun folder ->
        let valid = tensorFile folder

        let reads =
            attack 1 4000 folder "x.safetensors" valid 0 (fun path -> unit (Safetensors.read path))
        // Changed values make other valid files; a header that is changed is nearly always refused.
        Assert.InRange(reads, 400, 2400)

        // The header alone, where every byte has a meaning.
        let header = 8 + int (BitConverter.ToInt64(valid, 0))
        let random = Random 2

        for i in 0..1999 do
            let mutated = Array.append (mutate random valid[.. header - 1]) valid[header..]
            let path = Path.Combine(folder, "x.safetensors")
            File.WriteAllBytes(path, mutated)

            match NetworkFile.read path with
            | Ok saved ->
                for KeyValue(_, t) in saved.Weights do
                    Assert.Equal(List.fold (*) 1 t.Shape, t.Data.Length)
            | Error error -> Assert.Contains($"x.safetensors: at byte", FileError.message error)
    )

[<Fact>]
let ``6,600 mutations over all readers of data are errors or valid reads`` () =
    Folders.within (fun folder ->
        let random = Random 3
        let pixels = Array.zeroCreate<byte> 600
        random.NextBytes pixels
        let idx = Folders.idx [ 10; 6; 10 ] pixels
        let images path = unit (Idx.readImages path)
        attack 4 1500 folder "images" idx 0 images |> ignore
        attack 5 800 folder "images.gz" (Folders.gzip idx) idx.Length images |> ignore
        let labels = Folders.idx [ 300 ] (Array.init 300 (fun i -> byte (i % 10)))

        attack 6 500 folder "labels" labels 0 (fun path -> unit (Idx.readLabels path))
        |> ignore

        let archive =
            FormatTests.npz [
                "x_train", FormatTests.npy 1 "|u1" "10, 6, 10" pixels
                "y_train", FormatTests.npy 2 "|u1" "10," (Array.init 10 byte)
                "x_test", FormatTests.npy 1 "|u1" "10, 6, 10" pixels
                "y_test", FormatTests.npy 1 "|u1" "10," (Array.init 10 byte)
            ]

        attack 7 1500 folder "x.npz" archive 4000 (fun path -> unit (Npz.load path))
        |> ignore

        let picture format =
            PictureTests.picture
                format
                40
                30
                (SKColor(200uy, 30uy, 90uy))
                (SKColor(0uy, 99uy, 1uy))

        let shape = Shape.create 3 16 16
        let image path = unit (ImageFile.read shape path)

        attack 8 600 folder "x.png" (picture SKEncodedImageFormat.Png) 4800 image
        |> ignore

        attack 9 600 folder "x.jpg" (picture SKEncodedImageFormat.Jpeg) 4800 image
        |> ignore

        // A folder of CIFAR-10 whose first file is under attack.
        let record label =
            Array.append [| byte label |] (Array.zeroCreate 3072)

        for name in
            [ "data_batch_2"; "data_batch_3"; "data_batch_4"; "data_batch_5"; "test_batch" ] do
            Folders.put folder $"{name}.bin" (record 1)

        let cifar _ = unit (Cifar.loadTen folder)

        attack 10 600 folder "data_batch_1.bin" (Array.append (record 0) (record 9)) 40000 cifar
        |> ignore

        let names =
            String.Join("\n", [ for i in 0..9 -> $"class {i}" ])
            |> Text.Encoding.UTF8.GetBytes

        attack 11 500 folder "batches.meta.txt" names 60000 cifar |> ignore
    )

/// Mutations of the first bytes alone, where sizes stand.
let private mutateHead length random (data: byte[]) =
    Array.append (mutate random (Array.truncate length data)) (Array.skip length data)

/// On large files twice the file is most of what is allowed: reading may hold the file and what
/// comes out of it, and nothing more. (The streams' own buffers are the rest.)
[<Fact>]
let ``420 mutations of large files take no more than twice the file in memory`` () =
    Folders.within (fun folder ->
        let random = Random 12
        let pixels = Array.zeroCreate<byte>(1200 * 28 * 28)
        random.NextBytes pixels
        let bounds = { Unpacked = 0; Slack = 200_000L }
        let idx = Folders.idx [ 1200; 28; 28 ] pixels

        attackWith
            bounds
            (mutateHead 16)
            id
            21
            90
            folder
            "images"
            idx
            (fun path -> unit (Idx.readImages path))
        |> ignore

        let tensors =
            let path = Path.Combine(folder, "valid")

            let tensor = {
                Shape = [ 500; 500 ]
                Data = Array.init 250_000 (fun _ -> random.NextSingle())
            }

            Folders.ok (Safetensors.write path (Map.ofList [ "a.weight", tensor ]) [ "k", "v" ])
            File.ReadAllBytes path

        attackWith
            bounds
            (mutateHead 120)
            id
            22
            90
            folder
            "x.safetensors"
            tensors
            (fun path -> unit (Safetensors.read path))
        |> ignore

        let record label =
            Array.append [| byte label |] (Array.sub pixels (3072 * label) 3072)

        for name in
            [ "data_batch_2"; "data_batch_3"; "data_batch_4"; "data_batch_5"; "test_batch" ] do
            Folders.put folder $"{name}.bin" (record 1)

        let records = Array.concat [ for i in 0..299 -> record (i % 10) ]

        // Six files are read, each through a buffer.
        attackWith
            { bounds with Slack = 500_000L }
            mutate
            id
            23
            60
            folder
            "data_batch_1.bin"
            records
            (fun _ -> unit (Cifar.loadTen folder))
        |> ignore

        let arrays = [
            "x_train", FormatTests.npy 1 "|u1" "1200, 28, 28" pixels
            "y_train", FormatTests.npy 2 "|u1" "1200," (Array.init 1200 (fun i -> byte (i % 10)))
            "x_test", FormatTests.npy 1 "|u1" "1, 28, 28" (Array.truncate 784 pixels)
            "y_test", FormatTests.npy 1 "|u1" "1," [| 1uy |]
        ]

        // The header of the archive's first array is changed, and packed again.
        let archive x =
            FormatTests.npz (("x_train", x) :: arrays.Tail)

        attackWith
            bounds
            (mutateHead 128)
            archive
            24
            90
            folder
            "x.npz"
            (snd arrays.Head)
            (fun path -> unit (Npz.load path))
        |> ignore

        attackWith
            { bounds with Unpacked = idx.Length }
            (mutateHead 16)
            Folders.gzip
            25
            90
            folder
            "images.gz"
            idx
            (fun path -> unit (Idx.readImages path))
        |> ignore
    )

/// A diagnostic's place is the language's own; what is asked here is that there is one.
[<Fact>]
let ``600 mutations of a network file are diagnostics or networks`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.sss")
        let random = Random 31

        let valid =
            "network T {\n  input 3x16x16\n  classes 10\n"
            + "  def unit(n, s) {\n    residual @scale(block) { conv n 3x3 stride=s; bn }; relu\n  }\n"
            + "  conv 8 3x3; bn @scale(neuron); relu\n  repeat 3 { unit 8 1 }\n"
            + "  avgpool global\n  dense classes\n}\n\ntrain {\n  lr 0.1 step 0.1 at 3, 5\n"
            + "  gamma 0.1\n  augment area=0.08 flip jitter=0.4 pca=0.1 resize=20\n}\n"
            |> Text.Encoding.UTF8.GetBytes

        let mutable networks = 0

        for i in 0..599 do
            File.WriteAllBytes(path, (if i = 0 then valid else mutate random valid))

            match Language.readFile path with
            | Error _ -> ()
            | Ok text ->
                match Language.parse text with
                | Ok _ -> networks <- networks + 1
                | Error diagnostics ->
                    Assert.NotEmpty diagnostics

                    for diagnostic in diagnostics do
                        Assert.Contains("x.sss:", Language.render path text diagnostic)

        Assert.InRange(networks, 10, 400)
    )
