/// CIFAR and NumPy archives, on small files of the exact formats.
module Sss.Tests.Files.FormatTests

open System
open System.IO
open System.IO.Compression
open System.Text
open Xunit
open Sss.Core
open Sss.Files

let private bytesOf (split: Split) =
    match split.Pixels with
    | Bytes data -> data
    | Pictures { Kept = Some data } -> data
    | Pictures _
    | Floats _ -> failwith "bytes were expected"

let private cifarRecord labels seed =
    let pixels = Array.zeroCreate<byte> 3072
    Random(seed: int).NextBytes pixels
    Array.append labels pixels

let private cifar10 folder =
    for file in 1..5 do
        [ 0; 1 ]
        |> List.map (fun i -> cifarRecord [| byte (file + i) |] (10 * file + i))
        |> Array.concat
        |> Folders.put folder $"data_batch_{file}.bin"

    Folders.put folder "test_batch.bin" (cifarRecord [| 9uy |] 99)

[<Theory>]
[<InlineData("")>]
[<InlineData("cifar-10-batches-bin")>]
let ``CIFAR-10 is read in the order of its files`` (inner: string) =
    Folders.within (fun root ->
        let folder = Path.Combine(root, inner)
        Directory.CreateDirectory folder |> ignore
        cifar10 folder
        let d = Folders.ok (Dataset.load (Cifar10 root))
        Assert.Equal("3x32x32", string d.Train.Shape)
        Assert.Equal<int[]>([| 1; 2; 2; 3; 3; 4; 4; 5; 5; 6 |], d.Train.Labels)
        Assert.Equal<int[]>([| 9 |], d.Test.Labels)
        let third = (cifarRecord [||] 21)
        Assert.Equal<byte[]>(third, Array.sub (bytesOf d.Train) (3 * 3072) 3072)
        Assert.Equal<byte[]>(cifarRecord [||] 99, bytesOf d.Test)
    )

[<Fact>]
let ``CIFAR-100 takes the fine labels and the names of its list`` () =
    Folders.within (fun folder ->
        Folders.put
            folder
            "train.bin"
            (Array.append (cifarRecord [| 3uy; 99uy |] 1) (cifarRecord [| 0uy; 7uy |] 2))

        Folders.put folder "test.bin" (cifarRecord [| 1uy; 50uy |] 3)
        let names = [ for i in 0..99 -> $"name {i}" ]
        File.WriteAllLines(Path.Combine(folder, "fine_label_names.txt"), names)
        let d = Folders.ok (Dataset.load (Cifar100 folder))
        Assert.Equal<int[]>([| 99; 7 |], d.Train.Labels)
        Assert.Equal<byte[]>(cifarRecord [||] 2, Array.sub (bytesOf d.Train) 3072 3072)
        Assert.Equal<string list>(names, d.Classes)
    )

[<Fact>]
let ``mistakes in CIFAR files are reported with file, offset and facts`` () =
    let broken change =
        Folders.within (fun folder ->
            cifar10 folder
            change folder
            Folders.messageIn folder (Dataset.load (Cifar10 folder))
        )

    let expected =
        """data_batch_2.bin: at byte 3073: a record needs 3073 bytes, but the content ends after 927 bytes
data_batch_5.bin: at byte 3073: a label is 10; it must be 0 to 9
test_batch.bin: at byte 0: it has no images
data_batch_4.bin: no such file or folder
batches.meta.txt: at byte 0: class names: expected 10, found 2"""

    let found = [
        broken (fun folder -> Folders.put folder "data_batch_2.bin" (Array.zeroCreate 4000))
        broken (fun folder ->
            Array.append (cifarRecord [| 1uy |] 1) (cifarRecord [| 10uy |] 2)
            |> Folders.put folder "data_batch_5.bin"
        )
        broken (fun folder -> Folders.put folder "test_batch.bin" [||])
        broken (fun folder -> File.Delete(Path.Combine(folder, "data_batch_4.bin")))
        broken (fun folder -> File.WriteAllText(Path.Combine(folder, "batches.meta.txt"), "a\nb\n"))
    ]

    Assert.Equal(expected, String.Join("\n", found))

