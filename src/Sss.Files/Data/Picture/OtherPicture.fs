namespace Sss.Files

open System
open SkiaSharp
open Sss.Core

/// Pictures that are neither JPEG nor PNG although their names say so, such as WebP, GIF and BMP:
/// everything else that the decoder knows.
[<RequireQualifiedAccess>]
module internal OtherPicture =

    let size (codec: SKCodec) : Size = {
        H = codec.Info.Height
        W = codec.Info.Width
    }

    let orientation (codec: SKCodec) : Orientation =
        Orientation.ofNumber (int codec.EncodedOrigin)

    /// Mixes the background into rows of four bytes per pixel.
    let private mix (background: Rgb) (pixels: Span<byte>) =
        let over (c: byte) (b: byte) (a: int) =
            byte ((int c * a + int b * (255 - a) + 127) / 255)

        for i in 0..4 .. pixels.Length - 4 do
            let alpha = int pixels[i + 3]

            if alpha < 255 then
                pixels[i] <- over pixels[i] background.Red alpha
                pixels[i + 1] <- over pixels[i + 1] background.Green alpha
                pixels[i + 2] <- over pixels[i + 2] background.Blue alpha

    /// Decodes a picture at a size that the decoder offers and hands over its rows, four bytes per pixel, opaque. An error is the reason.
    let read
        (background: Rgb)
        (codec: SKCodec)
        (size: SKSizeI)
        (emit: Stretch -> unit)
        : Result<unit, string> =
        let info =
            SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul)

        let stride = 4 * size.Width
        use pixels = new NativeBuffer(stride * size.Height)

        match codec.GetPixels(info, pixels.Start) with
        | SKCodecResult.Success ->
            mix background (pixels.GetSpan())

            for y in 0 .. size.Height - 1 do
                emit {
                    Y = y
                    First = 0
                    Step = 1
                    Count = size.Width
                    Bytes = Memory.op_Implicit (pixels.Memory.Slice(y * stride, stride))
                }

            Ok()
        | SKCodecResult.IncompleteInput -> Error "it ends early"
        | SKCodecResult.ErrorInInput -> Error "its data is damaged"
        | other -> Error(string other)
