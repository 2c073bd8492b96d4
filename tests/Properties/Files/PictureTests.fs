/// Folders of pictures, on small ones that the tests make.
module Sss.Tests.Files.PictureTests

open System.IO
open Xunit
open SkiaSharp
open Sss.Core
open Sss.Files

let private bytesOf (split: Split) =
    match split.Pixels with
    | Bytes data -> data
    | Pictures { Kept = Some data } -> data
    | Pictures _
    | Floats _ -> failwith "bytes were expected"

/// A picture of one colour on the left half and another on the right.
let picture (format: SKEncodedImageFormat) width height (left: SKColor) (right: SKColor) : byte[] =
    use bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque)

    for y in 0 .. height - 1 do
        for x in 0 .. width - 1 do
            bitmap.SetPixel(x, y, (if x < width / 2 then left else right))

    use data = bitmap.Encode(format, 95)
    data.ToArray()

let private red = SKColor(255uy, 0uy, 0uy)
let private blue = SKColor(0uy, 0uy, 255uy)

[<Theory>]
[<InlineData("png", 3)>]
[<InlineData("jpg", 12)>]
let ``a picture is cut in the middle, scaled, and split into planes`` (suffix: string) tolerance =
    Folders.within (fun folder ->
        let format =
            if suffix = "png" then
                SKEncodedImageFormat.Png
            else
                SKEncodedImageFormat.Jpeg

        // Twice as wide as high: the middle square has both halves.
        Folders.put folder $"x.{suffix}" (picture format 128 64 red blue)
        let path = Path.Combine(folder, $"x.{suffix}")
        Assert.Equal({ H = 64; W = 128 }, Folders.ok (ImageFile.size path))
        let image = Folders.ok (ImageFile.read (Shape.create 3 16 16) path)

        let near expected c y x =
            Assert.InRange(
                int image[(c * 16 + y) * 16 + x],
                expected - tolerance,
                expected + tolerance
            )

        for y in [ 0; 8; 15 ] do
            near 255 0 y 2
            near 0 1 y 2
            near 0 2 y 2
            near 0 0 y 13
            near 255 2 y 13

        let grey = Folders.ok (ImageFile.read (Shape.create 1 16 16) path)
        Assert.InRange(int grey[2], 76 - tolerance, 76 + tolerance)
        Assert.InRange(int grey[13], 29 - tolerance, 29 + tolerance)
    )

/// Writes `count` pictures of a class below a root.
let private classOf root name count =
    let folder = Path.Combine(root, name)
    Directory.CreateDirectory folder |> ignore

    for i in 0 .. count - 1 do
        let shade = SKColor(byte (10 * i), 0uy, 0uy)
        Folders.put folder $"{i:D2}.png" (picture SKEncodedImageFormat.Png 8 8 shade shade)

[<Fact>]
let ``folders are read in the order of names, with their splits or every fifth`` () =
    Folders.within (fun root ->
        classOf root "b" 6
        classOf root "a" 5
        let d = Folders.ok (Dataset.load (Folder root))
        Assert.Equal<string list>([ "a"; "b" ], d.Classes)
        Assert.Equal("3x8x8", string d.Train.Shape)
        Assert.Equal<int[]>([| 0; 0; 0; 0; 1; 1; 1; 1; 1 |], d.Train.Labels)
        Assert.Equal<int[]>([| 0; 1 |], d.Test.Labels)
        let data = bytesOf d.Train
        let red i = int data[i * 192]
        Assert.Equal<int list>([ 0; 10; 20; 30; 0; 10; 20; 30; 50 ], [ for i in 0..8 -> red i ])
    )

    Folders.within (fun root ->
        classOf (Path.Combine(root, "train")) "cat" 3
        classOf (Path.Combine(root, "train")) "dog" 2
        classOf (Path.Combine(root, "val")) "dog" 1

        let network: Network = {
            Name = "N"
            Input = Shape.create 1 4 6
            Classes = 2
            OutputKind = OutputKind.Classes
            Body = []
        }

        let d = Folders.ok (Dataset.loadFor network PictureOptions.standard (Folder root))
        Assert.Equal("1x4x6", string d.Train.Shape)
        Assert.Equal<int[]>([| 0; 0; 0; 1; 1 |], d.Train.Labels)
        Assert.Equal<int[]>([| 1 |], d.Test.Labels)
        Folders.ok (Dataset.fits network d)
    )

[<Fact>]
let ``broken pictures are left out and named, too many are an error`` () =
    Folders.within (fun root ->
        classOf root "a" 30
        File.WriteAllText(Path.Combine(root, "a", "03.png"), "no picture")
        File.Delete(Path.Combine(root, "a", "07.png"))
        let whole = picture SKEncodedImageFormat.Jpeg 64 64 red blue
        Folders.put (Path.Combine(root, "a")) "07.jpg" (Array.truncate (whole.Length - 40) whole)
        let d = Folders.ok (Dataset.load (Folder root))
        Assert.Equal(22, d.Train.Count)

        Assert.Equal<string list>(
            [
                "a/03.png: at byte 0: broken image: neither JPEG nor PNG"
                "a/07.jpg: at byte 0: broken image: it ends early"
            ],
            d.Skipped |> List.map (fun e -> (FileError.message e).Replace(root + "/", ""))
        )

        for i in 10..29 do
            if i % 5 <> 4 then
                File.WriteAllText(Path.Combine(root, "a", $"{i}.png"), "")

        let message = Folders.messageIn root (Dataset.load (Folder root))
        Assert.StartsWith("FOLDER: 18 of 24 pictures are broken; the first:\n  a/03.png", message)
    )

[<Fact>]
let ``folders without pictures say what is missing`` () =
    Folders.within (fun root ->
        Assert.Equal(
            "FOLDER: at byte 0: it has no sub-folders with pictures, one per class",
            Folders.messageIn root (Dataset.load (Folder root))
        )

        Directory.CreateDirectory(Path.Combine(root, "a")) |> ignore

        Assert.Equal(
            "FOLDER: at byte 0: it has no sub-folders with pictures, one per class",
            Folders.messageIn root (Dataset.load (Folder root))
        )
    )
