namespace Sss.Files

open System
open System.Globalization
open System.IO
open System.Runtime.InteropServices
open FsToolkit.ErrorHandling
open Sss.Schema

/// Constants as they are in a file.
[<RequireQualifiedAccess>]
module internal ReadTensor =

    type private Kind = TensorProto.Types.DataType

    let private cast<'T when 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
        (bytes: ReadOnlySpan<byte>)
        : 'T[] =
        MemoryMarshal.Cast<byte, 'T>(bytes).ToArray()

    let private bfloat (bits: uint16) : float32 =
        BitConverter.Int32BitsToSingle(int bits <<< 16)

    let private half (bits: uint16) : float32 =
        float32 (BitConverter.UInt16BitsToHalf bits)

    /// Bytes of one value; None: a type that is not read.
    let private size (kind: Kind) : int option =
        match kind with
        | Kind.Uint8
        | Kind.Int8
        | Kind.Bool -> Some 1
        | Kind.Uint16
        | Kind.Int16
        | Kind.Float16
        | Kind.Bfloat16 -> Some 2
        | Kind.Float
        | Kind.Int32
        | Kind.Uint32 -> Some 4
        | Kind.Double
        | Kind.Int64
        | Kind.Uint64 -> Some 8
        | _ -> None

    /// Little-endian bytes.
    let private ofBytes (kind: Kind) (bytes: ReadOnlySpan<byte>) : Numbers =
        match kind with
        | Kind.Float -> Numbers.Reals(cast<float32> bytes)
        | Kind.Double -> Numbers.Reals(cast<float> bytes |> Array.map float32)
        | Kind.Float16 -> Numbers.Reals(cast<uint16> bytes |> Array.map half)
        | Kind.Bfloat16 -> Numbers.Reals(cast<uint16> bytes |> Array.map bfloat)
        | Kind.Int64 -> Numbers.Wholes(cast<int64> bytes)
        | Kind.Uint64 -> Numbers.Wholes(cast<uint64> bytes |> Array.map int64)
        | Kind.Int32 -> Numbers.Wholes(cast<int32> bytes |> Array.map int64)
        | Kind.Uint32 -> Numbers.Wholes(cast<uint32> bytes |> Array.map int64)
        | Kind.Int16 -> Numbers.Wholes(cast<int16> bytes |> Array.map int64)
        | Kind.Uint16 -> Numbers.Wholes(cast<uint16> bytes |> Array.map int64)
        | Kind.Int8 -> Numbers.Wholes(cast<sbyte> bytes |> Array.map int64)
        | _ -> Numbers.Wholes(bytes.ToArray() |> Array.map int64)

    /// Values in the list of their type; small types share a list.
    let private ofLists (kind: Kind) (tensor: TensorProto) : Numbers =
        match kind with
        | Kind.Float -> Numbers.Reals(Array.ofSeq tensor.FloatData)
        | Kind.Double -> Numbers.Reals(tensor.DoubleData |> Seq.map float32 |> Array.ofSeq)
        | Kind.Float16 -> Numbers.Reals(tensor.Int32Data |> Seq.map (uint16 >> half) |> Array.ofSeq)
        | Kind.Bfloat16 ->
            Numbers.Reals(tensor.Int32Data |> Seq.map (uint16 >> bfloat) |> Array.ofSeq)
        | Kind.Int64 -> Numbers.Wholes(Array.ofSeq tensor.Int64Data)
        | Kind.Uint32
        | Kind.Uint64 -> Numbers.Wholes(tensor.Uint64Data |> Seq.map int64 |> Array.ofSeq)
        | _ -> Numbers.Wholes(tensor.Int32Data |> Seq.map int64 |> Array.ofSeq)

    let private entry (tensor: TensorProto) key =
        tensor.ExternalData
        |> Seq.tryFind (fun pair -> pair.Key = key)
        |> Option.map (fun pair -> pair.Value)

    let private number (tensor: TensorProto) key (fallback: int64) : Result<int64, string> =
        match entry tensor key with
        | None -> Ok fallback
        | Some text ->
            match Int64.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, value -> Ok value
            | _ -> Error $"the {key} of its external data is not a number"

    /// The bytes of a file next to the model. A name that leads elsewhere is refused.
    let private external (folder: string) (tensor: TensorProto) (bytes: int64) =
        result {
            let! location =
                entry tensor "location"
                |> Result.requireSome "its external data has no location"

            let isInside =
                location <> ""
                && not (Path.IsPathRooted location)
                && location.Split('/', '\\') |> Array.forall (fun part -> part <> "..")

            do!
                Result.requireTrue
                    $"its external data is outside the model's folder: {location}"
                    isInside

            let! offset = number tensor "offset" 0L
            let! length = number tensor "length" bytes

            do!
                Result.requireTrue
                    $"its external data has {length} bytes, its extents need {bytes}"
                    (length = bytes)

            return!
                RegularFile.read
                    (Path.Combine(folder, location))
                    (fun handle total ->
                        if offset > total || bytes > total - offset then
                            Ok(Error $"its external data ends after {total} bytes")
                        else
                            let data = Array.zeroCreate<byte>(int bytes)
                            let read = RandomAccess.Read(handle, Span data, offset)

                            if int64 read = bytes then
                                Ok(Ok data)
                            else
                                Ok(Error "its external data cannot be read whole")
                    )
                |> Result.mapError FileError.message
                |> Result.bind id
        }

    /// A constant, or what is wrong with it. `folder`: where files of external data are.
    let read (folder: string) (tensor: TensorProto) : Result<Constant, string> =
        result {
            let kind: Kind = enum tensor.DataType

            let! size =
                size kind |> Result.requireSome $"its values are of type {tensor.DataType}"

            let! count =
                Constant.tryCount tensor.Dims
                |> Result.requireSome "its extents are negative or too large"

            let bytes = int64 count * int64 size

            do!
                Result.requireTrue
                    "it is larger than 2 GiB"
                    (bytes <= int64 Array.MaxLength
                     && Seq.forall (fun d -> d <= 2147483647L) tensor.Dims)

            let dims = tensor.Dims |> Seq.map int |> List.ofSeq

            let! numbers =
                if tensor.DataLocation = TensorProto.Types.DataLocation.External then
                    external folder tensor bytes
                    |> Result.map (fun data -> ofBytes kind (ReadOnlySpan data))
                elif tensor.RawData.Length > 0 then
                    if int64 tensor.RawData.Length = bytes then
                        Ok(ofBytes kind tensor.RawData.Span)
                    else
                        Error $"it has {tensor.RawData.Length} bytes, its extents need {bytes}"
                else
                    Ok(ofLists kind tensor)

            let constant = { Dims = dims; Numbers = numbers }
            let found = Constant.length constant

            do!
                Result.requireTrue
                    $"it has {found} values, its extents need {count}"
                    (found = count)

            return constant
        }