/// A .npy file as NumPy writes it.
let npy (version: int) (kind: string) (shape: string) (values: byte[]) : byte[] =
    let dictionary =
        $"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}"

    let lengthBytes = if version = 1 then 2 else 4
    let filled = (8 + lengthBytes + dictionary.Length + 1 + 63) / 64 * 64
    let text = dictionary.PadRight(filled - 8 - lengthBytes - 1) + "\n"

    Array.concat [
        [| 0x93uy |]
        Encoding.ASCII.GetBytes "NUMPY"
        [| byte version; 0uy |]
        Array.truncate lengthBytes (BitConverter.GetBytes text.Length)
        Encoding.ASCII.GetBytes text
        values
    ]

/// An archive of .npy files.
let npz (arrays: (string * byte[]) list) : byte[] =
    use packed = new MemoryStream()

    using
        (new ZipArchive(packed, ZipArchiveMode.Create, true))
        (fun archive ->
            for name, data in arrays do
                use entry = archive.CreateEntry(name + ".npy").Open()
                entry.Write(ReadOnlySpan data)
        )

    packed.ToArray()

let private int64s (values: int list) =
    values |> List.map (fun v -> BitConverter.GetBytes(int64 v)) |> Array.concat

let private float32s (values: float32 list) =
    values |> List.map (fun v -> BitConverter.GetBytes v) |> Array.concat

/// Two training images and one test image of 2 × 3 pixels.
let private arrays = [
    "x_train", npy 1 "|u1" "2, 2, 3" [| 0uy .. 11uy |]
    "y_train", npy 1 "<i8" "2," (int64s [ 4; 0 ])
    "x_test", npy 2 "|u1" "1, 2, 3" [| 20uy .. 25uy |]
    "y_test", npy 1 "|u1" "1, 1" [| 2uy |]
]

