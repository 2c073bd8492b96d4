// Writes the 1,797 embedded digits as PNG files, one folder per class: pictures to try things with.
// Licence of the digits: CC BY 4.0, see data/README.md.
//
//   dotnet fsi examples/own-images/make-pictures.fsx pictures

open System
open System.IO
open System.IO.Compression

/// Pixels of the picture for each of the digit's 8×8.
let enlarged = 2

let side = 8 * enlarged

let target =
    match fsi.CommandLineArgs with
    | [| _; folder |] -> folder
    | _ ->
        eprintfn "usage: dotnet fsi make-pictures.fsx FOLDER"
        exit 2

/// 64 pixels from 0 to 16 in rows, then the label.
let digits =
    let path = Path.Combine(__SOURCE_DIRECTORY__, "..", "..", "data", "digits.csv.gz")
    use packed = new GZipStream(File.OpenRead path, CompressionMode.Decompress)
    use reader = new StreamReader(packed)

    reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
    |> Array.map (fun line -> line.Split ',' |> Array.map (float >> int))

/// Grey from 0 (paper) to 255 (ink), in rows, between the centres of the digit's pixels.
let picture (digit: int[]) =
    let at y x =
        float digit[8 * (Math.Clamp(y, 0, 7)) + Math.Clamp(x, 0, 7)]

    Array.init
        (side * side)
        (fun i ->
            let place n = (float n + 0.5) / float enlarged - 0.5

            let y, x = place (i / side), place (i % side)
            let top, left = int (floor y), int (floor x)
            let down, right = y - floor y, x - floor x

            let row y =
                (1.0 - right) * at y left + right * at y (left + 1)

            let ink = (1.0 - down) * row top + down * row (top + 1)
            byte (Math.Round(ink * 255.0 / 16.0))
        )

/// The checksum of a PNG's chunk.
let crc (bytes: byte[]) =
    let shift c _ =
        if c &&& 1u = 1u then (c >>> 1) ^^^ 0xEDB88320u else c >>> 1

    ~~~(Array.fold (fun c b -> Seq.fold shift (c ^^^ uint32 b) [ 1..8 ]) 0xFFFFFFFFu bytes)

let bigEndian (n: int) =
    BitConverter.GetBytes n |> if BitConverter.IsLittleEndian then Array.rev else id

let chunk (name: string) data =
    let body = Array.append (Text.Encoding.ASCII.GetBytes name) data
    Array.concat [ bigEndian data.Length; body; bigEndian (int (crc body)) ]

/// A PNG of 8-bit grey.
let png (pixels: byte[]) =
    use packed = new MemoryStream()

    using
        (new ZLibStream(packed, CompressionLevel.Optimal))
        (fun stream ->
            for row in Array.chunkBySize side pixels do
                // Each row begins with the number of its filter; 0 is none.
                stream.WriteByte 0uy
                stream.Write(row, 0, side)
        )

    Array.concat [
        [| 0x89uy; 0x50uy; 0x4Euy; 0x47uy; 0x0Duy; 0x0Auy; 0x1Auy; 0x0Auy |]
        chunk
            "IHDR"
            (Array.concat [ bigEndian side; bigEndian side; [| 8uy; 0uy; 0uy; 0uy; 0uy |] ])
        chunk "IDAT" (packed.ToArray())
        chunk "IEND" [||]
    ]

let names = [|
    "zero"
    "one"
    "two"
    "three"
    "four"
    "five"
    "six"
    "seven"
    "eight"
    "nine"
|]

for label, ofLabel in digits |> Array.groupBy Array.last |> Array.sortBy fst do
    let folder = Path.Combine(target, names[label])
    Directory.CreateDirectory folder |> ignore

    ofLabel
    |> Array.iteri (fun i digit ->
        File.WriteAllBytes(Path.Combine(folder, $"{i:D3}.png"), png (picture digit))
    )

    printfn $"{folder}: {ofLabel.Length} pictures of {side}x{side}"
