/// What images go through before a network sees them: what is inferred of arrays, what is stored, and
/// what is done with the data of others.
module Sss.Tests.Files.PreparationTests

open System
open System.IO
open System.Text
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files

/// An array of numbers as NumPy stores them.
let array (kind: string) (shape: string) (values: float seq) : byte[] =
    let bytes: float -> byte[] =
        match kind with
        | "|b1"
        | "|u1" -> fun v -> [| byte v |]
        | "<u2" -> fun v -> BitConverter.GetBytes(uint16 v)
        | "<f2" -> fun v -> BitConverter.GetBytes(Half.op_Explicit v: Half)
        | "<f4" -> fun v -> BitConverter.GetBytes(float32 v)
        | "<i8" -> fun v -> BitConverter.GetBytes(int64 v)
        | _ -> fun (v: float) -> BitConverter.GetBytes v

    FormatTests.npy 1 kind shape (values |> Seq.map bytes |> Array.concat)

/// An archive of two training images and one for testing, 4 × 6 pixels each, with more arrays.
let private archive kind (train: float list) (test: float list) more =
    let fill count (values: float list) =
        List.init (count * 24) (fun i -> values[i % values.Length])

    FormatTests.npz (
        [
            "x_train", array kind "2, 4, 6" (fill 2 train)
            "y_train", array "|u1" "2," [ 0.0; 1.0 ]
            "x_test", array kind "1, 4, 6" (fill 1 test)
            "y_test", array "|u1" "1," [ 1.0 ]
        ]
        @ more
    )

