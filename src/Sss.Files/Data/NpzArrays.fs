namespace Sss.Files

open System
open System.Runtime.InteropServices
open FsToolkit.ErrorHandling
open Sss.Core

/// The arrays of an `npz` archive, each from its own reader.
[<RequireQualifiedAccess>]
module internal NpzArrays =

    let private product (shape: int64 list) =
        List.fold (fun n d -> n * float d) 1.0 shape

    /// Values of a type of `size` bytes, after a check that all are there and nothing else.
    let values<'V when 'V: struct and 'V: (new: unit -> 'V) and 'V :> ValueType>
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

    let shapeText (header: Npy.Header) = String.Join("x", header.Shape)

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

    /// The values of an array of floats; None: it is of another type. `what`: one of them, in messages.
    let floats (reader: Reader) (header: Npy.Header) (what: string) =
        let start = reader.Position

        let finite size (data: float32[]) =
            match data |> Array.tryFindIndex (fun v -> not (Single.IsFinite v)) with
            | Some i ->
                let image = i / max 1 (data.Length / max 1 (int header.Shape.Head))

                reader.FaultAt
                    (start + int64 size * int64 i)
                    (Unsupported($"{what} of image {image}", string data[i], "finite numbers"))
            | None -> Ok data

        let converted size (convert: 'V -> float32) =
            values<'V> reader header
            |> Result.bind (Array.map convert >> finite size)
            |> Some

        match header.Type with
        | "<f2" -> converted 2 (fun (v: Half) -> Half.op_Explicit v: float32)
        | "<f4" -> converted 4 (fun (v: float32) -> v)
        | "<f8" -> converted 8 (fun (v: float) -> float32 v)
        | _ -> None

    /// All values as bytes or numbers, with NumPy's name of their type.
    let private pixels (reader: Reader) (header: Npy.Header) : Result<string * Pixels, FileError> =
        let named name = Result.map (fun data -> name, data)

        match header.Type with
        | "|b1" -> values<byte> reader header |> Result.map Bytes |> named "bool"
        | "|u1"
        | "<u1" -> values<byte> reader header |> Result.map Bytes |> named "uint8"
        | "<u2" ->
            values<uint16> reader header
            |> Result.map (Array.map float32 >> Floats)
            |> named "uint16"
        | other ->
            match floats reader header "a pixel" with
            | Some found ->
                found
                |> Result.map (fun data -> $"float{8 * int (other.Substring 2)}", Floats data)
            | None -> reader.FaultAt 10L (Unsupported("the type of the images", other, types))

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
