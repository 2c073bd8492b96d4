namespace Sss.Tests.EndToEnd

open System
open System.IO
open System.IO.Compression

/// Pictures made in the tests, in the format that they will be read in.
module Pictures =

    let private crc (bytes: byte[]) =
        let mutable c = 0xFFFFFFFFu

        for b in bytes do
            c <- c ^^^ uint32 b

            for _ in 1..8 do
                c <- if c &&& 1u = 1u then (c >>> 1) ^^^ 0xEDB88320u else c >>> 1

        ~~~c

    let private big (n: int) =
        BitConverter.GetBytes(Net.IPAddress.HostToNetworkOrder n)

    let private chunk (name: string) (data: byte[]) =
        let body = Array.append (Text.Encoding.ASCII.GetBytes name) data

        Array.concat [ big data.Length; body; big (int (crc body)) ]

    /// Writes a PNG of 8-bit red, green and blue.
    let png (file: string) width height (pixel: int -> int -> byte * byte * byte) =
        let rows = [|
            for y in 0 .. height - 1 do
                0uy

                for x in 0 .. width - 1 do
                    let r, g, b = pixel x y
                    r
                    g
                    b
        |]

        use packed = new MemoryStream()

        using
            (new ZLibStream(packed, CompressionLevel.Fastest))
            (fun z -> z.Write(rows, 0, rows.Length))

        File.WriteAllBytes(
            file,
            Array.concat [
                [| 0x89uy; 0x50uy; 0x4Euy; 0x47uy; 0x0Duy; 0x0Auy; 0x1Auy; 0x0Auy |]
                chunk "IHDR" (Array.concat [ big width; big height; [| 8uy; 2uy; 0uy; 0uy; 0uy |] ])
                chunk "IDAT" (packed.ToArray())
                chunk "IEND" [||]
            ]
        )

    /// A folder of two classes that anything can tell apart, 30 pictures each: `night` and `snow`.
    let folder (path: string) =
        let random = Random 1

        for name, low in [ "night", 0; "snow & ice", 180 ] do
            Directory.CreateDirectory(Path.Combine(path, name)) |> ignore

            for i in 0..29 do
                let shade () = byte (low + random.Next 70)

                png
                    (Path.Combine(path, name, $"{i}.png"))
                    (20 + i % 5)
                    24
                    (fun _ _ -> shade (), shade (), shade ())
