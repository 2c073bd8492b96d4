/// How picture files become numbers: laws over random files of every kind.
module Sss.Tests.Files.PictureLaws

open System
open System.IO
open System.Runtime.InteropServices
open Xunit
open FsCheck
open FsCheck.Xunit
open SkiaSharp
open Sss.Core
open Sss.Files
open Sss.Tests.Files.Pngs

let private white = PictureOptions.white

/// The numbers of a part of a picture in a file.
let private part background shape cut path =
    let target = Array.zeroCreate<float32>(int (Shape.count shape))
    Folders.ok (ImageFile.readPart background shape cut path target)
    target

let private read background shape cut (content: byte[]) =
    Folders.within (fun folder ->
        Folders.put folder "x.png" content
        part background shape cut (Path.Combine(folder, "x.png"))
    )

/// The slow way: the whole picture decoded by Skia, all of it as planes, then scaled.
let private slowly (shape: Shape) (cut: Size -> Area) (content: byte[]) : float32[] =
    use data = SKData.CreateCopy content
    use codec = SKCodec.Create data
    let width, height = codec.Info.Width, codec.Info.Height
    let info = SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul)
    let pixels = Array.zeroCreate<byte>(4 * width * height)
    let pin = GCHandle.Alloc(pixels, GCHandleType.Pinned)
    Assert.Equal(SKCodecResult.Success, codec.GetPixels(info, pin.AddrOfPinnedObject()))
    pin.Free()
    let area = cut { H = height; W = width }
    let target = Array.zeroCreate<float32>(int (Shape.count shape))

    let stretch start length available count =
        let reach = ceil (max 1.0 (length / float count)) + 1.0
        int (floor (start - reach)) |> max 0, int (ceil (start + length + reach)) |> min available

    let left, right = stretch area.Left area.Width width shape.Width
    let top, bottom = stretch area.Top area.Height height shape.Height

    let planes = [|
        for c in 0 .. shape.Channels - 1 do
            for y in top .. bottom - 1 do
                for x in left .. right - 1 do
                    let at i = float32 pixels[4 * (y * width + x) + i]

                    if shape.Channels = 1 then
                        0.299f * at 0 + 0.587f * at 1 + 0.114f * at 2
                    else
                        at c
    |]

    Resample.planes
        shape.Channels
        (right - left)
        (bottom - top)
        (planes.AsSpan())
        {
            area with
                Left = area.Left - float left
                Top = area.Top - float top
        }
        shape.Width
        shape.Height
        (target.AsSpan())

    target

let private randomShape (random: Random) =
    Shape.create (if random.Next 2 = 0 then 1 else 3) (random.Next(1, 30)) (random.Next(1, 30))

/// The middle, or a random part.
let private randomCut (random: Random) shape : Size -> Area =
    match random.Next 3 with
    | 0 -> Cut.middle 0 shape
    | 1 -> Cut.middle (random.Next(1, 60)) shape
    | _ ->
        let seed = random.Next()

        fun size ->
            let struct (area, _) = Cut.random 0.08 shape size (Rng.create seed)
            area

[<Property(MaxTest = 150)>]
let ``row by row gives the bits of the whole picture decoded by another decoder`` (seed: int) =
    let random = Random seed
    let png = Pngs.random random (random.Next(1, 70)) (random.Next(1, 70))
    let content = write png
    let shape = randomShape random
    let cut = randomCut random shape
    slowly shape cut content = read white shape cut content

[<Property(MaxTest = 60)>]
let ``a picture in memory gives what its file gives`` (seed: int) =
    let random = Random seed
    let content = write (Pngs.random random (random.Next(1, 40)) (random.Next(1, 40)))
    let shape = randomShape random

    Folders.within (fun folder ->
        Folders.put folder "x.png" content
        let fromFile = Folders.ok (ImageFile.read shape (Path.Combine(folder, "x.png")))

        let inMemory =
            ImageFile.decodeAs PictureOptions.standard shape "x" (ReadOnlyMemory content)

        fromFile = Folders.ok inMemory
    )

