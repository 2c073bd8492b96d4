namespace Sss.Files

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression
open System.Text

/// Writing of small pictures as PNG (W3C, "Portable Network Graphics", third edition): 8 bits, grey or colour,
/// rows without filters.
[<RequireQualifiedAccess>]
module internal PngFile =

    let private signature = [| 137uy; 80uy; 78uy; 71uy; 13uy; 10uy; 26uy; 10uy |]

    let private bigEndian (value: uint32) =
        let bytes = Array.zeroCreate 4
        BinaryPrimitives.WriteUInt32BigEndian(Span bytes, value)
        bytes

    let private chunk (kind: string) (data: byte[]) =
        let body = Array.append (Encoding.ASCII.GetBytes kind) data

        Array.concat [
            bigEndian (uint32 data.Length)
            body
            bigEndian (Crc32.ofBytes (ReadOnlySpan body))
        ]

    /// The file of a picture. `pixels`: row by row, one byte (grey) or three (red, green, blue) for each pixel.
    let ofPixels (width: int) (height: int) (channels: int) (pixels: byte[]) : byte[] =
        let rows =
            Array.init
                height
                (fun y ->
                    Array.append
                        [| 0uy |]
                        pixels[y * width * channels .. (y + 1) * width * channels - 1]
                )
            |> Array.concat

        use packed = new MemoryStream()

        using
            (new ZLibStream(packed, CompressionLevel.Optimal, true))
            (fun zlib -> zlib.Write(rows, 0, rows.Length))

        let colourType = if channels = 1 then 0uy else 2uy

        let header =
            Array.concat [
                bigEndian (uint32 width)
                bigEndian (uint32 height)
                [| 8uy; colourType; 0uy; 0uy; 0uy |]
            ]

        Array.concat [
            signature
            chunk "IHDR" header
            chunk "IDAT" (packed.ToArray())
            chunk "IEND" [||]
        ]
