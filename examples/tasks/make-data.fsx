// Writes the data of the examples in this folder: three NumPy archives, and that of the regression as two tables too, made of the 1,797 embedded digits and of
// random numbers. Licence of the digits: CC BY 4.0, see data/README.md.
//
//   dotnet fsi examples/tasks/make-data.fsx FOLDER

open System
open System.IO
open System.IO.Compression
open System.Text

let target =
    match fsi.CommandLineArgs with
    | [| _; folder |] -> folder
    | _ ->
        eprintfn "usage: dotnet fsi make-data.fsx FOLDER"
        exit 2

/// An array of an archive: NumPy's name of its type, its shape, its bytes.
type Array' = {
    Type: string
    Shape: int list
    Bytes: byte[]
}

let bytes shape (values: byte[]) = {
    Type = "|u1"
    Shape = shape
    Bytes = values
}

let floats shape (values: float32[]) = {
    Type = "<f4"
    Shape = shape
    Bytes = values |> Array.collect BitConverter.GetBytes
}

/// The version 1.0 of NumPy's format: the header is padded so that the values begin at a multiple of 64.
let npy (array: Array') =
    let shape =
        String.Join(", ", array.Shape) + (if array.Shape.Length = 1 then "," else "")

    let text =
        $"{{'descr': '{array.Type}', 'fortran_order': False, 'shape': ({shape}), }}"

    let length = (10 + text.Length + 1 + 63) / 64 * 64 - 10
    let header = Encoding.ASCII.GetBytes(text.PadRight(length - 1) + "\n")
    let size = BitConverter.GetBytes(uint16 length)

    Array.concat [
        [| 0x93uy |]
        Encoding.ASCII.GetBytes "NUMPY"
        [| 1uy; 0uy |]
        (if BitConverter.IsLittleEndian then size else Array.rev size)
        header
        array.Bytes
    ]

let write (name: string) (arrays: (string * Array') list) =
    Directory.CreateDirectory target |> ignore
    let path = Path.Combine(target, name + ".npz")
    use archive = new ZipArchive(File.Create path, ZipArchiveMode.Create)

    for part, array in arrays do
        use entry = archive.CreateEntry(part + ".npy").Open()
        entry.Write(ReadOnlySpan(npy array))

    printfn "%s" path

/// 64 pixels from 0 to 255 in rows, and the label. Every fifth digit is for testing only.
let digits =
    let path = Path.Combine(__SOURCE_DIRECTORY__, "..", "..", "data", "digits.csv.gz")
    use packed = new GZipStream(File.OpenRead path, CompressionMode.Decompress)
    use reader = new StreamReader(packed)

    reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
    |> Array.map (fun line ->
        let values = line.Split ',' |> Array.map int
        values[..63] |> Array.map (fun v -> byte (v * 255 / 16)), values[64]
    )

let testing, training =
    digits
    |> Array.indexed
    |> Array.partition (fun (i, _) -> i % 5 = 4)
    |> fun (test, train) -> Array.map snd test, Array.map snd train

let random = Random 1

let anyOf (items: 'T[]) = items[random.Next items.Length]

/// Pastes a digit into a canvas of a width.
let paste (canvas: byte[]) width top left (pixels: byte[]) =
    for i in 0..63 do
        let at = (top + i / 8) * width + left + i % 8
        canvas[at] <- max canvas[at] pixels[i]

// ---- Segmentation: two or three digits on a canvas, and for each pixel the background (0) or its digit plus 1.

let side = 24

/// A canvas and its mask. Digits stand in different cells of 3 × 3, each moved by up to a few pixels.
let canvas from =
    let image, mask =
        Array.zeroCreate<byte>(side * side), Array.zeroCreate<byte>(side * side)

    let cells =
        [| 0..3 |]
        |> Array.sortBy (fun _ -> random.Next())
        |> Array.truncate (2 + random.Next 2)

    for cell in cells do
        let pixels, label = anyOf from
        let top = cell / 2 * 12 + random.Next 5
        let left = cell % 2 * 12 + random.Next 5
        paste image side top left pixels

        for i in 0..63 do
            if pixels[i] > 63uy then
                mask[(top + i / 8) * side + left + i % 8] <- byte (label + 1)

    image, mask

let segmentation count from =
    let made = Array.init count (fun _ -> canvas from)

    let all part =
        bytes [ count; side; side ] (Array.collect part made)

    all fst, all snd

let x, y = segmentation 1500 training
let xTest, yTest = segmentation 400 testing
write "segmentation" [ "x_train", x; "y_train", y; "x_test", xTest; "y_test", yTest ]

// ---- Several classes: two digits in one picture, and for each class whether it is there.

let pair from =
    let image = Array.zeroCreate<byte>(12 * 20)
    let first, second = anyOf from, anyOf from
    paste image 20 (random.Next 5) (random.Next 3) (fst first)
    paste image 20 (random.Next 5) (10 + random.Next 3) (fst second)
    image, Array.init 10 (fun c -> if c = snd first || c = snd second then 1uy else 0uy)

let pairs count from =
    let made = Array.init count (fun _ -> pair from)

    bytes [ count; 12; 20 ] (Array.collect fst made), bytes [ count; 10 ] (Array.collect snd made)

let p, q = pairs 3000 training
let pTest, qTest = pairs 800 testing
write "multi-label" [ "x_train", p; "y_train", q; "x_test", pTest; "y_test", qTest ]

// ---- Regression: J. H. Friedman, "Multivariate adaptive regression splines", The Annals of Statistics 19, 1991, section 4.3.
//      y = 10 sin(π x1 x2) + 20 (x3 − ½)² + 10 x4 + 5 x5 + noise, of ten features from 0 to 1, five of which say nothing.
//      The noise has deviation 1: no model has a smaller error.

let normal () =
    sqrt (-2.0 * log (1.0 - random.NextDouble()))
    * cos (2.0 * Math.PI * random.NextDouble())

let row () =
    let x = Array.init 10 (fun _ -> random.NextDouble())

    let y =
        10.0 * sin (Math.PI * x[0] * x[1])
        + 20.0 * (x[2] - 0.5) * (x[2] - 0.5)
        + 10.0 * x[3]
        + 5.0 * x[4]
        + normal ()

    Array.map float32 x, float32 y

/// A table for `csv:FOLDER/regression`.
let csv (part: string) (rows: (float32[] * float32)[]) =
    let folder = Path.Combine(target, "regression")
    Directory.CreateDirectory folder |> ignore

    File.WriteAllLines(
        Path.Combine(folder, part + ".csv"),
        [|
            String.Join(",", [ for i in 1..10 -> $"x{i}" ] @ [ "y" ])
            for x, y in rows do
                String.Join(
                    ",",
                    Array.append x [| y |]
                    |> Array.map _.ToString("R", Globalization.CultureInfo.InvariantCulture)
                )
        |]
    )

let table part count =
    let rows = Array.init count (fun _ -> row ())
    csv part rows
    floats [ count; 10 ] (Array.collect fst rows), floats [ count ] (Array.map snd rows)

let r, s = table "train" 4000
let rTest, sTest = table "test" 2000
write "regression" [ "x_train", r; "y_train", s; "x_test", rTest; "y_test", sTest ]
