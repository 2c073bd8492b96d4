// Draws the pictures of docs/pictures.md: one picture on its way to a network's input, step by step.
//
//   dotnet fsi docs/pictures/make.fsx

open System
open System.IO
open System.IO.Compression

/// Red, green, blue and alpha, each from 0 to 1.
type Pixel = float * float * float * float

type Picture = {
    Width: int
    Height: int
    At: int -> int -> Pixel
}

/// A house under a sun on a meadow; the sky is transparent. Nothing in it is symmetric.
let upright = {
    Width = 96
    Height = 64
    At =
        fun x y ->
            let isSun = (x - 24) * (x - 24) + (y - 14) * (y - 14) < 81
            let isRoof = y >= 14 && y < 28 && abs (x - 58) < y - 10
            let isWall = y >= 28 && y < 48 && x >= 44 && x < 72
            let isDoor = y >= 35 && y < 48 && x >= 60 && x < 67

            if isDoor then 0.25, 0.15, 0.10, 1.0
            elif isWall then 0.85, 0.75, 0.55, 1.0
            elif isRoof then 0.75, 0.20, 0.15, 1.0
            elif y >= 48 then 0.25, 0.60, 0.25, 1.0
            elif isSun then 0.95, 0.75, 0.10, 1.0
            else 0.0, 0.0, 0.0, 0.0
}

/// As a camera that was held sideways stores it: a quarter turn to the left, with EXIF orientation 6.
let stored = {
    Width = upright.Height
    Height = upright.Width
    At = fun x y -> upright.At (upright.Width - 1 - y) x
}

let over (r, g, b) picture = {
    picture with
        At =
            fun x y ->
                let pr, pg, pb, a = picture.At x y
                let mix p q = a * p + (1.0 - a) * q
                mix pr r, mix pg g, mix pb b, 1.0
}

/// What viewers show behind transparent parts.
let checkered picture = {
    picture with
        At =
            fun x y ->
                let shade = if (x / 4 + y / 4) % 2 = 0 then 0.9 else 0.75
                (over (shade, shade, shade) picture).At x y
}

/// Every output pixel is the mean of what lies under it, weighted by a triangle of twice its width.
let scaled width height picture =
    let weights length count i =
        let step = float length / float count
        let centre = (float i + 0.5) * step - 0.5
        let radius = max 1.0 step

        [|
            for p in max 0 (int (ceil (centre - radius))) .. min (length - 1) (int (centre + radius)) do
                p, 1.0 - abs (float p - centre) / radius
        |]

    let at x y =
        let mutable sum, r, g, b = 0.0, 0.0, 0.0, 0.0

        for py, wy in weights picture.Height height y do
            for px, wx in weights picture.Width width x do
                let pr, pg, pb, _ = picture.At px py
                let w = wx * wy
                sum <- sum + w
                r <- r + w * pr
                g <- g + w * pg
                b <- b + w * pb

        r / sum, g / sum, b / sum, 1.0

    let pixels = Array2D.init width height at

    {
        Width = width
        Height = height
        At = fun x y -> pixels[x, y]
    }

let cut width height picture =
    let left, top = (picture.Width - width) / 2, (picture.Height - height) / 2

    {
        Width = width
        Height = height
        At = fun x y -> picture.At (left + x) (top + y)
    }

/// One channel in grey; `shade` maps 0 to 1 to what is shown.
let channel c shade picture = {
    picture with
        At =
            fun x y ->
                let r, g, b, _ = picture.At x y
                let v = shade ([| r; g; b |][c])
                v, v, v, 1.0
}

let enlarged n picture = {
    Width = n * picture.Width
    Height = n * picture.Height
    At = fun x y -> picture.At (x / n) (y / n)
}

