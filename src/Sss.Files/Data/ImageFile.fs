namespace Sss.Files

open System
open System.IO
open SkiaSharp
open Sss.Core

/// Decoding of JPEG and PNG files into the pixels that a network takes.
[<RequireQualifiedAccess>]
module ImageFile =

    /// Larger pictures are refused before memory is given: a small file can claim to be one. No
    /// format packs more than 8 pixels into a byte of what deflate can shrink 1,032 times.
    let private mostPixels (file: byte[]) =
        min (1L <<< 26) (int64 file.Length * 8L * 1032L)

    /// The suffixes that are read, in lower case.
    let suffixes = [ ".jpg"; ".jpeg"; ".png" ]

    let private broken path reason =
        Error(Malformed(Place.start path, Syntax("image", reason)))

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

    let private withCodec path (work: SKCodec -> Result<'T, FileError>) =
        guarded
            path
            (fun () ->
                let file = File.ReadAllBytes path
                let mostPixels = mostPixels file
                use data = SKData.CreateCopy(ReadOnlySpan file)

                match SKCodec.Create data with
                | null -> broken path "neither JPEG nor PNG"
                | codec ->
                    use codec = codec
                    let size = codec.Info

                    if int64 size.Width * int64 size.Height > mostPixels then
                        Error(
                            Malformed(
                                Place.start path,
                                OutOfRange(
                                    "the size",
                                    $"{size.Width}x{size.Height} pixels",
                                    "1x1",
                                    $"{mostPixels} pixels"
                                )
                            )
                        )
                    else
                        work codec
            )

    /// Width and height of a picture, without decoding it.
    let size (path: string) : Result<Size, FileError> =
        withCodec
            path
            (fun codec ->
                Ok {
                    H = codec.Info.Height
                    W = codec.Info.Width
                }
            )

    /// The size to decode at: a JPEG can be decoded at some fractions of its size, which saves
    /// time and memory; never below what is needed.
    let private decodeSize (codec: SKCodec) (shape: Shape) =
        let full = codec.Info.Size

        let wish =
            max
                (float32 shape.Width / float32 full.Width)
                (float32 shape.Height / float32 full.Height)

        if wish >= 1.0f then
            full
        else
            let scaled = codec.GetScaledDimensions wish

            if scaled.Width >= shape.Width && scaled.Height >= shape.Height then
                scaled
            else
                full

    /// The largest rectangle in the middle that has the shape's proportions.
    let private middle (width: int) (height: int) (shape: Shape) =
        let scale =
            min (float width / float shape.Width) (float height / float shape.Height)

        let w = max 1 (int (round (float shape.Width * scale)))
        let h = max 1 (int (round (float shape.Height * scale)))
        let left, top = (width - w) / 2, (height - h) / 2
        SKRectI(left, top, left + w, top + h)

    /// Red, green and blue planes, or for one channel their luminance (ITU-R BT.601).
    let private planes (pixels: ReadOnlySpan<byte>) (shape: Shape) (target: Span<byte>) =
        let area = shape.Height * shape.Width

        for i in 0 .. area - 1 do
            let r, g, b = pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2]

            if shape.Channels = 1 then
                target[i] <- byte ((299 * int r + 587 * int g + 114 * int b + 500) / 1000)
            else
                target[i] <- r
                target[area + i] <- g
                target[2 * area + i] <- b

    /// Decodes a picture, cuts the middle out with the shape's proportions, scales it to the shape's
    /// size, and gives its bytes, C × H × W. The shape has 1 or 3 channels. Transparent parts become
    /// black; a stored orientation is ignored, as other tools of the field do.
    let read (shape: Shape) (path: string) : Result<byte[], FileError> =
        if shape.Channels <> 1 && shape.Channels <> 3 then
            Error(DatasetDiffers(path, "number of channels", string shape.Channels, "1 or 3"))
        else
            withCodec
                path
                (fun codec ->
                    let size = decodeSize codec shape

                    let info =
                        SKImageInfo(
                            size.Width,
                            size.Height,
                            SKColorType.Rgba8888,
                            SKAlphaType.Premul
                        )

                    use decoded = new SKBitmap(info)

                    match codec.GetPixels(info, decoded.GetPixels()) with
                    | SKCodecResult.Success ->
                        use cut = new SKBitmap()

                        if
                            not (decoded.ExtractSubset(cut, middle size.Width size.Height shape))
                        then
                            broken path "no pixels"
                        else
                            use scaled =
                                new SKBitmap(
                                    SKImageInfo(
                                        shape.Width,
                                        shape.Height,
                                        SKColorType.Rgba8888,
                                        SKAlphaType.Premul
                                    )
                                )

                            if cut.ScalePixels(scaled, SKFilterQuality.Medium) then
                                let target = Array.zeroCreate<byte>(int (Shape.count shape))
                                planes (scaled.GetPixelSpan()) shape (target.AsSpan())
                                Ok target
                            else
                                broken path "it cannot be scaled"
                    | SKCodecResult.IncompleteInput -> broken path "it ends early"
                    | other -> broken path (string other)
                )