/// A picture with transparency of any kind, and the opaque one that it makes over a background.
let private transparent (random: Random) (background: Rgb) : Png * Png =
    let width, height = random.Next(1, 40), random.Next(1, 40)

    let behind =
        [| background.Red; background.Green; background.Blue |] |> Array.map int

    let colour, depth =
        match random.Next 9 with
        | 0 -> 6, 16
        | 1 -> 4, 8
        | 2 -> 4, 16
        | 3 -> 3, 8
        | 4 -> 3, 2
        | 5 -> 2, 8
        | 6 -> 2, 16
        | 7 -> 0, [| 1; 2; 4; 8; 16 |][random.Next 5]
        | _ -> 6, 8

    let most = (1 <<< depth) - 1
    let perPixel = channels colour
    // Few values, so that transparent colours do come up, and the ends of the range.
    let values =
        Array.init 4 (fun _ -> random.Next(most + 1)) |> Array.append [| 0; most |]

    let samples =
        Array.init (width * height * perPixel) (fun _ -> values[random.Next values.Length])

    let at x y c = samples[(y * width + x) * perPixel + c]
    let key = Array.init 3 (fun _ -> values[random.Next values.Length])
    let palette = Array.zeroCreate<byte> 768
    random.NextBytes palette
    let alphas = Array.zeroCreate<byte>(random.Next(1, 257))
    random.NextBytes alphas
    let entries = min 256 (most + 1)
    let alphas = Array.truncate entries alphas
    let short n = [| byte (n >>> 8); byte n |]

    let before =
        match colour with
        | 3 -> [ "PLTE", Array.truncate (3 * entries) palette; "tRNS", alphas ]
        | 2 -> [ "tRNS", Array.collect short key ]
        | 0 -> [ "tRNS", short key[0] ]
        | _ -> []

    // The depth of the opaque picture: palettes and small depths become 8 bits.
    let deep = if depth = 16 then 16 else 8
    let top = if deep = 16 then 65535 else 255

    let widened sample =
        if depth < 8 then sample * 255 / most else sample

    let over c a channel =
        let b = behind[channel] * (top / 255)
        int (Math.Round(decimal (int64 c * int64 a + int64 b * int64 (top - a)) / decimal top))

    let opaque x y channel =
        match colour with
        | 3 ->
            let n = at x y 0

            over
                (int palette[3 * n + channel])
                (if n < alphas.Length then int alphas[n] else 255)
                channel
        | 2 ->
            let isKey = List.forall (fun c -> at x y c = key[c]) [ 0..2 ]
            over (at x y channel) (if isKey then 0 else top) channel
        | 0 -> over (widened (at x y 0)) (if at x y 0 = key[0] then 0 else top) channel
        | 4 -> over (at x y 0) (at x y 1) channel
        | _ -> over (at x y channel) (at x y 3) channel

    {
        plain width height colour depth at with
            Before = before
            IsInterlaced = random.Next 3 = 0
            Seed = random.Next()
    },
    plain width height 2 deep opaque

[<Property(MaxTest = 200)>]
let ``a transparent picture over a background is the opaque picture of what one sees`` (seed: int) =
    let random = Random seed

    let background = {
        Red = byte (random.Next 256)
        Green = byte (random.Next 256)
        Blue = byte (random.Next 256)
    }

    let background =
        [ background; PictureOptions.white; PictureOptions.black ][random.Next 3]

    let seen, opaque = transparent random background
    let shape = randomShape random
    let cut = randomCut random shape
    read background shape cut (write seen) = read white shape cut (write opaque)

[<Fact>]
let ``black strokes on nothing are black on white`` () =
    let stroke x _ c =
        if c = 3 then (if x = 1 then 255 else 0) else 0

    let content = write (plain 4 1 6 8 stroke)

    let line background =
        read background (Shape.create 1 1 4) (Cut.middle 0 (Shape.create 1 1 4)) content

    Assert.Equal<float32[]>([| 255.0f; 0.0f; 255.0f; 255.0f |], line white)
    Assert.Equal<float32[]>(Array.zeroCreate 4, line PictureOptions.black)

/// The picture that, shown with an orientation, is the upright one: by the words of the EXIF
/// standard, which name what the stored picture's first row and first column are.
let private stored orientation (upright: Png) : Png =
    let w, h = upright.Width, upright.Height

    let width, height, from =
        match orientation with
        | 1 -> w, h, (fun x y -> x, y) // top, left
        | 2 -> w, h, (fun x y -> w - 1 - x, y) // top, right
        | 3 -> w, h, (fun x y -> w - 1 - x, h - 1 - y) // bottom, right
        | 4 -> w, h, (fun x y -> x, h - 1 - y) // bottom, left
        | 5 -> h, w, (fun x y -> y, x) // left, top
        | 6 -> h, w, (fun x y -> w - 1 - y, x) // right, top
        | 7 -> h, w, (fun x y -> w - 1 - y, h - 1 - x) // right, bottom
        | _ -> h, w, (fun x y -> y, h - 1 - x) // left, bottom

    {
        upright with
            Width = width
            Height = height
            Samples =
                fun x y c ->
                    let u, v = from x y
                    upright.Samples u v c
    }

