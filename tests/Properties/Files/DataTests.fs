module Sss.Tests.Files.DataTests

open System
open System.IO
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files

let private bytesOf (split: Split) =
    match split.Pixels with
    | Bytes data -> data
    | Pictures { Kept = Some data } -> data
    | Pictures _
    | Floats _ -> failwith "bytes were expected"

[<Fact>]
let ``digits are 1438 and 359 images of 8 by 8, every class among both`` () =
    let d = Folders.ok (Dataset.load Digits)
    Assert.Equal((1438, 359), (d.Train.Count, d.Test.Count))
    Assert.Equal("1x8x8", string d.Train.Shape)
    Assert.Equal(1438 * 64, (bytesOf d.Train).Length)
    Assert.Equal(16uy, Array.max (bytesOf d.Train))

    for split in [ d.Train; d.Test ] do
        Assert.Equal<int[]>([| 0..9 |], split.Labels |> Array.distinct |> Array.sort)

[<Fact>]
let ``the first test digit is the fifth of the file`` () =
    let d = Folders.ok (Dataset.load Digits)
    // The first lines of the file are 0 to 9 in turn.
    Assert.Equal<int[]>([| 0; 1; 2; 3; 5; 6 |], Array.truncate 6 d.Train.Labels)
    Assert.Equal<int[]>([| 4; 9 |], Array.truncate 2 d.Test.Labels)

/// A folder like MNIST's with `train` and `test` images of 2 × 3 pixels.
let private mnistLike folder pack train test =
    let part prefix count seed =
        let random = Random(seed: int)
        let pixels = Array.zeroCreate<byte>(count * 6)
        random.NextBytes pixels
        let labels = Array.init count (fun i -> byte (i % 4))
        let suffix = if pack then ".gz" else ""
        let pack = if pack then Folders.gzip else id

        Folders.put
            folder
            $"{prefix}-images-idx3-ubyte{suffix}"
            (pack (Folders.idx [ count; 2; 3 ] pixels))

        Folders.put
            folder
            $"{prefix}-labels-idx1-ubyte{suffix}"
            (pack (Folders.idx [ count ] labels))

        pixels, labels

    part "train" train 1, part "t10k" test 2

[<Theory>]
[<InlineData(false)>]
[<InlineData(true)>]
let ``IDX folders are read as they were written, plain and gzipped`` pack =
    Folders.within (fun folder ->
        let (pixels, labels), (testPixels, _) = mnistLike folder pack 12 5
        let d = Folders.ok (Dataset.load (Idx folder))
        Assert.Equal<byte[]>(pixels, bytesOf d.Train)
        Assert.Equal<byte[]>(testPixels, bytesOf d.Test)
        Assert.Equal<int[]>(Array.map int labels, d.Train.Labels)
        Assert.Equal<string list>([ "0"; "1"; "2"; "3" ], d.Classes)
        Assert.Equal("1x2x3", string d.Train.Shape)
    )

[<Fact>]
let ``mistakes in IDX files are reported with file, offset and facts`` () =
    let broken name (change: byte[] -> byte[]) =
        Folders.within (fun folder ->
            mnistLike folder false 12 5 |> ignore
            let path = Path.Combine(folder, name)
            File.WriteAllBytes(path, change (File.ReadAllBytes path))
            Folders.messageIn folder (Dataset.load (Idx folder))
        )

    let images = "train-images-idx3-ubyte"
    let labels = "t10k-labels-idx1-ubyte"

    let set at value (data: byte[]) =
        let copy = Array.copy data
        copy[at] <- value
        copy

    let expected =
        """train-images-idx3-ubyte: at byte 16: the values needs 72 bytes, but the content ends after 71 bytes
train-images-idx3-ubyte: at byte 88: 2 bytes more than the content should have
train-images-idx3-ubyte: at byte 0: not an IDX file: it starts with 50000803
train-images-idx3-ubyte: at byte 2: the type of values is 0x0d; supported: 0x08 (bytes)
train-images-idx3-ubyte: at byte 3: number of dimensions: expected 3, found 1
train-images-idx3-ubyte: at byte 4: the number of values is 12884901960; it must be 0 to 2147483591
t10k-labels-idx1-ubyte: at byte 4: number of labels: expected 5 (as in t10k-images-idx3-ubyte), found 3"""

    let found = [
        broken images (fun d -> Array.truncate (d.Length - 1) d)
        broken images (fun d -> Array.append d [| 1uy; 2uy |])
        broken images (set 0 (byte 'P'))
        broken images (set 2 0x0duy)
        broken images (set 3 1uy)
        broken images (set 4 0x80uy)
        broken labels (fun _ -> Folders.idx [ 3 ] [| 0uy; 1uy; 2uy |])
    ]

    Assert.Equal(expected, String.Join("\n", found))

