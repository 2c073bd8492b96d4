module Sss.Tests.Files.BatchTests

open System
open System.Threading.Tasks
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files

let private sample (seed: int) (shape: Shape) count floats : Dataset =
    let random = Random seed
    let values = count * int (Shape.count shape)

    let split = {
        Shape = shape
        Pixels =
            if floats then
                Floats(Array.init values (fun _ -> random.NextSingle() * 9.0f))
            else
                Bytes(Array.init values (fun _ -> byte (random.Next 256)))
        Targets = Targets.Labels(Array.init count (fun _ -> random.Next 10))
    }

    Dataset.create "made" [ for i in 0..9 -> string i ] (1.0f / 255.0f) split split

let private filled plan draw (indices: int[]) =
    let size = int (Shape.count plan.Split.Shape)
    let values = Array.zeroCreate<float32>(indices.Length * size)
    let labels = Array.zeroCreate<int64> indices.Length

    let broken =
        Batch.fill plan draw (ReadOnlySpan indices) (values.AsSpan()) (labels.AsSpan())

    Assert.Empty(Folders.ok broken)
    Assert.Equal<int64[]>(indices |> Array.map (fun i -> int64 plan.Split.Labels[i]), labels)
    values

/// The obvious way: every crop and mirror image of an image, by its definition.
let private candidates (d: Dataset) (augment: Augment) index : float32[] list =
    let s = d.Train.Shape
    let n = d.Preparation

    let stored c y x =
        if y < 0 || x < 0 || y >= s.Height || x >= s.Width then
            0.0f
        else
            let at = ((index * s.Channels + c) * s.Height + y) * s.Width + x

            match d.Train.Pixels with
            | Bytes data -> float32 data[at]
            | Floats data -> data[at]
            | Pictures _ -> failwith "values were expected"

    [
        for down in -augment.Crop .. augment.Crop do
            for right in -augment.Crop .. augment.Crop do
                for flip in (if augment.Flip then [ false; true ] else [ false ]) do
                    [|
                        for c in 0 .. s.Channels - 1 do
                            for y in 0 .. s.Height - 1 do
                                for x in 0 .. s.Width - 1 do
                                    let x = if flip then s.Width - 1 - x else x
                                    let v = stored c (y + down) (x + right)
                                    (v * n.Scale - n.Mean[c]) / n.Deviation[c]
                    |]
    ]

[<Property(MaxTest = 60)>]
let ``an augmented image is one of its crops or their mirror images`` (seed: int) flip floats =
    let shape = Shape.create 2 4 5
    let d = sample seed shape 3 floats

    let augment = {
        Augment.none with
            Crop = abs seed % 3
            Flip = flip
    }

    let plan = Batch.training d augment seed

    [ 0..2 ]
    |> List.forall (fun i ->
        let image = filled plan 5L [| i |]
        candidates d augment i |> List.exists (fun c -> c = image)
    )

[<Fact>]
let ``every crop and both sides come up about equally often`` () =
    let d = sample 1 (Shape.create 1 3 4) 1 false

    let augment = {
        Augment.none with
            Crop = 1
            Flip = true
    }

    let plan = Batch.training d augment 3
    let all = candidates d augment 0 |> Array.ofList

    let counts =
        [ 0L .. 3599L ]
        |> List.countBy (fun draw ->
            let image = filled plan draw [| 0 |]
            Array.findIndex (fun c -> c = image) all
        )

    // 18 equally likely outcomes of 3,600 draws: 200 each, standard deviation 14.
    Assert.Equal(18, counts.Length)
    Assert.All(counts, (fun (_, n) -> Assert.InRange(n, 130, 270)))