let private withNpz data (test: string -> 'T) =
    Folders.within (fun folder ->
        Folders.put folder "data.npz" data
        test (Path.Combine(folder, "data.npz"))
    )

[<Fact>]
let ``NumPy archives are read as they were written`` () =
    withNpz
        (npz arrays)
        (fun path ->
            let d = Folders.ok (Dataset.load (Npz path))
            Assert.Equal("1x2x3", string d.Train.Shape)
            Assert.Equal<byte[]>([| 0uy .. 11uy |], bytesOf d.Train)
            Assert.Equal<int[]>([| 4; 0 |], d.Train.Labels)
            Assert.Equal<int[]>([| 2 |], d.Test.Labels)
            Assert.Equal(5, d.Classes.Length)
        )

[<Fact>]
let ``channels that come last are moved to the front`` () =
    let last = [|
        for h in 0..3 do
            for w in 0..4 do
                for c in 0..2 do
                    byte (c * 100 + h * 10 + w)
    |]

    let first = [|
        for c in 0..2 do
            for h in 0..3 do
                for w in 0..4 do
                    byte (c * 100 + h * 10 + w)
    |]

    let with' shape data =
        npz [
            "x_train", npy 1 "|u1" shape data
            "y_train", npy 1 "|u1" "1," [| 0uy |]
            "x_test", npy 1 "|u1" shape data
            "y_test", npy 1 "|u1" "1," [| 0uy |]
        ]

    for shape, data in [ "1, 4, 5, 3", last; "1, 3, 4, 5", first ] do
        withNpz
            (with' shape data)
            (fun path ->
                let d = Folders.ok (Dataset.load (Npz path))
                Assert.Equal("3x4x5", string d.Train.Shape)
                Assert.Equal<byte[]>(first, bytesOf d.Train)
            )

[<Fact>]
let ``mistakes in NumPy archives are reported with array, offset and facts`` () =
    let floats values = npy 1 "<f4" "2, 2, 3" (float32s values)

    let changed name data =
        arrays |> List.map (fun (n, d) -> n, (if n = name then data else d)) |> npz

    let expected =
        """data.npz: at byte 0: it has no array `x_train`
data.npz: at byte 128 of `x_train`: the values needs 12 bytes, but the content ends after 11 bytes
data.npz: at byte 140 of `x_train`: 1 byte more than the content should have
data.npz: at byte 10 of `x_train`: the type of the images is <c8; supported: |b1 (bool), |u1 (uint8), <u2 (uint16), <f2 (float16), <f4 (float32), <f8 (float64)
data.npz: at byte 132 of `x_train`: a pixel of image 0 is NaN; supported: finite numbers
data.npz: at byte 136 of `y_train`: a label is -1; it must be 0 to 65535
data.npz: at byte 0 of `y_train`: number of labels: expected 2, found 1
data.npz: at byte 0 of `x_train`: not a NumPy array: it starts with 000000000000
data.npz: at byte 10 of `x_train`: the order is Fortran's; supported: C's
data.npz: at byte 128 of `x_train`: the number of values is 4E+18; it must be 0 to 2147483591
data.npz: at byte 0: broken compressed data: """

    let fortran =
        (Encoding.Latin1.GetString(snd arrays.Head)).Replace("False", "True ")
        |> Encoding.Latin1.GetBytes

    let found =
        [
            npz arrays.Tail
            changed "x_train" (npy 1 "|u1" "2, 2, 3" (Array.zeroCreate 11))
            changed "x_train" (npy 1 "|u1" "2, 2, 3" (Array.zeroCreate 13))
            changed "x_train" (npy 1 "<c8" "2, 2, 3" (Array.zeroCreate 96))
            changed "x_train" (floats (1.0f :: nanf :: List.replicate 10 0.0f))
            changed "y_train" (npy 1 "<i8" "2," (int64s [ 1; -1 ]))
            changed "y_train" (npy 1 "<i8" "1," (int64s [ 1 ]))
            changed "x_train" (Array.zeroCreate 64)
            changed "x_train" fortran
            changed "x_train" (npy 1 "|u1" "2000000000, 2000000000" [||])
            Encoding.ASCII.GetBytes "not an archive"
        ]
        |> List.map (fun data ->
            withNpz
                data
                (fun path ->
                    let folder = Path.GetDirectoryName path |> string
                    Folders.messageIn folder (Dataset.load (Npz path))
                )
        )

    let text = String.Join("\n", found)
    // What follows the last colon is the runtime's own wording.
    Assert.Equal(expected, text.Substring(0, min text.Length expected.Length))

[<Fact>]
let ``archives and IDX files of no images are refused, whatever size the images claim`` () =
    for shape in [ "0, 65536, 65536"; "0, 8"; "0, 3, 46341, 46341" ] do
        let none = npy 1 "|u1" shape [||]

        let files =
            arrays
            |> List.map (fun (name, data) ->
                match name with
                | "x_test" -> name, none
                | "y_test" -> name, npy 1 "|u1" "0," [||]
                | _ -> name, data
            )

        withNpz
            (npz files)
            (fun path ->
                Assert.Equal(
                    "data.npz: at byte 0 of `y_test`: it has no images",
                    Folders.messageIn
                        (Path.GetDirectoryName path |> string)
                        (Dataset.load (Npz path))
                )
            )

    Folders.within (fun folder ->
        Folders.put folder "train-labels-idx1-ubyte" (Folders.idx [ 0 ] [||])

        let said extents =
            Folders.put folder "train-images-idx3-ubyte" (Folders.idx extents [||])
            Folders.messageIn folder (Dataset.load (Idx folder))

        Assert.Equal(
            "train-images-idx3-ubyte: at byte 8: the size of an image is 65536x65536; it must be 1 to 2147483591 pixels",
            said [ 0; 65536; 65536 ]
        )

        Assert.Equal(
            "train-images-idx3-ubyte: at byte 8: the size of an image is 4294967295x1; it must be 1 to 2147483591 pixels",
            said [ 0; -1; 1 ]
        )

        Assert.Equal("train-labels-idx1-ubyte: at byte 4: it has no images", said [ 0; 28; 28 ])
    )

[<Fact>]
let ``class names of CIFAR stand once`` () =
    Folders.within (fun folder ->
        cifar10 folder

        File.WriteAllLines(
            Path.Combine(folder, "batches.meta.txt"),
            [ for i in 0..9 -> $"class {i % 9}" ]
        )

        Assert.Equal(
            "batches.meta.txt: at byte 0: class `class 0` is there twice",
            Folders.messageIn folder (Dataset.load (Cifar10 folder))
        )
    )
