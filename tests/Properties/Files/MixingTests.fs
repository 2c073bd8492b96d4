/// Random erasing, mixup and cutmix: what becomes of an image and of its targets.
module Sss.Tests.Files.MixingTests

open System
open Xunit
open FsCheck.Xunit
open Sss.Core
open Sss.Files

let private size = { Channels = 2; Height = 9; Width = 11 }
let private area = 9 * 11
let private pixels = 2 * area

/// Images whose class is their own number.
let private sample (seed: int) count : Dataset =
    let random = Random seed

    let split = {
        Shape = size
        Pixels = Bytes(Array.init (count * pixels) (fun _ -> byte (random.Next 256)))
        Targets = Targets.Labels [| 0 .. count - 1 |]
    }

    Dataset.create "made" [ for i in 0 .. count - 1 -> string i ] (1.0f / 255.0f) split split

/// Images N × C × H × W and pairs N × 3.
let private mixed d augment seed draw (indices: int[]) =
    let images = Array.zeroCreate<float32>(indices.Length * pixels)
    let pairs = Array.zeroCreate<float32>(indices.Length * 3)
    let plan = Batch.training d augment seed

    Batch.fillPairs plan draw (ReadOnlySpan indices) (images.AsSpan()) (pairs.AsSpan())
    |> Folders.ok
    |> Assert.Empty

    Array.chunkBySize pixels images, Array.chunkBySize 3 pairs

let private filled d augment seed draw (indices: int[]) =
    let images = Array.zeroCreate<float32>(indices.Length * pixels)
    let classes = Array.zeroCreate<int64> indices.Length
    let plan = Batch.training d augment seed

    Batch.fill plan draw (ReadOnlySpan indices) (images.AsSpan()) (classes.AsSpan())
    |> Folders.ok
    |> Assert.Empty

    Array.chunkBySize pixels images

let private moved = {
    Augment.none with
        Crop = 2
        Flip = true
}

[<Property(MaxTest = 40)>]
let ``mixup is the mean of two images as the epoch shows them, with the parts of their classes``
    (seed: int)
    =
    let d = sample seed 12
    let indices = [| 0..11 |]
    let images, pairs = mixed d { moved with Mixup = 0.4 } seed 3L indices
    let plain = filled d moved seed 3L indices

    for i in indices do
        let own, other, part = int (pairs[i][0]), int (pairs[i][1]), pairs[i][2]
        Assert.Equal(i, own)
        Assert.InRange(part, 0.0f, 1.0f)

        let expected =
            Array.map2 (fun a b -> part * a + (1.0f - part) * b) plain[i] plain[other]

        Assert.Equal<float32[]>(expected, images[i])

[<Property(MaxTest = 40)>]
let ``cutmix takes a rectangle from another image, and the parts are those of the area``
    (seed: int)
    =
    let d = sample seed 12
    let indices = [| 0..11 |]
    // Without a crop, whose borders are the same in all images.
    let flipped = { Augment.none with Flip = true }
    let images, pairs = mixed d { flipped with Cutmix = 1.0 } seed 3L indices
    let plain = filled d flipped seed 3L indices

    for i in indices do
        let other, part = int (pairs[i][1]), pairs[i][2]

        let isOther at =
            images[i][at] <> plain[i][at] || images[i][area + at] <> plain[i][area + at]

        let cut = [ 0 .. area - 1 ] |> List.filter isOther

        for at in cut do
            Assert.Equal(plain[other][at], images[i][at])
            Assert.Equal(plain[other][area + at], images[i][area + at])

        if other <> i && not cut.IsEmpty then
            let rows, columns =
                cut |> List.map (fun at -> at / 11), cut |> List.map (fun at -> at % 11)

            let rectangle =
                (List.max rows - List.min rows + 1) * (List.max columns - List.min columns + 1)

            // Random bytes: hardly a pixel is the same in both.
            Assert.InRange(cut.Length, rectangle * 9 / 10, rectangle)
            Assert.Equal(1.0 - float rectangle / float area, float part, 1e-5)

[<Fact>]
let ``with both, each has about half of the images`` () =
    let d = sample 1 200

    let images, pairs =
        mixed
            d
            {
                Augment.none with
                    Mixup = 1.0
                    Cutmix = 1.0
            }
            1
            0L
            [| 0..199 |]

    let plain = filled d Augment.none 1 0L [| 0..199 |]

    let isCut i =
        Array.forall2
            (fun x (a, b) -> x = a || x = b)
            images[i]
            (Array.zip plain[i] plain[int (pairs[i][1])])

    Assert.InRange([ 0..199 ] |> List.filter isCut |> List.length, 75, 125)

