namespace Sss.Files

open System
open Sss.Core

/// Small pictures of what a network sees.
[<RequireQualifiedAccess>]
module Thumbnail =

    /// Pixels of the longer side; a larger image is averaged down by a whole number.
    let longest = 96

    /// Input values back as bytes from black to white.
    let private bytes (shape: Shape) (preparation: Preparation) (values: float32[]) =
        let area = int (Shape.area shape)

        let stored =
            values
            |> Array.mapi (fun i value ->
                let c = i / area
                (value * preparation.Deviation[c] + preparation.Mean[c]) / preparation.Scale
            )

        let black, white =
            match preparation.Range with
            | PixelRange.Known(black, white) -> black, white
            | PixelRange.Unknown _ -> Array.min stored, Array.max stored

        let span = if black = white then 1.0f else white - black

        stored
        |> Array.map (fun value -> Math.Clamp((value - black) / span, 0.0f, 1.0f) * 255.0f)

    /// A prepared image of C × H × W values as a PNG file: in colour where there are three channels, else its first
    /// channel in grey. None: it is a vector, not an image.
    let png (shape: Shape) (preparation: Preparation) (values: float32[]) : byte[] option =
        if Shape.area shape = 1L then
            None
        else
            let channels = if shape.Channels = 3 then 3 else 1
            let bytes = bytes shape preparation values
            let by = max 1 ((max shape.Height shape.Width + longest - 1) / longest)
            let height, width = max 1 (shape.Height / by), max 1 (shape.Width / by)

            let mean c y x =
                let mutable sum = 0.0f
                let mutable count = 0

                for row in y * by .. min (y * by + by) shape.Height - 1 do
                    for column in x * by .. min (x * by + by) shape.Width - 1 do
                        sum <- sum + bytes[(c * shape.Height + row) * shape.Width + column]
                        count <- count + 1

                byte (MathF.Round(sum / float32 count))

            let pixels = [|
                for y in 0 .. height - 1 do
                    for x in 0 .. width - 1 do
                        for c in 0 .. channels - 1 do
                            mean c y x
            |]

            Some(PngFile.ofPixels width height channels pixels)