[<Property(MaxTest = 200)>]
let ``a turned picture reads as the upright one, whatever part is cut out`` (seed: int) =
    let random = Random seed
    let orientation = random.Next(1, 9)
    let upright = Pngs.random random (random.Next(1, 50)) (random.Next(1, 50))
    let turned = stored orientation upright
    let tag = "eXIf", exif (random.Next 2 = 0) orientation

    let turned =
        if random.Next 2 = 0 then
            {
                turned with
                    Before = tag :: turned.Before
            }
        else
            { turned with After = [ tag ] }

    let shape = randomShape random
    let cut = randomCut random shape

    Folders.within (fun folder ->
        Folders.put folder "x.png" (write turned)
        Folders.put folder "y.png" (write upright)
        let x, y = Path.Combine(folder, "x.png"), Path.Combine(folder, "y.png")

        ImageFile.size x = ImageFile.size y
        && part white shape cut x = part white shape cut y
    )

/// The decoded pixels of a JPEG as a PNG.
let private asPng (jpeg: byte[]) : Png =
    let bitmap = SKBitmap.Decode jpeg

    let sample x y c =
        let p = bitmap.GetPixel(x, y)
        let parts = [| p.Red; p.Green; p.Blue |]
        int parts[c]

    plain bitmap.Width bitmap.Height 2 8 sample

[<Fact>]
let ``a turned JPEG reads as its pixels turned, of every kind and for every orientation`` () =
    Folders.within (fun folder ->
        let x, y = Path.Combine(folder, "x.jpg"), Path.Combine(folder, "y.png")

        for _, jpeg in Jpegs.kinds do
            for orientation in 1..8 do
                Folders.put
                    folder
                    "x.jpg"
                    (Jpegs.withExif (exif (orientation % 2 = 0) orientation) jpeg)
                // Turning by 6 is undone by 8.
                let back = [| 0; 1; 2; 3; 4; 5; 8; 7; 6 |][orientation]
                Folders.put folder "y.png" (write (stored back (asPng jpeg)))
                Assert.Equal(ImageFile.size y, ImageFile.size x)
                // As large as the picture, so that the decoder does not scale.
                let shape = Shape.create 3 40 40
                let seed = orientation

                let random size =
                    let struct (area, _) = Cut.random 0.3 shape size (Rng.create seed)
                    area

                for cut in [ Cut.middle 0 shape; random ] do
                    Assert.Equal<float32[]>(part white shape cut y, part white shape cut x)
    )

[<Fact>]
let ``a turned JPEG that is decoded smaller is turned too`` () =
    // Dark above, light below; 256 pixels to 8.
    use bitmap = new SKBitmap(256, 192)

    for y in 0..191 do
        for x in 0..255 do
            bitmap.SetPixel(x, y, (if y < 96 then SKColors.Black else SKColors.White))

    use data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 95)

    // Where the light half lies: at the bottom, for 6 at the left, for 8 at the right.
    for orientation, light in [ 1, (4, 7); 3, (4, 0); 6, (0, 4); 8, (7, 4) ] do
        let content = Jpegs.withExif (exif true orientation) (data.ToArray())
        let shape = Shape.create 1 8 8

        let image =
            Folders.ok (
                ImageFile.decodeAs PictureOptions.standard shape "x.jpg" (ReadOnlyMemory content)
            )

        let x, y = light
        Assert.InRange(int image[8 * y + x], 250, 255)
        Assert.InRange(int image[8 * (7 - y) + (7 - x)], 0, 5)

[<Fact>]
let ``what is no orientation means nothing`` () =
    let upright = Pngs.random (Random 3) 9 5
    let shape = Shape.create 3 5 9

    let bytes content =
        Folders.ok (ImageFile.decodeAs PictureOptions.standard shape "x" (ReadOnlyMemory content))

    let expected = bytes (write upright)
    let tags = [ [||]; exif true 0; exif false 9; (exif true 6)[..20]; "no EXIF at all"B ]

    for tag in tags do
        let tagged = {
            upright with
                Before = ("eXIf", tag) :: upright.Before
        }

        Assert.Equal<byte[]>(expected, bytes (write tagged))
