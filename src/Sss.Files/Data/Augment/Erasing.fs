namespace Sss.Files

open System
open Sss.Core

/// Random erasing (Z. Zhong et al., "Random erasing data augmentation", AAAI 2020), with torchvision's ranges: with a
/// probability, a rectangle of 2 to 33 % of the image's area, whose height is 0.3 to 3.3 times its width, becomes the mean
/// of its channel.
[<RequireQualifiedAccess>]
module internal Erasing =

    // Parts of the area, and height to width.
    let private least = 0.02
    let private most = 0.33
    let private flattest = 0.3
    let private steepest = 3.3

    /// From (Left, Top) on.
    [<Struct>]
    type Rectangle = {
        Left: int
        Top: int
        Width: int
        Height: int
    }

    /// A rectangle inside an image; none where ten of them did not fit.
    let private rectangle (shape: Shape) (rng: Rng) : Rectangle voption =
        let area = float (Shape.area shape)

        let rec attempt left rng =
            if left = 0 then
                ValueNone
            else
                let struct (part, rng) = Rng.uniform least most rng
                let struct (logarithm, rng) = Rng.uniform (log flattest) (log steepest) rng
                let height = int (Math.Round(sqrt (part * area * exp logarithm)))
                let width = int (Math.Round(sqrt (part * area / exp logarithm)))

                if height < 1 || width < 1 || height >= shape.Height || width >= shape.Width then
                    attempt (left - 1) rng
                else
                    let struct (top, rng) = Rng.below (shape.Height - height + 1) rng
                    let struct (left, _) = Rng.below (shape.Width - width + 1) rng

                    ValueSome {
                        Left = left
                        Top = top
                        Width = width
                        Height = height
                    }

        attempt 10 rng

    /// What is erased of an image, if anything is.
    let draw (probability: float) (shape: Shape) (rng: Rng) : Rectangle voption =
        let struct (isErased, rng) = Rng.chance probability rng
        if isErased then rectangle shape rng else ValueNone

    /// Erases a rectangle of a normalised image: the mean of every channel is 0.
    let apply (shape: Shape) (r: Rectangle) (image: Span<float32>) =
        for c in 0 .. shape.Channels - 1 do
            for y in r.Top .. r.Top + r.Height - 1 do
                image.Slice((c * shape.Height + y) * shape.Width + r.Left, r.Width).Clear()