[<Property(MaxTest = 30)>]
let ``what becomes of an image depends on the seed, the epoch and the image alone`` (seed: int) =
    let d = sample seed 12

    let augment = {
        moved with
            Mixup = 0.5
            Cutmix = 0.5
            Erase = 0.5
    }

    let images, pairs = mixed d augment seed 7L [| 0..11 |]
    let again, pairsAgain = mixed d augment seed 7L [| 9; 2; 9; 4 |]

    for place, i in List.indexed [ 9; 2; 9; 4 ] do
        Assert.Equal<float32[]>(images[i], again[place])
        Assert.Equal<float32[]>(pairs[i], pairsAgain[place])

    Assert.NotEqual<float32[][]>(images, fst (mixed d augment seed 8L [| 0..11 |]))
    Assert.NotEqual<float32[][]>(images, fst (mixed d augment (seed + 1) 7L [| 0..11 |]))

[<Fact>]
let ``parts are beta distributed`` () =
    for alpha in [ 0.05; 0.2; 1.0; 4.0 ] do
        let struct (draws, _) = Rng.many (Mixing.beta alpha) 20_000 (Rng.create 5)
        Assert.All(draws, fun x -> Assert.InRange(x, 0.0, 1.0))
        let mean = Array.average draws
        let variance = draws |> Array.averageBy (fun x -> (x - mean) ** 2.0)
        Assert.Equal(0.5, mean, 0.015)
        Assert.Equal(1.0 / (4.0 * (2.0 * alpha + 1.0)), variance, 0.01)

[<Fact>]
let ``numbers are mixed as their images`` () =
    let made = sample 1 8
    let numbers = [| for i in 0..15 -> float32 (i * i) |]

    let d = {
        made with
            Train = {
                made.Train with
                    Targets = Targets.Numbers(Shape.create 2 1 1, numbers)
            }
    }

    let images = Array.zeroCreate<float32>(8 * pixels)
    let found = Array.zeroCreate<float32> 16
    let augment = { Augment.none with Mixup = 1.0 }
    let plan = Batch.training d augment 3

    Batch.fillNumbers plan 0L (ReadOnlySpan [| 0..7 |]) (images.AsSpan()) (found.AsSpan())
    |> Folders.ok
    |> Assert.Empty

    // The same draws say who was mixed with whom.
    let _, pairs = mixed made augment 3 0L [| 0..7 |]

    for i in 0..7 do
        for k in 0..1 do
            let own, other = numbers[2 * i + k], numbers[2 * int (pairs[i][1]) + k]
            Assert.Equal(pairs[i][2] * own + (1.0f - pairs[i][2]) * other, found[2 * i + k])

[<Property(MaxTest = 40)>]
let ``erasing leaves an image as it is, or takes a rectangle to the mean`` (seed: int) =
    let d = sample seed 20
    let indices = [| 0..19 |]
    let plain = filled d moved seed 1L indices
    let always = filled d { moved with Erase = 1.0 } seed 1L indices

    for i in indices do
        let changed =
            [ 0 .. pixels - 1 ] |> List.filter (fun at -> always[i][at] <> plain[i][at])

        for at in changed do
            Assert.Equal(0.0f, always[i][at])

        if not changed.IsEmpty then
            let places = changed |> List.map (fun at -> at % area) |> List.distinct

            let rows, columns =
                places |> List.map (fun at -> at / 11), places |> List.map (fun at -> at % 11)

            let height = List.max rows - List.min rows + 1
            let width = List.max columns - List.min columns + 1
            // Of 99 pixels 2 to 33 %, but for rounding of the sides.
            Assert.InRange(height * width, 1, 45)
            Assert.Equal(height * width, places.Length)

[<Fact>]
let ``about as many images are erased as the probability says`` () =
    let d = sample 2 400
    let indices = [| 0..399 |]
    let plain = filled d Augment.none 1 0L indices
    let some = filled d { Augment.none with Erase = 0.25 } 1 0L indices
    let erased = indices |> Array.filter (fun i -> plain[i] <> some[i])
    Assert.InRange(erased.Length, 70, 130)
