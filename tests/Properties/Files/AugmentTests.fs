/// Random changes of images: each against the obvious slow version of its definition.
module Sss.Tests.Files.AugmentTests

open System
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files

let private random (seed: int) count =
    let random = Random seed
    Array.init count (fun _ -> random.NextSingle() * 255.0f)

/// One output value by the definition: the mean of all inputs under the triangle around it.
let private scaledAt (width: int) height (source: float32[]) area columns rows c y x =
    let weight start length count i position =
        let scale = length / float count
        let centre = start + (float i + 0.5) * scale - 0.5
        max 0.0 (1.0 - abs (float position - centre) / max 1.0 scale)

    let weights = [
        for v in 0 .. height - 1 do
            for u in 0 .. width - 1 do
                let w =
                    weight area.Top area.Height rows y v * weight area.Left area.Width columns x u

                w, float source[(c * height + v) * width + u]
    ]

    List.sumBy (fun (w, v) -> w * v) weights / List.sumBy fst weights

[<Property(MaxTest = 60)>]
let ``scaling is the triangle filter, upwards and downwards`` (seed: int) =
    let random' = Random seed
    let width, height = random'.Next(1, 30), random'.Next(1, 30)
    let columns, rows = random'.Next(1, 12), random'.Next(1, 12)
    let source = random seed (2 * width * height)
    let w, h = random'.Next(1, width + 1), random'.Next(1, height + 1)

    let area = {
        Left = float (width - w) * random'.NextDouble()
        Top = float (height - h) * random'.NextDouble()
        Width = float w
        Height = float h
    }

    let target = Array.zeroCreate (2 * columns * rows)
    Resample.planes 2 width height (source.AsSpan()) area columns rows (target.AsSpan())

    [ 0 .. target.Length - 1 ]
    |> List.forall (fun i ->
        let c, y, x = i / (columns * rows), i / columns % rows, i % columns
        let expected = scaledAt width height source area columns rows c y x
        abs (float target[i] - expected) < 1e-2
    )

[<Fact>]
let ``scaling to the same size changes nothing`` () =
    let source = random 1 (3 * 7 * 5)
    let target = Array.zeroCreate source.Length

    let whole = {
        Left = 0.0
        Top = 0.0
        Width = 7.0
        Height = 5.0
    }

    Resample.planes 3 7 5 (source.AsSpan()) whole 7 5 (target.AsSpan())
    Assert.Equal<float32[]>(source, target)

[<Property(MaxTest = 200)>]
let ``a random rectangle lies in the picture and has about the drawn area`` (seed: int) =
    let random = Random seed

    let size: Size = {
        W = random.Next(1, 400)
        H = random.Next(1, 400)
    }

    let least = 0.05 + 0.9 * random.NextDouble()
    let shape = Shape.create 3 (random.Next(1, 64)) (random.Next(1, 64))
    let struct (area, _) = Cut.random least shape size (Rng.create seed)
    let fraction = area.Width * area.Height / float (size.W * size.H)
    // Rounding moves each side by half a pixel; the middle, where nothing fits, may be smaller.
    let rounding = (1.0 / area.Width + 1.0 / area.Height)
    let isMiddle = area = Cut.middle 0 shape size

    area.Left >= 0.0
    && area.Top >= 0.0
    && area.Left + area.Width <= float size.W + 1e-9
    && area.Top + area.Height <= float size.H + 1e-9
    && (isMiddle || fraction >= least * (1.0 - rounding))

[<Fact>]
let ``rectangles reach all corners and proportions from 3:4 to 4:3`` () =
    let size: Size = { W = 200; H = 100 }
    let shape = Shape.create 3 32 32

    let areas =
        List.init
            4000
            (fun i ->
                let struct (area, _) = Cut.random 0.08 shape size (Rng.create i)
                area
            )

    let ratios = areas |> List.map (fun a -> a.Width / a.Height)
    Assert.InRange(List.min ratios, 0.70, 0.77)
    Assert.InRange(List.max ratios, 1.30, 1.40)
    // As many wider than high as the other way round, but that high ones fit less often here.
    Assert.InRange(ratios |> List.filter (fun r -> r > 1.0) |> List.length, 1900, 2600)
    Assert.Contains(areas, (fun a -> a.Left = 0.0))
    Assert.Contains(areas, (fun a -> a.Top = 0.0))
    Assert.Contains(areas, (fun a -> a.Left + a.Width = 200.0))
    Assert.Contains(areas, (fun a -> a.Top + a.Height = 100.0))

