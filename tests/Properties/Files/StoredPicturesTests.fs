/// Folders that are not kept in memory: the same images, decoded when they are requested.
module Sss.Tests.Files.StoredPicturesTests

open System
open System.IO
open Xunit
open SkiaSharp
open Sss.Core
open Sss.Files

let private shape = Shape.create 3 12 12

/// A JPEG or PNG of random blocks.
let private blocks (seed: int) (format: SKEncodedImageFormat) width height : byte[] =
    let random = Random seed
    use bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque)
    use canvas = new SKCanvas(bitmap)

    for y in 0..6..height do
        for x in 0..6..width do
            let channel () = byte (random.Next 256)
            use paint = new SKPaint(Color = SKColor(channel (), channel (), channel ()))
            canvas.DrawRect(float32 x, float32 y, 6.0f, 6.0f, paint)

    use data = bitmap.Encode(format, 90)
    data.ToArray()

/// Two classes of `count` pictures each, of several sizes.
let folder (root: string) (count: int) =
    for label, name in [ 0, "a"; 1, "b" ] do
        let folder = Path.Combine(root, name)
        Directory.CreateDirectory folder |> ignore

        for i in 0 .. count - 1 do
            let format, suffix =
                if i % 3 = 2 then
                    SKEncodedImageFormat.Png, "png"
                else
                    SKEncodedImageFormat.Jpeg, "jpg"

            let seed = 100 * label + i
            let picture = blocks seed format (20 + 7 * (i % 5)) (20 + 9 * (i % 4))
            Folders.put folder $"{i:D3}.{suffix}" picture

let private loadWith options keptBytes root =
    Folders.ok (ImageFolder.loadWithin keptBytes options (Some shape) root)

let private load keptBytes root =
    loadWith PictureOptions.standard keptBytes root

let private resized = {
    PictureOptions.standard with
        Resize = 16
}

let private fill plan draw (indices: int[]) =
    let values = Array.zeroCreate<float32>(indices.Length * int (Shape.count shape))
    let labels = Array.zeroCreate<int64> indices.Length

    Batch.fill plan draw (ReadOnlySpan indices) (values.AsSpan()) (labels.AsSpan())
    |> Result.map (fun broken -> values, labels, broken)

let private cut (path: string) =
    let bytes = File.ReadAllBytes path
    File.WriteAllBytes(path, Array.truncate (bytes.Length / 2) bytes)

[<Fact>]
let ``kept or not, a folder gives the same data set and the same batches`` () =
    Folders.within (fun root ->
        folder root 12
        File.WriteAllText(Path.Combine(root, "a", "001.jpg"), "no picture")
        let kept, stored = load Int64.MaxValue root, load 0L root

        match kept.Train.Pixels, stored.Train.Pixels with
        | Pictures { Kept = Some _ }, Pictures { Kept = None } -> ()
        | other -> Assert.Fail $"%A{other}"

        Assert.Equal(kept.Preparation, stored.Preparation)
        Assert.Equal<int[]>(kept.Train.Labels, stored.Train.Labels)
        Assert.Equal<int[]>(kept.Test.Labels, stored.Test.Labels)
        Assert.Equal<FileError list>(kept.Skipped, stored.Skipped)
        Assert.Equal(1, kept.Skipped.Length)
        let indices = [| 0 .. kept.Train.Count - 1 |]

        for augment in
            [
                Augment.none
                {
                    Augment.none with
                        Crop = 2
                        Flip = true
                }
                { Augment.none with Resize = 16 }
                { Augment.none with Jitter = 0.4 }
                {
                    Augment.none with
                        Area = 0.1
                        Flip = true
                        Jitter = 0.3
                        Pca = 0.1
                }
            ] do
            let options = PictureOptions.ofAugment augment

            let batch keptBytes =
                let d = loadWith options keptBytes root
                Folders.ok (fill (Batch.training d augment 5) 2L indices)

            let values, labels, broken = batch Int64.MaxValue

            Assert.Equal<float32[] * int64[] * FileError list>((values, labels, broken), batch 0L)

            Assert.All(values, (fun v -> Assert.True(Single.IsFinite v)))
    )

