namespace Sss.Files

open System
open System.Buffers
open System.IO
open System.Runtime.InteropServices
open SkiaSharp
open Sss.Core

/// Decoding of JPEG and PNG files into the pixels that a network takes. Channels are red, green and
/// blue, or for one channel their luminance (ITU-R BT.601). Transparent parts become black; a stored
/// orientation is ignored, as other tools of the field do.
[<RequireQualifiedAccess>]
module ImageFile =

    /// Larger pictures are refused before memory is given: a small file can claim to be one. A JPEG
    /// needs a bit for each block of 64 pixels; others pack no more than 8 pixels into a byte of what
    /// deflate can shrink 1,032 times.
    let private mostPixels (codec: SKCodec) (length: int64) =
        let perByte =
            if codec.EncodedFormat = SKEncodedImageFormat.Jpeg then
                8L * 64L
            else
                8L * 1032L

        min (1L <<< 26) (length * perByte)

    /// The suffixes that are read, in lower case.
    let suffixes = [ ".jpg"; ".jpeg"; ".png" ]

    /// So much of a file is read for its size alone; where the header is longer, all of it is.
    let private headerBytes = 65536L

    let private broken path reason =
        Error(Malformed(Place.start path, Syntax("image", reason)))

    let private outOfRange path what value low high =
        Error(Malformed(Place.start path, OutOfRange(what, value, low, high)))

    /// Turns the failure to load the decoder's native library into an error.
    let private guarded path (work: unit -> Result<'T, FileError>) =
        FileError.catching
            path
            (fun () ->
                try
                    work ()
                with
                | :? DllNotFoundException
                | :? TypeInitializationException as e ->
                    let inner = e.InnerException |> Option.ofObj |> Option.defaultValue e
                    Error(Refused(path, "SkiaSharp", $"it cannot be loaded: {inner.Message}"))
            )

    /// Work on a borrowed array, pinned.
    let private borrowed (length: int) (work: byte[] -> nativeint -> 'T) : 'T =
        let buffer = ArrayPool<byte>.Shared.Rent(max 1 length)
        let handle = GCHandle.Alloc(buffer, GCHandleType.Pinned)

        try
            work buffer (handle.AddrOfPinnedObject())
        finally
            handle.Free()
            ArrayPool<byte>.Shared.Return buffer

    let private checkSize path length (codec: SKCodec) =
        let size = codec.Info
        let most = mostPixels codec length

        if int64 size.Width * int64 size.Height > most then
            let found = $"{size.Width}x{size.Height} pixels"
            outOfRange path "the size" found "1x1" $"{most} pixels"
        else
            Ok()

    /// Hands the decoder of the file's first `most` bytes to `work`; None where they make none.
    let private withStart path (most: int64) (work: SKCodec -> Result<'T, FileError>) =
        guarded
            path
            (fun () ->
                use file = File.OpenHandle path
                let length = RandomAccess.GetLength file

                if length > int64 Array.MaxLength then
                    outOfRange path "the length" $"{length} bytes" "0" $"{Array.MaxLength} bytes"
                else
                    borrowed
                        (int (min length most))
                        (fun buffer start ->
                            let wanted = int (min length most)
                            let mutable got = 0
                            let mutable more = true

                            while more do
                                let target = Span(buffer, got, wanted - got)
                                let n = RandomAccess.Read(file, target, int64 got)
                                got <- got + n
                                more <- n > 0 && got < wanted

                            use data = SKData.Create(start, got)

                            match SKCodec.Create data with
                            | null -> Ok None
                            | codec ->
                                use codec = codec

                                checkSize path length codec
                                |> Result.bind (fun () -> work codec)
                                |> Result.map Some
                        )
            )

    let private withCodec path (work: SKCodec -> Result<'T, FileError>) =
        match withStart path Int64.MaxValue work with
        | Ok(Some value) -> Ok value
        | Ok None -> broken path "neither JPEG nor PNG"
        | Error error -> Error error

    let private sizeOf (codec: SKCodec) : Result<Size, FileError> =
        Ok {
            H = codec.Info.Height
            W = codec.Info.Width
        }

    /// Width and height of a picture, without decoding it.
    let size (path: string) : Result<Size, FileError> =
        match withStart path headerBytes sizeOf with
        | Ok None -> withCodec path sizeOf
        | Ok(Some size) -> Ok size
        | Error error -> Error error

    /// The size to decode at: a JPEG can be decoded at some fractions of its size, which saves time
    /// and memory; never so small that the rectangle has fewer pixels than the image needs.
    let private decodeSize (codec: SKCodec) (shape: Shape) (area: Area) : SKSizeI =
        let full = codec.Info.Size

        let wish = max (float shape.Width / area.Width) (float shape.Height / area.Height)

        let suffices (size: SKSizeI) =
            float size.Width >= wish * float full.Width - 1e-6
            && float size.Height >= wish * float full.Height - 1e-6

        // Decoders of JPEG scale to whole eighths.
        seq { int (ceil (wish * 8.0)) .. 7 }
        |> Seq.map (fun eighths -> codec.GetScaledDimensions(float32 eighths / 8.0f))
        |> Seq.tryFind suffices
        |> Option.defaultValue full

    /// A part of decoded rows as planes of numbers from 0 to 255.
    let private toPlanes channels (pixels: byte[]) stride (part: SKRectI) (planes: float32[]) =
        let area = part.Width * part.Height

        for y in 0 .. part.Height - 1 do
            let row =
                ReadOnlySpan(pixels, (part.Top + y) * stride + 4 * part.Left, 4 * part.Width)

            let at = y * part.Width

            if channels = 1 then
                for x in 0 .. part.Width - 1 do
                    let r, g, b = float32 row[4 * x], float32 row[4 * x + 1], float32 row[4 * x + 2]
                    planes[at + x] <- 0.299f * r + 0.587f * g + 0.114f * b
            else
                for c in 0..2 do
                    for x in 0 .. part.Width - 1 do
                        planes[c * area + at + x] <- float32 row[4 * x + c]

    /// The whole pixels that scaling a rectangle reads: its own and a filter's width around it.
    let private around (area: Area) (size: SKSizeI) (shape: Shape) : SKRectI =
        let stretch start length available count =
            let reach = ceil (max 1.0 (length / float count)) + 1.0
            let first = int (floor (start - reach)) |> max 0
            let last = int (ceil (start + length + reach)) |> min available
            first, last

        let left, right = stretch area.Left area.Width size.Width shape.Width
        let top, bottom = stretch area.Top area.Height size.Height shape.Height
        SKRectI(left, top, right, bottom)

    /// Decodes a picture and scales the rectangle that `cut` chooses to the shape; the numbers, 0 to
    /// 255 and C × H × W, go to the start of `target`. The shape has 1 or 3 channels. A picture that
    /// ends early is an error wherever the rectangle lies.
    let internal readPart
        (_: Rgb)
        (shape: Shape)
        (cut: Size -> Area)
        (path: string)
        (target: float32[])
        : Result<unit, FileError> =
        let scale (pixels: byte[]) stride (size: SKSizeI) (area: Area) =
            let part = around area size shape
            let count = shape.Channels * part.Width * part.Height
            let planes = ArrayPool<float32>.Shared.Rent count

            try
                toPlanes shape.Channels pixels stride part planes

                Resample.planes
                    shape.Channels
                    part.Width
                    part.Height
                    (planes.AsSpan())
                    {
                        area with
                            Left = area.Left - float part.Left
                            Top = area.Top - float part.Top
                    }
                    shape.Width
                    shape.Height
                    (target.AsSpan())

                Ok()
            finally
                ArrayPool<float32>.Shared.Return planes

        let decode (codec: SKCodec) =
            let full = codec.Info.Size
            let area = cut { H = full.Height; W = full.Width }
            let size = decodeSize codec shape area
            let across = float size.Width / float full.Width
            let down = float size.Height / float full.Height
            let stride = 4 * size.Width

            let info =
                SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Premul)

            borrowed
                (stride * size.Height)
                (fun pixels start ->
                    match codec.GetPixels(info, start) with
                    | SKCodecResult.Success ->
                        scale pixels stride size {
                            Left = area.Left * across
                            Top = area.Top * down
                            Width = area.Width * across
                            Height = area.Height * down
                        }
                    | SKCodecResult.IncompleteInput -> broken path "it ends early"
                    | SKCodecResult.ErrorInInput -> broken path "its data is damaged"
                    | other -> broken path (string other)
                )

        if shape.Channels <> 1 && shape.Channels <> 3 then
            Error(DatasetDiffers(path, "number of channels", string shape.Channels, "1 or 3"))
        else
            withCodec path decode

    /// The middle of a picture as bytes, C × H × W, at a place of `target`. `resize`: the pixels of
    /// the shorter side before the middle is cut out; 0: as many as the shape has.
    let internal readInto
        (options: PictureOptions)
        (shape: Shape)
        (path: string)
        (target: byte[])
        (offset: int)
        : Result<unit, FileError> =
        let count = int (Shape.count shape)
        let numbers = ArrayPool<float32>.Shared.Rent count

        try
            readPart options.Background shape (Cut.middle options.Resize shape) path numbers
            |> Result.map (fun () ->
                for i in 0 .. count - 1 do
                    target[offset + i] <- byte (Math.Clamp(numbers[i] + 0.5f, 0.0f, 255.0f))
            )
        finally
            ArrayPool<float32>.Shared.Return numbers

    /// Decodes a picture, cuts the middle out and scales it to the shape, which has 1 or 3 channels:
    /// bytes, C × H × W. `resize`: the pixels of the shorter side before the middle is cut out; 0: as
    /// many as the shape has.
    let readAs (options: PictureOptions) (shape: Shape) (path: string) : Result<byte[], FileError> =
        let target = Array.zeroCreate<byte>(int (Shape.count shape))
        readInto options shape path target 0 |> Result.map (fun () -> target)

    /// The same with nothing cut off but what the shape's proportions ask for.
    let read (shape: Shape) (path: string) : Result<byte[], FileError> =
        readAs PictureOptions.standard shape path
