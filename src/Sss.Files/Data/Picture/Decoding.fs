namespace Sss.Files

open System
open SkiaSharp
open Sss.Core

/// Decoding of a file's bytes to the scaled part of its upright picture. `cut` chooses the part from
/// the upright picture's size, and is called once.
[<RequireQualifiedAccess>]
module internal Decoding =

    /// The bytes that all threads together may have in use.
    let private inFlight = Gate(1L <<< 28)

    let private broken reason = Syntax("image", reason)

    /// About what scaling row by row takes.
    let private rowBytes (size: Size) = 128L * int64 (size.W + size.H)

    let png
        background
        shape
        (png: PngHeader)
        (cut: Size -> Area)
        (content: ReadOnlyMemory<byte>)
        target
        =
        let stored = { H = png.Height; W = png.Width }
        let isOrdered = not png.IsInterlaced
        let pixels = PngPixels.layout background png
        let area = cut (Orientation.turned png.Orientation stored)

        let whole =
            if PartScaler.Streams(png.Orientation, isOrdered) then
                0L
            else
                int64 (PixelFormat.size pixels) * int64 stored.W * int64 stored.H

        inFlight.Within
            (rowBytes stored + whole)
            (fun () ->
                use scaler =
                    new PartScaler(shape, png.Orientation, pixels, stored, isOrdered, area, target)

                PngRows.read background png content scaler.Take
                |> Result.map scaler.Finish
                |> Result.mapError broken
            )

    /// The size to decode at: a JPEG (and a WebP) can be decoded at some fractions of its size, which
    /// saves time and memory; never so small that the part has fewer pixels than the image needs. `wish` is the
    /// fraction that would be enough.
    let private decodeSize (wish: float) (codec: SKCodec) : SKSizeI =
        let full = codec.Info.Size

        let suffices (size: SKSizeI) =
            float size.Width >= wish * float full.Width - 1e-6
            && float size.Height >= wish * float full.Height - 1e-6

        // Decoders of JPEG scale to whole eighths.
        seq { int (ceil (wish * 8.0)) .. 7 }
        |> Seq.map (fun eighths -> codec.GetScaledDimensions(float32 eighths / 8.0f))
        |> Seq.tryFind suffices
        |> Option.defaultValue full

    /// About what decoding takes at the size that `decodeSize` will choose, besides the file.
    let private jpegBytes (jpeg: JpegHeader) (wish: float) length =
        let full = { H = jpeg.Height; W = jpeg.Width }
        let eighths = int64 (ceil (wish * 8.0)) |> max 1L |> min 8L

        let whole =
            if Orientation.keepsRows jpeg.Orientation then
                0L
            else
                4L * int64 full.W * int64 full.H * eighths * eighths / 64L

        // A file without an end marker is copied.
        JpegHeader.coefficientBytes jpeg + whole + rowBytes full + int64 length

    /// What scales rows that are decoded at a size, where the part is given at the full one.
    let private scaler shape orientation (full: Size) (area: Area) target (size: SKSizeI) =
        let stored = { H = size.Height; W = size.Width }
        let from = Orientation.turned orientation full
        let into = Orientation.turned orientation stored
        let across = float into.W / float from.W
        let down = float into.H / float from.H

        let scaled = {
            Left = area.Left * across
            Top = area.Top * down
            Width = area.Width * across
            Height = area.Height * down
        }

        new PartScaler(shape, orientation, Direct 4, stored, true, scaled, target)

    /// The fraction of the full size at which the part has as many pixels as the image needs.
    let private wish (shape: Shape) (area: Area) =
        max (float shape.Width / area.Width) (float shape.Height / area.Height)

    let jpeg
        (shape: Shape)
        (jpeg: JpegHeader)
        (cut: Size -> Area)
        (content: ReadOnlyMemory<byte>)
        target
        =
        let full = { H = jpeg.Height; W = jpeg.Width }
        let area = cut (Orientation.turned jpeg.Orientation full)
        let wish = wish shape area

        inFlight.Within
            (jpegBytes jpeg wish content.Length)
            (fun () ->
                JpegRows.read
                    jpeg
                    content
                    (decodeSize wish)
                    (scaler shape jpeg.Orientation full area target)
            )

    let other background shape (codec: SKCodec) (cut: Size -> Area) target =
        let full = OtherPicture.size codec
        let orientation = OtherPicture.orientation codec
        let area = cut (Orientation.turned orientation full)

        inFlight.Within
            (rowBytes full + 8L * int64 full.W * int64 full.H)
            (fun () ->
                let size = decodeSize (wish shape area) codec
                use scaler = scaler shape orientation full area target size

                OtherPicture.read background codec size scaler.Take
                |> Result.map scaler.Finish
                |> Result.mapError broken
            )