[<Fact>]
let ``the middle is what a picture scaled to the shorter side leaves`` () =
    // 320×240 with the shorter side at 256, 224 cut out: 224/256 of 240, in the middle.
    let area = Cut.middle 256 (Shape.create 3 224 224) { W = 320; H = 240 }

    Assert.Equal(
        {
            Left = 55.0
            Top = 15.0
            Width = 210.0
            Height = 210.0
        },
        area
    )
    // More than there is: the largest of the shape's proportions.
    Assert.Equal(
        {
            Left = 40.0
            Top = 0.0
            Width = 240.0
            Height = 240.0
        },
        Cut.middle 100 (Shape.create 3 224 224) { W = 320; H = 240 }
    )

let private luminance (image: float[]) area at =
    0.299 * image[at] + 0.587 * image[area + at] + 0.114 * image[2 * area + at]

/// Jitter by its definition: blends with black, with the mean luminance, with the luminance.
let private jittered strength (image: float32[]) rng =
    let area = image.Length / 3
    let struct (order, rng) = Rng.permutation 3 rng

    order
    |> Array.fold
        (fun (image: float[], rng) change ->
            let struct (factor, rng) = Rng.uniform (1.0 - strength) (1.0 + strength) rng

            let other =
                match change with
                | 0 -> fun _ -> 0.0
                | 1 ->
                    let mean = [ 0 .. area - 1 ] |> List.averageBy (luminance image area)
                    fun _ -> mean
                | _ -> fun i -> luminance image area (i % area)

            image |> Array.mapi (fun i v -> factor * v + (1.0 - factor) * other i), rng
        )
        (Array.map float image, rng)
    |> fst

[<Property(MaxTest = 60)>]
let ``jitter is three blends in random order`` (seed: int) =
    let image = random seed (3 * 20) |> Array.map (fun v -> v / 255.0f)
    let strength = float (abs (seed % 11)) / 10.0
    let expected = jittered strength image (Rng.create seed)
    let changed = Array.copy image
    Colour.jitter 3 strength (changed.AsSpan()) (Rng.create seed) |> ignore

    Array.forall2 (fun (a: float) (b: float32) -> abs (a - float b) < 1e-4) expected changed
    && (strength > 0.0 || Array.forall2 (fun a b -> abs (a - b) < 1e-6f) image changed)

[<Fact>]
let ``jitter of one channel leaves saturation aside`` () =
    let image = random 3 16 |> Array.map (fun v -> v / 255.0f)
    let changed = Array.copy image
    Colour.jitter 1 0.4 (changed.AsSpan()) (Rng.create 8) |> ignore
    // What is left is one multiplication and one shift for all values.
    let slope = (changed[1] - changed[0]) / (image[1] - image[0])
    Assert.InRange(slope, 0.36f, 1.96f)

    for i in 2..15 do
        Assert.Equal(changed[0] + slope * (image[i] - image[0]), changed[i], 1e-4f)

[<Fact>]
let ``noise of colour is normal along the three axes`` () =
    let shifts =
        Array.init
            4000
            (fun i ->
                let image = Array.zeroCreate<float32> 12
                Colour.pca 0.1 (image.AsSpan()) (Rng.create i) |> ignore
                // One shift a channel, the same at all places.
                for at in 0..11 do
                    Assert.Equal(image[at / 4 * 4], image[at])

                [| float image[0]; float image[4]; float image[8] |]
            )

    let along axis =
        shifts |> Array.map (fun s -> Array.map2 (*) s axis |> Array.sum)

    // The deviation along an axis is 0.1 times its variance; 4,000 draws know it to 4 %.
    for axis, variance in
        [
            [| -0.5675; -0.5808; -0.5836 |], 0.2175
            [| 0.7192; -0.0045; -0.6948 |], 0.0188
            [| 0.4009; -0.8140; 0.4203 |], 0.0045
        ] do
        let values = along axis
        let deviation = sqrt (values |> Array.averageBy (fun v -> v * v))
        Assert.InRange(deviation / (0.1 * variance), 0.94, 1.06)
        Assert.InRange(Array.average values / deviation, -0.06, 0.06)
