namespace Sss.Files

open System.IO
open System.IO.Compression
open System.Reflection
open Sss.Core

/// The embedded data set: 1,797 handwritten digits of 8 × 8 pixels from 0 to 16, from the UCI
/// repository's "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak
/// (CC BY 4.0; `data/README.md` has the details).
[<RequireQualifiedAccess>]
module Digits =

    [<Literal>]
    let private resource = "digits.csv.gz"

    /// Every fifth image, the one whose index is 4 modulo 5, is for testing.
    let private isTest index = index % 5 = 4

    let private lines () : string list =
        use packed =
            Assembly.GetExecutingAssembly().GetManifestResourceStream resource |> nonNull

        use unpacked = new GZipStream(packed, CompressionMode.Decompress)
        use reader = new StreamReader(unpacked)

        reader.ReadToEnd().Split('\n')
        |> Array.filter (fun line -> line.Trim() <> "")
        |> List.ofArray

    /// 64 pixels in rows, then the label.
    let private parse (line: string) =
        let values = line.Split ',' |> Array.map byte
        Array.sub values 0 64, int values[64]

    let private split rows : Split = {
        Shape = Shape.create 1 8 8
        Pixels = Bytes(rows |> Array.collect fst)
        Targets = Targets.Labels(Array.map snd rows)
    }

    /// 1,438 images for training and 359 for testing. It is a part of the program, so it cannot be
    /// absent or broken.
    let load () : Dataset =
        let rows = lines () |> List.map parse |> List.indexed |> Array.ofList
        let test, train = rows |> Array.partition (fun (index, _) -> isTest index)

        Split.together
            "digits"
            [ for d in 0..9 -> string d ]
            (PixelRange.Known(0.0f, 16.0f))
            (split (Array.map snd train))
            (split (Array.map snd test))
