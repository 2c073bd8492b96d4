/// A writer of PNG files of every kind, for the tests of the reader.
module Sss.Tests.Files.Pngs

open System
open System.IO
open System.IO.Compression
open System.Text

/// A picture to write. `Samples x y c` is the sample of channel c, or the index into the palette.
type Png = {
    Width: int
    Height: int
    /// PNG's number: 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and alpha.
    Colour: int
    Depth: int
    IsInterlaced: bool
    Samples: int -> int -> int -> int
    /// Chunks in front of the pixels, by type.
    Before: (string * byte[]) list
    /// Chunks after them.
    After: (string * byte[]) list
    /// Chooses the filters of the rows.
    Seed: int
}

/// A picture without anything special.
let plain width height colour depth samples = {
    Width = width
    Height = height
    Colour = colour
    Depth = depth
    IsInterlaced = false
    Samples = samples
    Before = []
    After = []
    Seed = 1
}

let channels colour =
    match colour with
    | 0
    | 3 -> 1
    | 2 -> 3
    | 4 -> 2
    | _ -> 4

let bigEndian (n: int) = [| byte (n >>> 24); byte (n >>> 16); byte (n >>> 8); byte n |]

/// The check sum by its definition, a bit at a time.
let private crc (data: byte[]) =
    let step c _ =
        if c &&& 1u = 1u then (c >>> 1) ^^^ 0xEDB88320u else c >>> 1

    (0xFFFFFFFFu, data)
    ||> Array.fold (fun c b -> Seq.fold step (c ^^^ uint32 b) [ 1..8 ])
    |> fun c -> int ~~~c

let chunk (kind: string) (content: byte[]) : byte[] =
    let named = Array.append (Encoding.ASCII.GetBytes kind) content
    Array.concat [ bigEndian content.Length; named; bigEndian (crc named) ]

let signature = [| 0x89uy; 0x50uy; 0x4Euy; 0x47uy; 0x0Duy; 0x0Auy; 0x1Auy; 0x0Auy |]

let header width height depth colour interlace =
    chunk
        "IHDR"
        (Array.concat [
            bigEndian width
            bigEndian height
            [| byte depth; byte colour; 0uy; 0uy; interlace |]
        ])

let private whole = [ 0, 0, 1, 1 ]

let private adam7 = [
    0, 0, 8, 8
    4, 0, 8, 8
    0, 4, 4, 8
    2, 0, 4, 4
    0, 2, 2, 4
    1, 0, 2, 2
    0, 1, 1, 2
]

/// One row's samples, packed.
let private pack depth (samples: int[]) : byte[] =
    match depth with
    | 16 -> samples |> Array.collect (fun s -> [| byte (s >>> 8); byte s |])
    | 8 -> Array.map byte samples
    | _ ->
        samples
        |> Array.chunkBySize (8 / depth)
        |> Array.map (fun part ->
            part
            |> Array.mapi (fun i s -> s <<< (8 - depth - i * depth))
            |> Array.sum
            |> byte
        )

/// A filtered row by the definition of the standard.
let private filtered filter unit (row: byte[]) (above: byte[]) : byte[] =
    row
    |> Array.mapi (fun i b ->
        let left = if i >= unit then int row[i - unit] else 0
        let up = int above[i]
        let corner = if i >= unit then int above[i - unit] else 0

        let prediction =
            match filter with
            | 0 -> 0
            | 1 -> left
            | 2 -> up
            | 3 -> (left + up) / 2
            | _ ->
                let p = left + up - corner
                [ left; up; corner ] |> List.minBy (fun v -> abs (p - v))

        byte (int b - prediction)
    )

let zlib (data: byte[]) : byte[] =
    use packed = new MemoryStream()

    using
        (new ZLibStream(packed, CompressionLevel.Fastest))
        (fun s -> s.Write(data, 0, data.Length))

    packed.ToArray()

/// The pixels before compression.
let private data (png: Png) : byte[] =
    let random = Random png.Seed
    let perPixel = channels png.Colour

    Array.concat [
        for left, top, across, down in (if png.IsInterlaced then adam7 else whole) do
            if left < png.Width && top < png.Height then
                let mutable above: byte[] = [||]

                for y in top..down .. png.Height - 1 do
                    let row =
                        pack png.Depth [|
                            for x in left..across .. png.Width - 1 do
                                for c in 0 .. perPixel - 1 do
                                    png.Samples x y c
                        |]

                    let before =
                        if above.Length = 0 then
                            Array.zeroCreate row.Length
                        else
                            above

                    let filter = random.Next 5
                    [| byte filter |]
                    filtered filter (max 1 (perPixel * png.Depth / 8)) row before
                    above <- row
    ]

/// The file, its pixels in chunks of at most 1,000 bytes.
let write (png: Png) : byte[] =
    let interlace = if png.IsInterlaced then 1uy else 0uy

    Array.concat [
        signature
        header png.Width png.Height png.Depth png.Colour interlace
        for kind, content in png.Before do
            chunk kind content
        for part in Array.chunkBySize 1000 (zlib (data png)) do
            chunk "IDAT" part
        for kind, content in png.After do
            chunk kind content
        chunk "IEND" [||]
    ]

/// EXIF data with an orientation and an entry before it.
let exif isBig (orientation: int) : byte[] =
    let short n =
        let bytes = [| byte (n >>> 8); byte n |]
        if isBig then bytes else Array.rev bytes

    let long n =
        if isBig then bigEndian n else Array.rev (bigEndian n)

    Array.concat [
        (if isBig then "MM"B else "II"B)
        short 42
        long 8
        short 2
        short 0x010F
        short 2
        long 4
        "abc\000"B
        short 0x0112
        short 3
        long 1
        short orientation
        short 0
        long 0
    ]

/// A picture of random pixels and kind without transparency, and what belongs to it.
let random (random: Random) width height : Png =
    let colour, depth =
        match random.Next 12 with
        | 0 -> 0, 1
        | 1 -> 0, 2
        | 2 -> 0, 4
        | 3 -> 0, 8
        | 4 -> 0, 16
        | 5 -> 2, 16
        | 6 -> 3, 1
        | 7 -> 3, 2
        | 8 -> 3, 4
        | 9 -> 3, 8
        | _ -> 2, 8

    let perPixel = channels colour
    let most = 1 <<< depth
    let samples = Array.init (width * height * perPixel) (fun _ -> random.Next most)
    let palette = Array.zeroCreate<byte>(3 * min 256 most)
    random.NextBytes palette

    {
        plain width height colour depth (fun x y c -> samples[(y * width + x) * perPixel + c]) with
            Before = if colour = 3 then [ "PLTE", palette ] else []
            IsInterlaced = random.Next 3 = 0
            Seed = random.Next()
    }
