/// One way from an image to input values, whoever asks: training, testing, `sss predict` and C#.
module Sss.Tests.Torch.PreparationLaws

open System
open System.IO
open Xunit
open FsCheck
open FsCheck.Xunit
open SkiaSharp
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Files

/// A picture of random pixels: JPEG, or PNG in colour, in grey, or with transparency.
let private picture (random: Random) : string * byte[] =
    let width, height = random.Next(5, 60), random.Next(5, 60)

    let kind, alpha =
        match random.Next 4 with
        | 0 -> SKColorType.Gray8, SKAlphaType.Opaque
        | 1 -> SKColorType.Rgba8888, SKAlphaType.Unpremul
        | _ -> SKColorType.Rgba8888, SKAlphaType.Opaque

    use bitmap = new SKBitmap(width, height, kind, alpha)

    for y in 0 .. height - 1 do
        for x in 0 .. width - 1 do
            let part () = byte (random.Next 256)
            bitmap.SetPixel(x, y, SKColor(part (), part (), part (), part ()))

    let format, suffix =
        if random.Next 2 = 0 && alpha = SKAlphaType.Opaque then
            SKEncodedImageFormat.Jpeg, "jpg"
        else
            SKEncodedImageFormat.Png, "png"

    use data = bitmap.Encode(format, 85)
    suffix, data.ToArray()

let private folder (random: Random) root =
    for name in [ "a"; "b" ] do
        Directory.CreateDirectory(Path.Combine(root, name)) |> ignore

        for i in 0..4 do
            let suffix, data = picture random
            Folders.put (Path.Combine(root, name)) $"{i}.{suffix}" data

let private types = [| "|u1"; "<u2"; "<f2"; "<f4"; "<f8" |]

/// An archive of random numbers of any type, layout and range.
let private archive (random: Random) path =
    let c, h, w = random.Next(1, 4), random.Next(5, 9), random.Next(5, 9)
    let isLast = random.Next 2 = 0 && c <> 2

    let shape n =
        if isLast then
            $"{n}, {h}, {w}, {c}"
        else
            $"{n}, {c}, {h}, {w}"

    let kind = types[random.Next types.Length]

    let low, high =
        match random.Next 4 with
        | 0 when kind[1] = 'f' -> 0.0, 1.0
        | 1 when kind[1] = 'f' -> -2.0, 2.5
        | 2 when kind = "<u2" -> 0.0, 4095.0
        | _ -> 0.0, 255.0

    let images n =
        Seq.init (n * c * h * w) (fun _ -> low + (high - low) * random.NextDouble())
        |> Seq.cache
        |> PreparationTests.array kind (shape n)

    let labels n =
        PreparationTests.array "|u1" $"{n}," (Seq.init n (fun i -> float (i % 2)))

    File.WriteAllBytes(
        path,
        FormatTests.npz [
            "x_train", images 6
            "y_train", labels 6
            "x_test", images 3
            "y_test", labels 3
            if random.Next 4 = 0 then
                "range", PreparationTests.array "<f8" "2," [ low; high * 1.5 ]
        ]
    )

let private network input : Network = {
    Name = "N"
    Input = input
    Classes = 2
    OutputKind = OutputKind.Classes
    Body = [
        Node.Layer {
            Name = "avgpool1"
            Op = Op.GlobalPool Average
            Scale = None
            Input = input
            Output = Shape.vector input.Channels
        }
    ]
}

/// A data set of any source, read with the options.
let private source (random: Random) root options : Dataset =
    match random.Next 4 with
    | 0 ->
        archive random (Path.Combine(root, "x.npz"))
        Folders.ok (Npz.load (Path.Combine(root, "x.npz")))
    | 1 -> Folders.ok (Dataset.load Digits)
    | _ ->
        folder random root
        let channels = if random.Next 2 = 0 then 1 else 3
        let shape = Shape.create channels (random.Next(4, 12)) (random.Next(4, 12))
        let kept = if random.Next 2 = 0 then 0L else Int64.MaxValue
        Folders.ok (ImageFolder.loadWithin kept options (Some shape) root)

let private one plan index =
    let values = Array.zeroCreate<float32>(int (Shape.count plan.Split.Shape))
    Folders.ok (Batch.one plan 7L index (values.AsSpan()))
    values

/// What C# does: `Image(i)`, and the arithmetic of the predictor, whose values come channel by channel.
let private asInCSharp (p: Preparation) plan index =
    let shape = plan.Split.Shape
    let image = Array.zeroCreate<float32>(int (Shape.count shape))
    Folders.ok (Batch.inUnits plan index image)
    let values = Array.zeroCreate<float32> image.Length
    PredictorInput.fill (Some p) shape (ReadOnlySpan image) (values.AsSpan())
    let area = int (Shape.area shape)
    Array.init values.Length (fun i -> values[i % area * shape.Channels + i / area])

let private reread (p: Preparation) =
    match PreparationJson.parse (PreparationJson.toText p) with
    | Ok p -> p
    | Error error -> failwith error

let private loaded input (p: Preparation) : LoadedNetwork = {
    Path = "selected.safetensors"
    Network = network input
    Weights = Map.empty
    Classes = [ "a"; "b" ]
    Preparation = Some p
    Probabilities = Probabilities.Softmax
}

