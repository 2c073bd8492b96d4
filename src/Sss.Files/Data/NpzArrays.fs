namespace Sss.Files

open System
open System.Runtime.InteropServices
open FsToolkit.ErrorHandling
open Sss.Core

/// The arrays of an `npz` archive, each from its own reader.
[<RequireQualifiedAccess>]
module internal NpzArrays =

    /// Larger labels are not labels.
    let private largestLabel = 65535L

    let private product (shape: int64 list) =
        List.fold (fun n d -> n * float d) 1.0 shape

    /// Values of a type of `size` bytes, after a check that all are there and nothing else.
    let private values<'V when 'V: struct and 'V: (new: unit -> 'V) and 'V :> ValueType>
        (reader: Reader)
        (header: Npy.Header)
        : Result<'V[], FileError> =
        let count = product header.Shape
        let size = sizeof<'V>

        if count > float Array.MaxLength then
            reader.Fault(
                OutOfRange("the number of values", $"{count}", "0", string Array.MaxLength)
            )
        else
            result {
                do! reader.Need "the values" (int64 count * int64 size)
                let data = Array.zeroCreate<'V>(int count)
                do! reader.Fill("the values", MemoryMarshal.AsBytes(data.AsSpan()))
                do! reader.End()
                return data
            }

    let private shapeText (header: Npy.Header) = String.Join("x", header.Shape)

    /// The images of one array.
    type Images = {
        Shape: Shape
        Pixels: Pixels
        Count: int
        /// NumPy's name of the type.
        Type: string
        Layout: string
    }

    let private types =
        "|b1 (bool), |u1 (uint8), <u2 (uint16), <f2 (float16), <f4 (float32), <f8 (float64)"

    /// All values as bytes or numbers, with NumPy's name of their type.
    let private pixels (reader: Reader) (header: Npy.Header) : Result<string * Pixels, FileError> =
        let start = reader.Position

        let floats name size (data: float32[]) =
            match data |> Array.tryFindIndex (fun v -> not (Single.IsFinite v)) with
            | Some i ->
                let image = i / max 1 (data.Length / max 1 (int header.Shape.Head))

                reader.FaultAt
                    (start + int64 size * int64 i)
                    (Unsupported($"a pixel of image {image}", string data[i], "finite numbers"))
            | None -> Ok(name, Floats data)

        let converted name size (convert: 'V -> float32) =
            values<'V> reader header
            |> Result.bind (fun data -> floats name size (Array.map convert data))

        match header.Type with
        | "|b1" -> values<byte> reader header |> Result.map (fun data -> "bool", Bytes data)
        | "|u1"
        | "<u1" -> values<byte> reader header |> Result.map (fun data -> "uint8", Bytes data)
        | "<u2" -> converted "uint16" 2 (fun (v: uint16) -> float32 v)
        | "<f2" -> converted "float16" 2 (fun (v: Half) -> Half.op_Explicit v)
        | "<f4" -> values<float32> reader header |> Result.bind (floats "float32" 4)
        | "<f8" -> converted "float64" 8 (fun (v: float) -> float32 v)
        | other -> reader.FaultAt 10L (Unsupported("the type of the images", other, types))

    let images stated (reader: Reader) : Result<Images, FileError> =
        result {
            let! header = Npy.read reader

            let! arrangement =
                match ArrayLayout.choose stated (List.map int header.Shape) with
                | Ok arrangement -> Ok arrangement
                | Error LayoutFault.NoImages ->
                    reader.FaultAt
                        10L
                        (Unsupported(
                            "the shape of the images",
                            shapeText header,
                            "NxHxW, NxCxHxW, NxHxWxC, NxF"
                        ))
                | Error LayoutFault.Ambiguous ->
                    reader.FaultAt
                        10L
                        (Unsupported(
                            "the shape of the images",
                            $"{shapeText header}, where the second or the last dimension may be the channels",
                            "an unambiguous shape, or an array `layout` with the text NCHW or NHWC"
                        ))

            let! name, pixels = pixels reader header

            return {
                Shape = arrangement.Shape
                Pixels =
                    match pixels with
                    | Bytes data -> Bytes(ArrayLayout.channelsFirst arrangement data)
                    | Floats data -> Floats(ArrayLayout.channelsFirst arrangement data)
                    | Pictures _ -> pixels
                Count = int header.Shape.Head
                Type = name
                Layout = arrangement.Text
            }
        }

    /// Black and white, as an array of two numbers states them.
    let statedRange (reader: Reader) : Result<PixelRange, FileError> =
        result {
            let! header = Npy.read reader

            let! found =
                match header.Type with
                | "<i8" -> values<int64> reader header |> Result.map (Array.map float32)
                | "<i4" -> values<int32> reader header |> Result.map (Array.map float32)
                | _ ->
                    pixels reader header
                    |> Result.map (fun (_, pixels) ->
                        match pixels with
                        | Bytes data -> Array.map float32 data
                        | Floats data -> data
                        | Pictures _ -> [||]
                    )

            match found with
            | [| black; white |] when black <> white -> return PixelRange.Known(black, white)
            | _ ->
                let text = String.Join(", ", Array.truncate 4 found)

                return!
                    reader.FaultAt
                        10L
                        (Unsupported(
                            "`range`",
                            $"[{text}]",
                            "two different numbers, those of black and white"
                        ))
        }

    /// `NCHW` or `NHWC`, as NumPy stores a text: 32 bits per character.
    let statedLayout (reader: Reader) : Result<string, FileError> =
        result {
            let! header = Npy.read reader

            let! text =
                if header.Type = "<U4" && product header.Shape = 1.0 then
                    reader.Bytes "the text" 16L |> Result.map Text.Encoding.UTF32.GetString
                else
                    Ok $"an array of {header.Type}"

            if text = "NCHW" || text = "NHWC" then
                return text
            else
                return! reader.FaultAt 10L (Unsupported("`layout`", text, "NCHW, NHWC"))
        }

    let labels (reader: Reader) : Result<int[], FileError> =
        result {
            let! header = Npy.read reader
            let start = reader.Position

            match header.Shape with
            | [ _ ]
            | [ _; 1L ] -> ()
            | _ ->
                return!
                    reader.FaultAt
                        10L
                        (Unsupported("the shape of the labels", shapeText header, "N, Nx1"))

            let inRange size (data: int64[]) =
                match data |> Array.tryFindIndex (fun v -> v < 0L || v > largestLabel) with
                | Some i ->
                    reader.FaultAt
                        (start + int64 size * int64 i)
                        (OutOfRange("a label", string data[i], "0", string largestLabel))
                | None -> Ok(Array.map int data)

            match header.Type with
            | "|u1"
            | "<u1" ->
                let! data = values<byte> reader header
                return Array.map int data
            | "<i4" ->
                let! data = values<int32> reader header
                return! inRange 4 (Array.map int64 data)
            | "<i8" ->
                let! data = values<int64> reader header
                return! inRange 8 data
            | other ->
                return!
                    reader.FaultAt
                        10L
                        (Unsupported("the type of the labels", other, "uint8, int32, int64"))
        }