[<Property(MaxTest = 30)>]
let ``values depend on seed, draw and image only, not on the batch or the threads`` (seed: int) =
    let d = sample seed (Shape.create 3 6 6) 20 false

    let plan =
        Batch.training
            d
            {
                Augment.none with
                    Crop = 2
                    Flip = true
            }
            seed

    let indices = [| for i in 0..31 -> (i * 7 + abs (seed % 20)) % 20 |]
    let whole = filled plan 4L indices

    let alone = indices |> Array.collect (fun i -> filled plan 4L [| i |])
    let threaded = Array.zeroCreate<float32> whole.Length

    Parallel.For(
        0,
        4,
        fun part ->
            Batch.fill
                plan
                4L
                (ReadOnlySpan(indices, part * 8, 8))
                (Span(threaded, part * 8 * 108, 8 * 108))
                (Span(Array.zeroCreate<int64> 8))
            |> Folders.ok
            |> ignore
    )
    |> ignore

    whole = alone && whole = threaded && (whole <> filled plan 5L indices)

[<Fact>]
let ``filling a batch allocates nothing`` () =
    for floats in [ false; true ] do
        let d = sample 2 (Shape.create 3 8 8) 10 floats

        let plan =
            Batch.training
                d
                {
                    Augment.none with
                        Crop = 2
                        Flip = true
                }
                1

        let indices = [| 0..9 |]
        let values = Array.zeroCreate<float32>(10 * 192)
        let labels = Array.zeroCreate<int64> 10

        let once () =
            Batch.fill plan 1L (ReadOnlySpan indices) (values.AsSpan()) (labels.AsSpan())
            |> ignore

        once ()
        let before = GC.GetAllocatedBytesForCurrentThread()

        for _ in 1..100 do
            once ()

        Assert.Equal(0L, GC.GetAllocatedBytesForCurrentThread() - before)

let private everything = {
    Augment.none with
        Area = 0.2
        Crop = 1
        Flip = true
        Jitter = 0.4
        Pca = 0.1
}

[<Property(MaxTest = 30)>]
let ``all changes together depend on seed, draw and image only`` (seed: int) =
    let d = sample seed (Shape.create 3 6 7) 12 false
    let plan = Batch.training d everything seed
    let indices = [| for i in 0..15 -> (i * 5 + abs (seed % 12)) % 12 |]
    let whole = filled plan 3L indices
    let parts = Array.create 16 [||]

    Parallel.For(0, 16, fun i -> parts[i] <- filled plan 3L [| indices[i] |])
    |> ignore

    let other = Batch.training d everything (seed + 1)

    whole = Array.concat parts
    && whole <> filled plan 4L indices
    && whole <> filled other 3L indices

[<Fact>]
let ``changes that do nothing give the plain image`` () =
    let d = sample 4 (Shape.create 3 6 7) 5 false
    let plain = filled (Batch.plain d d.Train) 0L [| 0..4 |]

    let idle = {
        Augment.none with
            Jitter = 1e-12
            Pca = 1e-12
    }

    let changed = filled (Batch.training d idle 1) 0L [| 0..4 |]
    Array.iter2 (fun (a: float32) b -> Assert.Equal(a, b, 1e-4f)) plain changed

[<Fact>]
let ``a mirrored half and every part of the image come up`` () =
    // Columns of rising brightness: the order tells mirror images, the first value the place.
    let bytes = [|
        for _ in 0..15 do
            yield! [| for x in 0..15 -> byte (16 * x) |]
    |]

    let split = {
        Shape = Shape.create 1 16 16
        Pixels = Bytes bytes
        Targets = Targets.Labels [| 0 |]
    }

    let d = Dataset.create "made" [ "a" ] (1.0f / 255.0f) split split

    let plan =
        Batch.training
            d
            {
                Augment.none with
                    Area = 0.25
                    Flip = true
            }
            7

    let images = [ for draw in 0L .. 399L -> filled plan draw [| 0 |] ]
    let mirrored = images |> List.filter (fun i -> i[0] > i[15])
    Assert.InRange(mirrored.Length, 160, 240)

    let spread = images |> List.map (fun i -> abs (i[15] - i[0]))
    Assert.True(List.max spread > 1.8f * List.min spread)