[<Property(MaxTest = 120)>]
let ``training, testing, predict and C# see the same input, bit for bit`` (seed: int) =
    Folders.within (fun root ->
        let random = Random seed

        let augment = {
            Augment.none with
                Resize = (if random.Next 2 = 0 then 0 else random.Next(12, 30))
                Background = {
                    Red = byte (random.Next 256)
                    Green = 255uy
                    Blue = byte (random.Next 256)
                }
        }

        let d =
            PictureOptions.ofAugment augment
            |> source random root
            |> Dataset.readWith (PictureOptions.ofAugment augment)
            |> Folders.ok

        // What a file keeps of it.
        let p = reread d.Preparation
        let training = Batch.training d augment seed
        let testing = Batch.plain d d.Train
        let elsewhere = Folders.ok (Dataset.preparedBy p d)
        let deployed = Batch.plain elsewhere elsewhere.Train

        let files =
            match d.Train.Pixels with
            | Pictures { Paths = paths } ->
                let pictures =
                    Folders.ok (Predict.dataset (loaded d.Train.Shape p) (List.ofArray paths))

                Some(Batch.plain pictures pictures.Test)
            | Bytes _
            | Floats _ -> None

        [ 0 .. min 4 (d.Train.Count - 1) ]
        |> List.forall (fun i ->
            let expected = one training i

            expected = one testing i
            && expected = one deployed i
            && expected = asInCSharp p testing i
            && files |> Option.forall (fun plan -> expected = one plan i)
        )
    )

/// How arrays of the same images may be stored: type, numbers from bytes, stated range.
let private stored: (string * (byte -> float) * float list) list = [
    "|u1", float, []
    "<u2", float, []
    "<f2", float, []
    "<f4", float, []
    "<f8", float, []
    "<f4", (fun b -> float (float32 b / 255.0f)), []
    "<f8", (fun b -> float b / 255.0), []
    "<u2", (fun b -> 16.0 * float b), [ 0.0; 4080.0 ]
    "<f4", (fun b -> float b / 255.0 * 2.0 - 1.0), [ -1.0; 1.0 ]
    "<f4", (fun b -> 255.0 - float b), [ 255.0; 0.0 ]
]

[<Property(MaxTest = 60)>]
let ``a picture file is to a network what its pixels in an array were in training`` (seed: int) =
    Folders.within (fun root ->
        let random = Random seed
        let h, w = random.Next(5, 9), random.Next(5, 9)
        let channels = if random.Next 2 = 0 then 1 else 3
        let isLast = random.Next 2 = 0
        let count = 6
        let kind, number, range = stored[random.Next stored.Length]

        // Channels first; grey pictures are grey in all three channels of a file.
        let pixels =
            Array.init
                (count * channels * h * w)
                (fun i -> if i < 2 then byte (255 * i) else byte (random.Next 256))

        let at n c y x =
            pixels[((n * channels + c) * h + y) * w + x]

        for n in 0 .. count - 1 do
            use bitmap = new SKBitmap(w, h, SKColorType.Rgba8888, SKAlphaType.Opaque)

            for y in 0 .. h - 1 do
                for x in 0 .. w - 1 do
                    let part c = at n (min c (channels - 1)) y x
                    bitmap.SetPixel(x, y, SKColor(part 0, part 1, part 2))

            use data = bitmap.Encode(SKEncodedImageFormat.Png, 100)
            Folders.put root $"{n}.png" (data.ToArray())

        let images =
            if isLast then
                seq {
                    for n in 0 .. count - 1 do
                        for y in 0 .. h - 1 do
                            for x in 0 .. w - 1 do
                                for c in 0 .. channels - 1 do
                                    number (at n c y x)
                }
            else
                Seq.map number pixels
            |> PreparationTests.array
                kind
                (if isLast then
                     $"{count}, {h}, {w}, {channels}"
                 else
                     $"{count}, {channels}, {h}, {w}")

        let labels =
            PreparationTests.array "|u1" $"{count}," (Seq.init count (fun i -> float (i % 2)))

        let path = Path.Combine(root, "x.npz")

        File.WriteAllBytes(
            path,
            FormatTests.npz [
                "x_train", images
                "y_train", labels
                "x_test", images
                "y_test", labels
                if not range.IsEmpty then
                    "range", PreparationTests.array "<f8" "2," range
            ]
        )

        let d = Folders.ok (Npz.load path)
        let training = Batch.training d Augment.none 1
        let files = [ for n in 0 .. count - 1 -> Path.Combine(root, $"{n}.png") ]

        let pictures =
            Folders.ok (Predict.dataset (loaded d.Train.Shape (reread d.Preparation)) files)

        let predicting = Batch.plain pictures pictures.Test

        // -1 to 1 is the one range whose numbers no formula gives to the last bit.
        let isNear (a: float32[]) (b: float32[]) =
            if range = [ -1.0; 1.0 ] then
                Array.forall2 (fun x y -> abs (x - y) <= 1e-5f) a b
            else
                a = b

        // Grey files go through luminance, whose weights sum to 1 up to rounding; the bytes are exact.
        [ 0 .. count - 1 ]
        |> List.forall (fun i -> isNear (one training i) (one predicting i))
    )

[<Fact>]
let ``networks whose training pixels are of no known range take no picture`` () =
    let p: Preparation = {
        Pictures = PictureOptions.standard
        Range = PixelRange.Unknown(-2.0f, 2.5f)
        Scale = 1.0f
        Mean = [| 0.0f; 0.0f; 0.0f |]
        Deviation = [| 1.0f; 1.0f; 1.0f |]
        IsGiven = false
    }

    Assert.Equal(
        """selected.safetensors: the network cannot take picture files: it is not known which values of its training pixels are black and white (they range from -2 to 2.5)
  add an array `range` with the values of black and white to the npz file and train again""",
        Folders.message (Predict.dataset (loaded (Shape.create 3 8 8) p) [ "a.png" ])
    )
