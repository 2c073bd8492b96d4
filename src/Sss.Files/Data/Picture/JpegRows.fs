namespace Sss.Files

open System
open System.Security.Cryptography
open SkiaSharp

/// Decoding of JPEG row by row.
[<RequireQualifiedAccess>]
module internal JpegRows =

    /// Rows that are requested at once.
    let private together = 16

    /// A scan of some bytes can stand for millions of blocks, and each takes its time.
    let private mostScans = 500

    /// The decoder of a whole file's bytes; None where they make none.
    let withCodec (content: ReadOnlyMemory<byte>) (work: SKCodec -> 'T) : 'T option =
        use pin = content.Pin()
        use data = SKData.Create(IntPtr pin.Pointer, content.Length)

        match SKCodec.Create data with
        | null -> None
        | codec ->
            use codec = codec
            Some(work codec)

    /// Hands over all rows at a size that the decoder offers, four bytes per pixel, and gives their
    /// number. It is smaller than the height where the data ends or is damaged.
    let private rows (codec: SKCodec) (size: SKSizeI) (emit: Stretch -> unit) : int =
        let info =
            SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Premul)

        let stride = 4 * size.Width

        if codec.StartScanlineDecode info <> SKCodecResult.Success then
            0
        else
            use buffer = new NativeBuffer(together * stride)
            let mutable y = 0
            let mutable isEnd = false

            while not isEnd && y < size.Height do
                let wanted = min together (size.Height - y)
                let got = codec.GetScanlines(buffer.Start, wanted, stride)

                for i in 0 .. got - 1 do
                    emit {
                        Y = y + i
                        First = 0
                        Step = 1
                        Count = size.Width
                        Bytes = Memory.op_Implicit (buffer.Memory.Slice(i * stride, stride))
                    }

                y <- y + got
                isEnd <- got < wanted

            y

    let private endMarker = [| 0xFFuy; 0xD9uy |]

    /// What may follow the data. A decoder that lacks data takes zeros where the end marker stands,
    /// other bits where there are some, and where it waits for a restart what follows that. The bits
    /// are many different ones, and differ from the first on, since a single pattern can happen to
    /// decode to what zeros give.
    let private paddings =
        let bits (first: int) (step: int) =
            Array.init 64 (fun i -> byte ((first + i * step) % 251))

        let restarts =
            Array.concat [
                for n in 0xD0uy .. 0xD7uy -> Array.append [| 0xFFuy; n |] (bits 0x9B 89)
            ]

        [ [||]; bits 0x55 167; bits 0xAA 101; bits 0xF0 59; bits 0x33 43; restarts ]
        |> List.map (fun padding -> Array.append padding endMarker)

    /// A check sum of the pixels with a padding after the data; None where they cannot be decoded.
    let private sum (content: ReadOnlyMemory<byte>) (padding: byte[]) : byte[] option =
        use padded = new NativeBuffer(content.Length + padding.Length)
        content.CopyTo padded.Memory
        padding.CopyTo(padded.Memory.Slice content.Length)

        withCodec
            (Memory.op_Implicit padded.Memory)
            (fun codec ->
                use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
                let size = codec.Info.Size

                if rows codec size (fun row -> hash.AppendData row.Bytes.Span) = size.Height then
                    Some(hash.GetHashAndReset())
                else
                    None
            )
        |> Option.flatten

    /// Content with nothing after it that could begin a marker.
    let private withoutHalfMarker (content: ReadOnlyMemory<byte>) =
        content.Slice(0, content.Span.TrimEnd(0xFFuy).Length)

    /// Whether data without an end marker is there to its last bit. A decoder does not say so, but
    /// when nothing is missing it has no use for what is after, so the pixels are the same
    /// whatever that is.
    let private isAllThere (header: JpegHeader) (content: ReadOnlyMemory<byte>) =
        let struct (_, isComplete) = JpegScans.survey header content.Span

        if not isComplete then
            Error "it ends early"
        else
            match List.map (sum content) paddings |> List.distinct with
            | [ Some _ ] -> Ok()
            | [ None ] -> Error "its data is damaged"
            | _ -> Error "it ends early"

    /// Decodes a picture at the size that `choose` takes from those the decoder offers. `start` is
    /// given that size and gives what scales the rows; it is called again where the same rows have to
    /// be decoded once more.
    ///
    /// Decided: a JPEG whose end marker is missing, or has other bytes in its place, is read like any
    /// other, as long as its image data is complete. One whose image data is cut off is an error,
    /// also where only the finer scans of a progressive picture are missing.
    let read
        (header: JpegHeader)
        (content: ReadOnlyMemory<byte>)
        (choose: SKCodec -> SKSizeI)
        (start: SKSizeI -> PartScaler)
        : Result<unit, Fault> =
        let attempt content =
            withCodec
                content
                (fun codec ->
                    let size = choose codec
                    use scaler = start size
                    let isWhole = rows codec size scaler.Take = size.Height

                    if isWhole then
                        scaler.Finish()

                    isWhole
                )

        let fault reason = Error(Syntax("image", reason))

        let struct (scans, _) =
            if header.IsBuffered then
                JpegScans.survey header content.Span
            else
                struct (1, true)

        if scans > mostScans then
            Error(OutOfRange("the number of scans", $"{scans}", "1", $"{mostScans}"))
        else
            match attempt content with
            | None -> fault "its data is damaged"
            | Some true -> Ok()
            | Some false ->
                let content = withoutHalfMarker content

                match isAllThere header content with
                | Error reason -> fault reason
                | Ok() ->
                    use ended = new NativeBuffer(content.Length + endMarker.Length)
                    content.CopyTo ended.Memory
                    endMarker.CopyTo(ended.Memory.Slice content.Length)

                    match attempt (Memory.op_Implicit ended.Memory) with
                    | Some true -> Ok()
                    | Some false
                    | None -> fault "its data is damaged"
