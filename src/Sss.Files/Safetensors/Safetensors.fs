namespace Sss.Files

open System
open System.Buffers.Binary
open System.IO
open System.Runtime.InteropServices
open System.Text.Json
open FsToolkit.ErrorHandling
open Sss.Core

/// Files of named tensors in the safetensors format: the header's length as a little-endian 64-bit
/// number, a JSON header, then the values without a gap. Little-endian machines only, like .NET's
/// supported platforms.
[<RequireQualifiedAccess>]
module Safetensors =

    /// The format's own limit on the header, in bytes.
    [<Literal>]
    let private MaximalHeader = 100_000_000L

    /// Every entry against its own numbers, and all entries against each other and the file:
    /// in the order of their starts they must follow each other exactly from 0 to the end.
    let private check (reader: Reader) (entries: Entry list) : Result<Entry list, FileError> =
        let size entry =
            List.fold (fun n d -> n * float d) (float (StoredType.size entry.Type)) entry.Shape

        let alone entry =
            let bytes = size entry

            if entry.Start > entry.Finish then
                Some(
                    Mismatch(
                        $"the end of `{entry.Name}`",
                        $"{entry.Start} (its start) or more",
                        string entry.Finish
                    )
                )
            elif entry.Finish > reader.Left then
                Some(
                    OutOfRange(
                        $"the end of `{entry.Name}`",
                        string entry.Finish,
                        "0",
                        $"{reader.Left} (the end of the file)"
                    )
                )
            elif bytes <> float (entry.Finish - entry.Start) then
                Some(
                    Mismatch(
                        $"bytes of `{entry.Name}`",
                        $"{bytes} (for its shape)",
                        string (entry.Finish - entry.Start)
                    )
                )
            elif bytes > float Array.MaxLength * 2.0 then
                Some(OutOfRange($"the size of `{entry.Name}`", $"{bytes}", "0", "2^32"))
            else
                None

        let rec follow (position: int64) (before: string) entries =
            match entries with
            | [] when position = reader.Left -> Ok()
            | [] -> reader.FaultAt (reader.Position + position) (Hole(reader.Left - position))
            | entry :: _ when entry.Start < position ->
                reader.FaultAt entry.At (Overlap(before, entry.Name))
            | entry :: _ when entry.Start > position ->
                reader.FaultAt (reader.Position + position) (Hole(entry.Start - position))
            | entry :: rest -> follow entry.Finish entry.Name rest

        result {
            for entry in entries do
                match alone entry with
                | Some fault -> do! reader.FaultAt entry.At fault
                | None -> ()

            let ordered = entries |> List.sortBy (fun e -> e.Start, e.Finish)
            do! follow 0L "the header" ordered
            return ordered
        }

    /// Reads values straight into the array that keeps them.
    let private values (reader: Reader) (entry: Entry) : Result<StoredTensor, FileError> =
        let count = int ((entry.Finish - entry.Start) / int64 (StoredType.size entry.Type))
        let what = $"the values of `{entry.Name}`"

        let single data =
            StoredTensor.Single { Shape = entry.Shape; Data = data }

        let half (widen: uint16 -> float32) =
            let stored = Array.zeroCreate<uint16> count

            reader.Fill(what, MemoryMarshal.AsBytes(stored.AsSpan()))
            |> Result.map (fun () -> single (Array.map widen stored))

        match entry.Type with
        | F32 ->
            let data = Array.zeroCreate<float32> count

            reader.Fill(what, MemoryMarshal.AsBytes(data.AsSpan()))
            |> Result.map (fun () -> single data)
        | F64 ->
            let data = Array.zeroCreate<float> count

            reader.Fill(what, MemoryMarshal.AsBytes(data.AsSpan()))
            |> Result.map (fun () -> StoredTensor.Double { Shape = entry.Shape; Data = data })
        | I64 ->
            let data = Array.zeroCreate<int64> count

            reader.Fill(what, MemoryMarshal.AsBytes(data.AsSpan()))
            |> Result.map (fun () ->
                StoredTensor.Double {
                    Shape = entry.Shape
                    Data = Array.map float data
                }
            )
        | F16 -> half (fun bits -> float32 (BitConverter.UInt16BitsToHalf bits))
        | Bf16 -> half (fun bits -> BitConverter.UInt32BitsToSingle(uint32 bits <<< 16))

    /// Reads a whole file. Every claim of the header is checked against the file before memory is
    /// given: entries may not overlap, leave holes, reach beyond the file, occur twice, or be of
    /// another size than their shape and type say. Takes no more memory than the file plus the result.
    let read (path: string) : Result<SafetensorsFile, FileError> =
        Content.readPlain
            path
            (fun reader ->
                result {
                    let! head = reader.Bytes "the length of the header" 8L
                    let length = BinaryPrimitives.ReadUInt64LittleEndian head

                    if length > uint64 MaximalHeader then
                        return!
                            reader.FaultAt
                                0L
                                (OutOfRange(
                                    "the length of the header",
                                    string length,
                                    "2",
                                    string MaximalHeader
                                ))

                    let! json = reader.Bytes "the header" (int64 length)

                    let! metadata, entries =
                        match HeaderText.parse json with
                        | Ok parsed -> Ok parsed
                        | Error(at, fault) -> reader.FaultAt (8L + at) fault

                    let entries = entries |> List.map (fun e -> { e with At = e.At + 8L })

                    let! ordered = check reader entries

                    let! tensors =
                        ordered
                        |> List.traverseResultM (fun entry ->
                            values reader entry |> Result.map (fun tensor -> entry.Name, tensor)
                        )

                    return {
                        Metadata = metadata
                        Tensors = Map.ofList tensors
                    }
                }
            )

    let private describe tensor =
        match tensor with
        | StoredTensor.Double t -> "F64", 8, t.Shape, t.Data.Length
        | StoredTensor.Single t -> "F32", 4, t.Shape, t.Data.Length

    /// The header's text, filled up with blanks so that the values start at a multiple of 8.
    let private header (metadata: (string * string) list) ordered : byte[] =
        use buffer = new MemoryStream()

        using
            (new Utf8JsonWriter(buffer))
            (fun json ->
                json.WriteStartObject()

                if not metadata.IsEmpty then
                    json.WriteStartObject "__metadata__"

                    for key, value in metadata do
                        json.WriteString(key, value)

                    json.WriteEndObject()

                let mutable start = 0L

                for name: string, tensor in ordered do
                    let word, size, shape, count = describe tensor
                    let finish = start + int64 size * int64 count
                    json.WriteStartObject name
                    json.WriteString("dtype", word)
                    json.WriteStartArray "shape"
                    List.iter (fun (d: int) -> json.WriteNumberValue d) shape
                    json.WriteEndArray()
                    json.WriteStartArray "data_offsets"
                    json.WriteNumberValue start
                    json.WriteNumberValue finish
                    json.WriteEndArray()
                    json.WriteEndObject()
                    start <- finish

                json.WriteEndObject()
            )

        while buffer.Length % 8L <> 0L do
            buffer.WriteByte(byte ' ')

        buffer.ToArray()

    /// Writes tensors of either precision, wider values first so that each is aligned. Metadata keys
    /// are distinct.
    let writeTensors
        (path: string)
        (tensors: Map<string, StoredTensor>)
        (metadata: (string * string) list)
        : Result<unit, FileError> =
        let ordered =
            Map.toList tensors
            |> List.sortBy (fun (name, tensor) ->
                let _, size, _, _ = describe tensor
                -size, name
            )

        AtomicFile.write
            path
            (fun stream ->
                let text = header metadata ordered
                let length = Array.zeroCreate<byte> 8
                BinaryPrimitives.WriteInt64LittleEndian(length.AsSpan(), int64 text.Length)
                stream.Write(ReadOnlySpan length)
                stream.Write(ReadOnlySpan text)

                for _, tensor in ordered do
                    match tensor with
                    | StoredTensor.Single t ->
                        stream.Write(MemoryMarshal.AsBytes(ReadOnlySpan t.Data))
                    | StoredTensor.Double t ->
                        stream.Write(MemoryMarshal.AsBytes(ReadOnlySpan t.Data))
            )

    /// Writes weights at single precision.
    let write path (weights: Weights<float32>) metadata : Result<unit, FileError> =
        let tensors =
            Map.toSeq weights
            |> Seq.map (fun (key, t) -> ArrayKey.text key, StoredTensor.Single t)
            |> Map.ofSeq

        writeTensors path tensors metadata