[<Fact>]
let ``scaling before the cut takes the border away, in training and in testing`` () =
    Folders.within (fun root ->
        // A frame of white around black: the cut at 12 of 16 leaves it out.
        for name in [ "a"; "b" ] do
            let folder = Path.Combine(root, name)
            Directory.CreateDirectory folder |> ignore

            for i in 0..4 do
                use bitmap = new SKBitmap(64, 64, SKColorType.Rgba8888, SKAlphaType.Opaque)
                use canvas = new SKCanvas(bitmap)
                canvas.Clear SKColors.White
                use paint = new SKPaint(Color = SKColors.Black)
                canvas.DrawRect(4.0f, 4.0f, 56.0f, 56.0f, paint)
                use data = bitmap.Encode(SKEncodedImageFormat.Png, 100)
                Folders.put folder $"{i}.png" (data.ToArray())

        let d = load Int64.MaxValue root
        let framed, _, _ = Folders.ok (fill (Batch.plain d d.Test) 0L [| 0; 1 |])
        let d = loadWith resized Int64.MaxValue root
        let bare, _, _ = Folders.ok (fill (Batch.plain d d.Test) 0L [| 0; 1 |])

        let training, _, _ =
            Folders.ok (fill (Batch.training d { Augment.none with Resize = 16 } 1) 0L [| 0; 1 |])

        Assert.True(Array.max framed > Array.min framed + 1.0f)
        // Black everywhere: each channel is its mean.
        Assert.Equal<float32[]>(Array.zeroCreate bare.Length, bare)
        Assert.Equal<float32[]>(bare, training)
    )

[<Fact>]
let ``a broken picture is replaced by the next, and named`` () =
    Folders.within (fun root ->
        folder root 12
        let d = load 0L root
        let plan = Batch.training d { Augment.none with Area = 0.3 } 3

        let paths =
            match d.Train.Pixels with
            | Pictures { Paths = paths } -> paths
            | other -> failwith $"%A{other}"

        cut paths[3]
        File.WriteAllText(paths[4], "")
        let values, labels, broken = Folders.ok (fill plan 1L [| 2; 3; 6 |])

        Assert.Equal<string list>(
            [ paths[3]; paths[4] ],
            broken
            |> List.map (fun error ->
                match error with
                | Malformed(place, _) -> place.Path
                | other -> failwith $"%A{other}"
            )
        )

        Assert.Equal<int64[]>(
            [| 2; 5; 6 |] |> Array.map (fun i -> int64 d.Train.Labels[i]),
            labels
        )
        // Alone or in a batch, and again: the same.
        let alone, _, _ = Folders.ok (fill plan 1L [| 3 |])
        Assert.Equal<float32[]>(values[432..863], alone)

        File.Delete paths[3]
        Assert.Equal($"{paths[3]}: no such file or folder", Folders.message (fill plan 1L [| 3 |]))

        for path in paths do
            File.WriteAllText(path, "")

        Assert.StartsWith(paths[0], Folders.message (fill plan 1L [| 0 |]))
    )

[<Fact>]
let ``parts of a split are its images`` () =
    Folders.within (fun root ->
        folder root 10

        for d in [ load 0L root; load Int64.MaxValue root ] do
            let some = Split.pick [| 7; 2 |] d.Train
            let plan = Batch.plain d
            let expected, labels, _ = Folders.ok (fill (plan d.Train) 0L [| 7; 2 |])
            let values, picked, _ = Folders.ok (fill (plan some) 0L [| 0; 1 |])
            Assert.Equal<float32[]>(expected, values)
            Assert.Equal<int64[]>(labels, picked)
            Assert.Equal(3, (Dataset.limit 3 d).Train.Count)
    )
