namespace Sss.Files

open System
open Sss.Core

/// Which part of a picture becomes the image.
[<RequireQualifiedAccess>]
module internal Cut =

    /// The middle: after the picture's shorter side was scaled to `resize` pixels, as much as the
    /// shape takes; with 0, or when that is more than there is, the largest part that has the
    /// shape's proportions.
    let middle (resize: int) (shape: Shape) (size: Size) : Area =
        let width, height = float size.W, float size.H

        let largest = min (width / float shape.Width) (height / float shape.Height)

        let scale =
            if resize = 0 then
                largest
            else
                min largest (min width height / float resize)

        // The products may come out an ulp above what there is.
        let w = min width (scale * float shape.Width)
        let h = min height (scale * float shape.Height)

        {
            Left = (width - w) / 2.0
            Top = (height - h) / 2.0
            Width = w
            Height = h
        }

    /// A rectangle of a random fraction of the area between `least` and 1, whose proportions are
    /// those of the shape times 3:4 to 4:3, evenly in the logarithm; where ten of them do not fit,
    /// the middle.
    let random (least: float) (shape: Shape) (size: Size) (rng: Rng) : struct (Area * Rng) =
        let area = float size.W * float size.H
        let aspect = float shape.Width / float shape.Height

        let rec attempt left rng =
            if left = 0 then
                struct (middle 0 shape size, rng)
            else
                let struct (part, rng) = Rng.uniform least 1.0 rng
                let struct (logarithm, rng) = Rng.uniform (log 0.75) (log (4.0 / 3.0)) rng
                let ratio = aspect * exp logarithm
                let w = int (Math.Round(sqrt (part * area * ratio)))
                let h = int (Math.Round(sqrt (part * area / ratio)))

                if w < 1 || h < 1 || w > size.W || h > size.H then
                    attempt (left - 1) rng
                else
                    let struct (x, rng) = Rng.below (size.W - w + 1) rng
                    let struct (y, rng) = Rng.below (size.H - h + 1) rng

                    struct ({
                                Left = float x
                                Top = float y
                                Width = float w
                                Height = float h
                            },
                            rng)

        attempt 10 rng