/// Pictures side by side, with a gap.
let beside (pictures: Picture list) =
    let gap = 8
    let height = pictures |> List.map _.Height |> List.max
    let starts = pictures |> List.scan (fun x p -> x + p.Width + gap) 0

    {
        Width = List.last starts - gap
        Height = height
        At =
            fun x y ->
                List.zip (List.truncate pictures.Length starts) pictures
                |> List.tryPick (fun (start, p) ->
                    if x >= start && x < start + p.Width && y < p.Height then
                        Some(p.At (x - start) y)
                    else
                        None
                )
                |> Option.defaultValue (1.0, 1.0, 1.0, 0.0)
}

/// The rectangle that is cut out next, framed in red.
let framed width height picture =
    let left, top = (picture.Width - width) / 2, (picture.Height - height) / 2

    {
        picture with
            At =
                fun x y ->
                    let isInside = x >= left && x < left + width && y >= top && y < top + height

                    let isDeep =
                        x >= left + 3 && x < left + width - 3 && y >= top + 3 && y < top + height - 3

                    if isInside && not isDeep then 0.9, 0.0, 0.4, 1.0 else picture.At x y
    }

let crc (bytes: byte[]) =
    let shift c _ =
        if c &&& 1u = 1u then (c >>> 1) ^^^ 0xEDB88320u else c >>> 1

    ~~~(Array.fold (fun c b -> Seq.fold shift (c ^^^ uint32 b) [ 1..8 ]) 0xFFFFFFFFu bytes)

let bigEndian (n: int) =
    BitConverter.GetBytes n |> if BitConverter.IsLittleEndian then Array.rev else id

let chunk (name: string) data =
    let body = Array.append (Text.Encoding.ASCII.GetBytes name) data
    Array.concat [ bigEndian data.Length; body; bigEndian (int (crc body)) ]

let write name picture =
    use packed = new MemoryStream()

    using
        (new ZLibStream(packed, CompressionLevel.SmallestSize))
        (fun stream ->
            for y in 0 .. picture.Height - 1 do
                stream.WriteByte 0uy

                for x in 0 .. picture.Width - 1 do
                    let r, g, b, a = picture.At x y

                    for v in [ r; g; b; a ] do
                        stream.WriteByte(byte (Math.Clamp(v * 255.0 + 0.5, 0.0, 255.0)))
        )

    let path = Path.Combine(__SOURCE_DIRECTORY__, name + ".png")

    File.WriteAllBytes(
        path,
        Array.concat [
            [| 0x89uy; 0x50uy; 0x4Euy; 0x47uy; 0x0Duy; 0x0Auy; 0x1Auy; 0x0Auy |]
            chunk
                "IHDR"
                (Array.concat [
                    bigEndian picture.Width
                    bigEndian picture.Height
                    [| 8uy; 6uy; 0uy; 0uy; 0uy |]
                ])
            chunk "IDAT" (packed.ToArray())
            chunk "IEND" [||]
        ]
    )

    printfn $"{name}.png: {picture.Width}x{picture.Height}"

let onWhite = over (1.0, 1.0, 1.0) upright
let small = scaled 36 24 onWhite
let input = cut 16 16 small

/// (pixel · scale − mean) / deviation, shown from −2 (black) to 2 (white).
let normalised =
    let means, deviations = [| 0.6; 0.6; 0.5 |], [| 0.3; 0.25; 0.35 |]
    [ for c in 0..2 -> channel c (fun v -> ((v - means[c]) / deviations[c] + 2.0) / 4.0) input ]

write "file" (enlarged 3 (checkered stored))
write "upright" (enlarged 3 (checkered upright))

write
    "background"
    (beside [ enlarged 3 onWhite; enlarged 3 (over (0.0, 0.0, 0.0) upright) ])

write "scaled" (framed (16 * 8) (16 * 8) (enlarged 8 small))
write "cut" (enlarged 8 input)
write "planes" (beside [ for c in 0..2 -> enlarged 8 (channel c id input) ])
write "input" (beside (normalised |> List.map (enlarged 8)))
