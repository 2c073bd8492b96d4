namespace Sss.Files

open System
open FsToolkit.ErrorHandling
open Sss.Core

/// Masks as PNG files: the value of a grey pixel, or the index into the palette, is the class. No colour is looked at.
[<RequireQualifiedAccess>]
module internal MaskFile =

    let private ofContent (content: byte[]) : ReadAt =
        fun offset count ->
            let from = int (min offset (int64 content.Length))
            Array.sub content from (min count (content.Length - from))

    let private malformed path fault = Malformed(Place.start path, fault)

    /// Why the samples of a file are no classes.
    let private problem (header: PngHeader) : string option =
        match header.Colour with
        | PngColour.Grey
        | PngColour.Palette when header.Depth <= 8 -> None
        | PngColour.Grey
        | PngColour.Palette -> Some "a mask has at most 8 bits per pixel"
        | PngColour.Colour
        | PngColour.GreyAlpha
        | PngColour.ColourAlpha ->
            Some
                "its pixels are colours; a mask is a grey PNG, or one with a palette, whose values are the classes"

    /// The header of a PNG whose size is within the limits of pictures.
    let private header path (content: byte[]) : Result<PngHeader, FileError> =
        let length = int64 content.Length

        match PictureHeader.read length (ofContent content) with
        | Error fault -> Error(malformed path fault)
        | Ok(PictureHeader.Jpeg _)
        | Ok PictureHeader.Other -> Error(malformed path (Syntax("mask", "it is not a PNG")))
        | Ok(PictureHeader.Png png) ->
            match problem png with
            | Some reason -> Error(malformed path (Syntax("mask", reason)))
            | None ->
                PictureHeader.checkSize false length { H = png.Height; W = png.Width }
                |> Result.mapError (malformed path)
                |> Result.map (fun () -> png)

    /// The classes of a file's pixels, row by row from the top, turned upright as pictures are.
    let read (path: string) : Result<Size * byte[], FileError> =
        result {
            let! content = RegularFile.bytes path
            let! png = header path content
            let stored = { H = png.Height; W = png.Width }
            let pixels = Array.zeroCreate<byte>(stored.H * stored.W)

            do!
                PngRows.read
                    Rgb.white
                    png
                    (ReadOnlyMemory content)
                    (fun stretch -> PixelFormat.place 1 stored.W (pixels.AsSpan()) stretch)
                |> Result.mapError (fun reason -> malformed path (Syntax("mask", reason)))

            let upright = Orientation.turned png.Orientation stored
            let struct (start, across, down) = Orientation.walk png.Orientation stored

            return
                upright,
                Array.init
                    pixels.Length
                    (fun i -> pixels[start + i % upright.W * across + i / upright.W * down])
        }

    /// The part of a mask that an image shows, at `height` × `width` pixels: the nearest pixel of each, since classes have no
    /// mean. They go to a place of `target`.
    let scale
        (area: Area)
        (size: Size)
        (mask: byte[])
        (height: int)
        (width: int)
        (target: uint16[])
        (offset: int)
        : unit =
        let nearest first length count most i =
            int (first + (float i + 0.5) * length / float count) |> min (most - 1)

        for y in 0 .. height - 1 do
            let row = nearest area.Top area.Height height size.H y * size.W

            for x in 0 .. width - 1 do
                target[offset + y * width + x] <-
                    uint16 mask[row + nearest area.Left area.Width width size.W x]