[<Fact>]
let ``a missing file of a folder is named`` () =
    Folders.within (fun folder ->
        mnistLike folder false 4 4 |> ignore
        File.Delete(Path.Combine(folder, "t10k-images-idx3-ubyte"))

        Assert.Equal(
            "t10k-images-idx3-ubyte: no such file or folder",
            Folders.messageIn folder (Dataset.load (Idx folder))
        )
    )

[<Fact>]
let ``an absent Fashion-MNIST names the package and the folders looked in`` () =
    let text =
        FileError.message (DataAbsent("fashion-mnist", Some "dataset-fashion-mnist", [ "a"; "b" ]))

    Assert.Equal(
        """data set fashion-mnist is not on this machine
  install it with: apt install dataset-fashion-mnist
  looked in:
    a
    b""",
        text
    )

[<Theory>]
[<InlineData("digit", "unknown data set `digit`; did you mean `digits`?")>]
[<InlineData("fashion_mnist", "unknown data set `fashion_mnist`; did you mean `fashion-mnist`?")>]
[<InlineData("dx:here", "unknown data set `dx:here`; did you mean `idx:here`?")>]
[<InlineData("imagenet", "unknown data set `imagenet`")>]
let ``misspelt data sets get a suggestion`` (text: string) (expected: string) =
    Assert.Equal(expected, (Folders.message (DataSource.parse text)).Split('\n').[0])

[<Fact>]
let ``data sets are read from their names`` () =
    Assert.Equal(Ok Digits, DataSource.parse "digits")
    Assert.Equal(Ok FashionMnist, DataSource.parse "fashion-mnist")
    Assert.Equal(Ok(Idx "a:b"), DataSource.parse "idx:a:b")

    Assert.Equal(
        "give data sets of this kind as idx:DIR",
        Folders.message (DataSource.parse "idx:")
    )

[<Property>]
let ``mean and deviation make the training split standard`` (seed: int) (floats: bool) =
    let random = Random seed
    let shape = Shape.create 3 4 5
    let count = 7

    let bytes =
        Array.init (count * 60) (fun i -> byte (random.Next(1, 100 * (1 + i / 20 % 3))))

    let split = {
        Shape = shape
        Pixels =
            if floats then
                Floats(Array.map float32 bytes)
            else
                Bytes bytes
        Targets = Targets.Labels(Array.zeroCreate count)
    }

    let d = Dataset.create "made" [ "one" ] 0.125f split split
    let plan = Batch.plain d d.Train
    let values = Array.zeroCreate<float32>(count * 60)
    let labels = Array.zeroCreate<int64> count

    Batch.fill plan 0L (ReadOnlySpan [| 0 .. count - 1 |]) (values.AsSpan()) (labels.AsSpan())
    |> Folders.ok
    |> ignore


    [ 0..2 ]
    |> List.forall (fun c ->
        let channel = [|
            for n in 0 .. count - 1 do
                for i in 0..19 do
                    float values[(n * 3 + c) * 20 + i]
        |]

        let mean = Array.average channel
        let deviation = sqrt (channel |> Array.averageBy (fun v -> (v - mean) * (v - mean)))
        abs mean < 1e-5 && abs (deviation - 1.0) < 1e-5
    )

[<Fact>]
let ``a data set of another shape or number of classes than the network's is refused`` () =
    let network: Network = {
        Name = "N"
        Input = Shape.create 1 28 28
        Classes = 10
        OutputKind = OutputKind.Classes
        Body = []
    }

    let digits = Digits.load ()

    Assert.Equal(
        "data set digits does not fit: the network's input is 1x28x28, that of the data is 1x8x8",
        Folders.message (Dataset.fits network digits)
    )

    let small = {
        network with
            Input = Shape.create 1 8 8
            Classes = 7
    }

    Assert.Equal(
        "data set digits does not fit: the network's number of classes is 7, that of the data is 10",
        Folders.message (Dataset.fits small digits)
    )

    Folders.ok (Dataset.fits { small with Classes = 10 } digits)

/// A fact that is skipped, with the reason, where Fashion-MNIST is not installed.
type FashionFactAttribute() =
    inherit FactAttribute()

    do
        if not (List.exists Directory.Exists (DataSource.fashionFolders ())) then
            base.Skip <- "Fashion-MNIST is not installed (package dataset-fashion-mnist)"

[<FashionFact>]
let ``Fashion-MNIST is 60,000 and 10,000 images, every class equally often`` () =
    let d = Folders.ok (Dataset.load FashionMnist)
    Assert.Equal((60_000, 10_000), (d.Train.Count, d.Test.Count))
    Assert.Equal("1x28x28", string d.Train.Shape)
    Assert.Equal("Ankle boot", List.last d.Classes)
    Assert.All(Array.countBy id d.Train.Labels, (fun (_, n) -> Assert.Equal(6_000, n)))
    // The figures that the data set is known by: mean 0.2860, deviation 0.3530.
    Assert.InRange(d.Preparation.Mean[0], 0.2855f, 0.2865f)
    Assert.InRange(d.Preparation.Deviation[0], 0.3525f, 0.3535f)