let private within (data: byte[]) (test: string -> string -> 'T) : 'T =
    Folders.within (fun folder ->
        Folders.put folder "data.npz" data
        test folder (Path.Combine(folder, "data.npz"))
    )

let private pixels data =
    within data (fun _ path -> PixelFacts.text (Option.get (Folders.ok (Npz.load path)).Facts))

let private refused data =
    within data (fun folder path -> Folders.messageIn folder (Npz.load path))

[<Theory>]
[<InlineData("|b1", 1.0, "pixels: bool, 0 to 1 (black to white), N x H x W")>]
[<InlineData("|u1", 1.0, "pixels: uint8, 0 to 1 (black to white), N x H x W")>]
[<InlineData("|u1", 16.0, "pixels: uint8, 0 to 16 (black and white are not known), N x H x W")>]
[<InlineData("|u1", 90.0, "pixels: uint8, 0 to 255 (black to white), N x H x W")>]
[<InlineData("<u2", 255.0, "pixels: uint16, 0 to 255 (black to white), N x H x W")>]
[<InlineData("<u2", 256.0, "pixels: uint16, 0 to 1023 (black to white), N x H x W")>]
[<InlineData("<u2", 4095.0, "pixels: uint16, 0 to 4095 (black to white), N x H x W")>]
[<InlineData("<u2", 16000.0, "pixels: uint16, 0 to 16383 (black to white), N x H x W")>]
[<InlineData("<u2", 65535.0, "pixels: uint16, 0 to 65535 (black to white), N x H x W")>]
[<InlineData("<f2", 0.5, "pixels: float16, 0 to 1 (black to white), N x H x W")>]
[<InlineData("<f4", 0.25, "pixels: float32, 0 to 1 (black to white), N x H x W")>]
[<InlineData("<f4", 1.0, "pixels: float32, 0 to 1 (black to white), N x H x W")>]
[<InlineData("<f4", 16.0, "pixels: float32, 0 to 16 (black and white are not known), N x H x W")>]
[<InlineData("<f4", 254.5, "pixels: float32, 0 to 255 (black to white), N x H x W")>]
[<InlineData("<f4", 99.5, "pixels: float32, 0 to 99.5 (black and white are not known), N x H x W")>]
[<InlineData("<f8", 255.0, "pixels: float64, 0 to 255 (black to white), N x H x W")>]
[<InlineData("<f8", 4000.0, "pixels: float64, 0 to 4095 (black to white), N x H x W")>]
[<InlineData("<f8",
             70000.0,
             "pixels: float64, 0 to 70000 (black and white are not known), N x H x W")>]
let ``what numbers mean is inferred by a rule`` (kind: string) (largest: float) (expected: string) =
    Assert.Equal(expected, pixels (archive kind [ 0.0; largest ] [ largest ] []))

[<Fact>]
let ``numbers below black are of no known range, overshoot of a thousandth aside`` () =
    let floats low high =
        pixels (archive "<f4" [ low; high ] [ high ] [])

    Assert.Equal(
        "pixels: float32, -2 to 2.5 (black and white are not known), N x H x W",
        floats -2.0 2.5
    )

    Assert.Equal("pixels: float32, 0 to 1 (black to white), N x H x W", floats -5e-4 1.0005)

[<Fact>]
let ``an array states black and white`` () =
    let stated values kind =
        pixels (archive "<f4" [ -1.0; 1.0 ] [ 0.5 ] [ "range", array kind "2," values ])

    let expected =
        "pixels: float32, -1 to 1 (black to white), as the file states, N x H x W"

    Assert.Equal(expected, stated [ -1.0; 1.0 ] "<f8")
    Assert.Equal(expected, stated [ -1.0; 1.0 ] "<i8")

    Assert.Equal(
        "pixels: float32, 1 to -1 (black to white), as the file states, N x H x W",
        stated [ 1.0; -1.0 ] "<f4"
    )

    Assert.Equal(
        "data.npz: at byte 10 of `range`: `range` is [3, 3]; supported: two different numbers, those of black and white",
        refused (archive "<f4" [ 0.0 ] [ 0.5 ] [ "range", array "<i8" "2," [ 3.0; 3.0 ] ])
    )

[<Fact>]
let ``arrays that were scaled apart are refused`` () =
    let apart =
        "data.npz: at byte 0 of `x_test`: range of the test images: expected 0 to {0} (black to white), "
        + "found 0 to {1} (black to white); use the same scale for both, or give `range`"

    let expected (train: string) (test: string) =
        apart.Replace("{0}", train).Replace("{1}", test)

    Assert.Equal(expected "255" "1", refused (archive "<f4" [ 0.0; 200.0 ] [ 0.25; 0.5 ] []))
    Assert.Equal(expected "1" "255", refused (archive "<f4" [ 0.25; 0.5 ] [ 200.0 ] []))

    // One dark test image of whole numbers is no other range.
    Assert.Equal(
        "pixels: uint8, 0 to 255 (black to white), N x H x W",
        pixels (archive "|u1" [ 0.0; 200.0 ] [ 0.0; 1.0 ] [])
    )

[<Theory>]
[<InlineData("16, 16, 1", "1x16x16")>]
[<InlineData("16, 16, 3", "3x16x16")>]
[<InlineData("16, 16, 4", "4x16x16")>]
[<InlineData("1, 16, 16", "1x16x16")>]
[<InlineData("3, 16, 16", "3x16x16")>]
[<InlineData("4, 16, 16", "4x16x16")>]
[<InlineData("4, 5, 3", "3x4x5")>]
[<InlineData("3, 5, 4", "3x5x4")>]
[<InlineData("1, 3, 3", "1x3x3")>]
[<InlineData("3, 3, 1", "1x3x3")>]
[<InlineData("1, 1, 1", "1x1x1")>]
[<InlineData("5, 8, 8", "5x8x8")>]
[<InlineData("2, 7, 9", "2x7x9")>]
[<InlineData("3, 8, 3", "")>]
[<InlineData("1, 28, 1", "")>]
[<InlineData("3, 3, 3", "")>]
[<InlineData("4, 4, 4", "")>]
[<InlineData("8, 8, 5", "")>]
let ``the layout of four extents is found, or the array is refused`` (extents: string) expected =
    let count = extents.Split ',' |> Array.map int |> Array.reduce (*)

    let images n =
        array "|u1" $"{n}, {extents}" (Seq.init (n * count) (fun i -> float (i % 256)))

    let data more =
        FormatTests.npz (
            [
                "x_train", images 1
                "y_train", array "|u1" "1," [ 0.0 ]
                "x_test", images 1
                "y_test", array "|u1" "1," [ 0.0 ]
            ]
            @ more
        )

    if expected <> "" then
        within
            (data [])
            (fun _ path -> Assert.Equal(expected, string (Folders.ok (Npz.load path)).Train.Shape))
    else
        let shape = "1x" + extents.Replace(", ", "x")

        Assert.Equal(
            $"data.npz: at byte 10 of `x_train`: the shape of the images is {shape}, where the second "
            + "or the last dimension may be the channels; supported: an unambiguous shape, or an array "
            + "`layout` with the text NCHW or NHWC",
            refused (data [])
        )

        let stated (layout: string) =
            let text = FormatTests.npy 1 "<U4" "" (Encoding.UTF32.GetBytes layout)

            within
                (data [ "layout", text ])
                (fun _ path -> string (Folders.ok (Npz.load path)).Train.Shape)

        let parts = extents.Split ", "
        Assert.Equal($"{parts[0]}x{parts[1]}x{parts[2]}", stated "NCHW")
        Assert.Equal($"{parts[2]}x{parts[0]}x{parts[1]}", stated "NHWC")

/// Preparations as files may hold them.
let private preparation (seed: int) : Preparation =
    let random = Random seed

    {
        Pictures = {
            Resize = random.Next 3 * 100
            Background =
                match random.Next 3 with
                | 0 -> Rgb.white
                | 1 -> Rgb.black
                | _ -> {
                    Red = byte (random.Next 256)
                    Green = 7uy
                    Blue = 200uy
                  }
        }
        Range =
            if random.Next 2 = 0 then
                PixelRange.Known(random.NextSingle() - 0.5f, 1.0f + 255.0f * random.NextSingle())
            else
                PixelRange.Unknown(-random.NextSingle(), random.NextSingle())
        Scale = random.NextSingle() + 1e-6f
        Mean = Array.init 3 (fun _ -> random.NextSingle() - 0.5f)
        Deviation = Array.init 3 (fun _ -> random.NextSingle() + 1e-7f)
        IsGiven = random.Next 2 = 0
    }

[<Property(MaxTest = 300)>]
let ``a preparation reads back as it was written`` (seed: int) =
    let p = preparation seed
    PreparationJson.parse (PreparationJson.toText p) = Ok p

[<Fact>]
let ``files from before say what they meant then`` () =
    let range (text: string) =
        match PreparationJson.parse text with
        | Ok p -> p.Pictures, PixelRange.text p.Range
        | Error error -> failwith error

    let black = { Resize = 0; Background = Rgb.black }

    Assert.Equal(
        ({ black with Resize = 256 }, "0 to 255 (black to white)"),
        range """{"resize":256,"scale":0.003921569,"mean":[0.5],"deviation":[0.25]}"""
    )

    Assert.Equal(
        (black, "0 to 16 (black to white)"),
        range """{"scale":0.0625,"mean":[0.30580667],"deviation":[0.37644228]}"""
    )

    Assert.Equal(
        (black, "0 to 1 (black to white)"),
        range """{"scale":1,"mean":[0.3],"deviation":[0.3]}"""
    )

    Assert.Equal(
        (black, "black and white are not known"),
        range """{"scale":1,"mean":[127.5],"deviation":[64]}"""
    )

[<Theory>]
[<InlineData("""{"scale":1,"mean":[0],"deviation":[1],"range":[1]}""",
             "`range` and `seen` must be two numbers each")>]
[<InlineData("""{"scale":1,"mean":[0],"deviation":[1],"range":[1,1]}""",
             "a value is not finite, or a deviation is 0, or black is white, or the lists differ in length")>]
[<InlineData("""{"scale":1,"mean":[0],"deviation":[1],"background":"mauve"}""",
             "`background` is not a colour")>]
[<InlineData("""{"scale":1,"mean":[0],"deviation":[1],"range":"wide"}""",
             "not scale, mean and deviation as numbers")>]
let ``a preparation that makes no sense is refused`` (text: string) (expected: string) =
    Assert.Equal(Error expected, PreparationJson.parse text)

[<Property(MaxTest = 500)>]
let ``units are converted from black to black and white to white, and not at all where they are the same``
    (black: int16)
    (span: int16)
    (toBlack: int16)
    (toSpan: int16)
    =
    let range (black: int16) (span: int16) =
        PixelRange.Known(float32 black, float32 black + float32 span)

    let between a b = (Units.between a b).Value

    span = 0s
    || toSpan = 0s
    || (let convert = Units.apply (between (range black span) (range toBlack toSpan))

        convert (float32 black) = float32 toBlack
        && convert (float32 black + float32 span) = float32 toBlack + float32 toSpan
        && Units.apply (between (range black span) (range black span)) 0.1f = 0.1f)

let private made name classes range : Dataset =
    let split = {
        Shape = Shape.create 1 2 2
        Pixels = Floats [| 0.0f; 0.25f; 0.5f; 1.0f |]
        Targets = Targets.Labels [| 1 |]
    }

    Split.together name classes range split split

[<Fact>]
let ``data of other units is converted or refused`` () =
    let known white = PixelRange.Known(0.0f, white)
    let network = (made "n" [ "a" ] (known 255.0f)).Preparation
    let data = made "d" [ "a" ]
    let converted = Folders.ok (Dataset.preparedBy network (data (known 1.0f)))
    let plan = Batch.plain converted converted.Test
    let values = Array.zeroCreate<float32> 4
    Folders.ok (Batch.inUnits plan 0 values)
    Assert.Equal<float32[]>([| 0.0f; 63.75f; 127.5f; 255.0f |], values)
    let input = Array.zeroCreate<float32> 4
    Folders.ok (Batch.one plan 0L 0 (input.AsSpan()))
    Assert.Equal<float32[]>(values |> Array.map (Preparation.value network 0), input)

    let unknown = PixelRange.Unknown(-2.0f, 2.5f)

    Assert.Equal(
        """data set d does not fit: its pixels cannot be converted to the network's
  the network was trained on pixels from 0 to 255 (black to white)
  the data has pixels from -2 to 2.5 (black and white are not known)
  add an array `range` with the values of black and white to the npz file""",
        Folders.message (Dataset.preparedBy network (data unknown))
    )

    let standard = (made "n" [ "a" ] unknown).Preparation
    Folders.message (Dataset.preparedBy standard (data (known 1.0f))) |> ignore

    Folders.message (Dataset.preparedBy standard (data (PixelRange.Unknown(-90.0f, 90.0f))))
    |> ignore

    Folders.ok (Dataset.preparedBy standard (data (PixelRange.Unknown(-1.5f, 3.0f))))
    |> ignore

[<Fact>]
let ``dark data is not made bright by a range that was only inferred`` () =
    let known white = PixelRange.Known(0.0f, white)

    let network white =
        (made "n" [ "a" ] (known white)).Preparation

    let stated isStated white =
        let range = known white

        {
            made "d" [ "a" ] range with
                Facts =
                    Some {
                        Type = "uint16"
                        Range = range
                        IsStated = isStated
                        Layout = "N x H x W"
                    }
        }

    let bytes white =
        let data = made "d" [ "a" ] (known white)

        let split = {
            data.Train with
                Pixels = Bytes [| 0uy; 1uy; 1uy; 0uy |]
        }

        {
            data with
                Train = split
                Test = split
        }

    for data, white in
        [
            stated false 1023.0f, 4095.0f
            stated false 4095.0f, 1023.0f
            stated false 255.0f, 65535.0f
            bytes 1.0f, 255.0f
        ] do
        Assert.StartsWith(
            "data set d does not fit: its pixels cannot be converted to the network's\n",
            Folders.message (Dataset.preparedBy (network white) data)
        )

    for data, white in
        [
            stated true 1023.0f, 4095.0f
            stated false 4095.0f, 4095.0f
            stated false 1.0f, 255.0f
            bytes 1.0f, 1.0f
            bytes 255.0f, 1.0f
        ] do
        Folders.ok (Dataset.preparedBy (network white) data) |> ignore

[<Fact>]
let ``classes are matched by name, and by number where there are no names`` () =
    let matching (network: string) (data: string) =
        ClassNames.matching (List.ofArray (network.Split ' ')) (List.ofArray (data.Split ' '))
        |> Option.map List.ofArray

    Assert.Equal(Some [ 2; 0; 1 ], matching "cat cow dog" "dog cat cow")
    Assert.Equal(Some [ 2 ], matching "cat cow dog" "dog")
    Assert.Equal(Some [ 0; 1; 10; 2 ], matching "0 1 2 3 4 5 6 7 8 9 10" "0 1 10 2")
    Assert.Equal(Some [ 0; 1 ], matching "cat cow dog" "0 1")
    Assert.Equal(Some [ 0; 1 ], matching "0 1 2" "cat dog")
    Assert.Equal(None, matching "cat cow dog" "Cat cow dog")
    Assert.Equal(None, matching "cat dog" "cat dog hen")

    let data = made "d" [ "dog"; "cat" ] PixelRange.bytes
    let split = Folders.ok (Dataset.labelled [ "cat"; "dog" ] data data.Test)
    Assert.Equal<int[]>([| 0 |], split.Labels)

    Assert.Equal(
        """data set d does not fit: its classes are not the classes of the network
  only in the network: hen
  only in the data: dog
  names must be exactly equal; rename the folders of the data""",
        Folders.message (Dataset.labelled [ "cat"; "hen" ] data data.Test)
    )

[<Fact>]
let ``a vector and four channels take no pictures`` () =
    let refusal shape range =
        Preparation.refusal shape (made "n" [ "a" ] range).Preparation |> Option.map fst

    let known = PixelRange.bytes
    Assert.Equal(None, refusal (Shape.create 3 8 8) known)

    Assert.Equal(
        Some "its input 784x1x1 has 784 channels, but picture files have 1 or 3",
        refusal (Shape.vector 784) known
    )

    Assert.Equal(Some "its input 3x1x1 is a vector, not an image", refusal (Shape.vector 3) known)

    Assert.Equal(
        Some "its input 4x8x8 has 4 channels, but picture files have 1 or 3",
        refusal (Shape.create 4 8 8) known
    )

    Assert.Equal(
        Some
            "it is not known which values of its training pixels are black and white (they range from -2 to 2.5)",
        refusal (Shape.create 3 8 8) (PixelRange.Unknown(-2.0f, 2.5f))
    )

[<Fact>]
let ``pictures that were read in another way than the recipe asks for are refused`` () =
    Folders.within (fun root ->
        StoredPicturesTests.folder root 5

        let options = {
            PictureOptions.standard with
                Resize = 16
        }

        let d = Folders.ok (ImageFolder.load options (Some(Shape.create 3 12 12)) root)

        Assert.Equal(d, Folders.ok (Dataset.readWith options d))

        Assert.Equal(
            """data set folder:FOLDER: its pictures were not read as the recipe says
  recipe: resize=0 background=black
  pictures: resize=16 background=white
  load the pictures with the recipe's options""",
            Folders.messageIn root (Dataset.readWith { Resize = 0; Background = Rgb.black } d)
        )
    )
