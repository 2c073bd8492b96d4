namespace Sss.Files

open System
open Sss.Core

/// How an image is mixed with another one: that image's place in the split, the part of its own, and for cutmix the
/// rectangle that comes from the other (rows from `Top`, columns from `Left`, the ends not included; no area for mixup).
[<Struct>]
type internal Mix = {
    Partner: int
    Own: float32
    IsCut: bool
    Top: int
    Left: int
    Bottom: int
    Right: int
}

/// Mixup (H. Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018) and cutmix (S. Yun et al., "CutMix:
/// Regularization strategy to train strong classifiers with localizable features", ICCV 2019). Both papers mix a batch with a
/// permutation of itself; here each image draws a partner from the whole split, so that what becomes of it does not depend on the
/// batch that it is in.
[<RequireQualifiedAccess>]
module internal Mixing =

    /// The logarithm of a draw of the gamma distribution with a shape above 0 (G. Marsaglia, W. W. Tsang, "A simple method
    /// for generating gamma variables", 2000; for shapes below 1 times u^(1/shape), which underflows).
    let private logGamma (shape: float) (rng: Rng) : struct (float * Rng) =
        let d = (if shape < 1.0 then shape + 1.0 else shape) - 1.0 / 3.0
        let c = 1.0 / sqrt (9.0 * d)

        let rec attempt rng =
            let struct (x, rng) = Rng.normal rng
            let struct (u, rng) = Rng.float rng
            let v = (1.0 + c * x) ** 3.0

            if v > 0.0 && log (1.0 - u) < 0.5 * x * x + d - d * v + d * log v then
                struct (log (d * v), rng)
            else
                attempt rng

        let struct (found, rng) = attempt rng

        if shape < 1.0 then
            let struct (u, rng) = Rng.float rng
            struct (found + log (1.0 - u) / shape, rng)
        else
            struct (found, rng)

    /// A draw of the beta distribution with both parameters α.
    let beta (alpha: float) (rng: Rng) : struct (float * Rng) =
        let struct (first, rng) = logGamma alpha rng
        let struct (second, rng) = logGamma alpha rng
        struct (1.0 / (1.0 + exp (second - first)), rng)

    /// A rectangle of the part 1 − λ of the area about a random centre, cut off at the borders, and the part that is left.
    let private rectangle (shape: Shape) partner (own: float) (rng: Rng) : Mix =
        let side = sqrt (1.0 - own)
        let high, wide = int (side * float shape.Height), int (side * float shape.Width)
        let struct (y, rng) = Rng.below shape.Height rng
        let struct (x, _) = Rng.below shape.Width rng
        let top, bottom = max 0 (y - high / 2), min shape.Height (y - high / 2 + high)
        let left, right = max 0 (x - wide / 2), min shape.Width (x - wide / 2 + wide)
        let cut = float (bottom - top) * float (right - left) / float (Shape.area shape)

        {
            Partner = partner
            Own = float32 (1.0 - cut)
            IsCut = true
            Top = top
            Left = left
            Bottom = bottom
            Right = right
        }

    /// Whether a recipe mixes images.
    let isAsked (augment: Augment) =
        augment.Mixup > 0.0 || augment.Cutmix > 0.0

    /// An image that stays as it is.
    let alone (index: int) : Mix = {
        Partner = index
        Own = 1.0f
        IsCut = false
        Top = 0
        Left = 0
        Bottom = 0
        Right = 0
    }

    /// How one of `count` images is mixed; with both ways, each has half of the images.
    let draw (augment: Augment) (shape: Shape) (count: int) (rng: Rng) : Mix =
        let struct (partner, rng) = Rng.below count rng
        let struct (second, rng) = Rng.chance 0.5 rng
        let isCut = augment.Cutmix > 0.0 && (augment.Mixup = 0.0 || second)
        let struct (own, rng) = beta (if isCut then augment.Cutmix else augment.Mixup) rng

        if isCut then
            rectangle shape partner own rng
        else
            { alone partner with Own = float32 own }

    /// Mixes an image with the other one.
    let apply (shape: Shape) (mix: Mix) (other: ReadOnlySpan<float32>) (image: Span<float32>) =
        if mix.IsCut then
            for c in 0 .. shape.Channels - 1 do
                for y in mix.Top .. mix.Bottom - 1 do
                    let start = (c * shape.Height + y) * shape.Width + mix.Left
                    let count = mix.Right - mix.Left
                    other.Slice(start, count).CopyTo(image.Slice(start, count))
        else
            for i in 0 .. image.Length - 1 do
                image[i] <- mix.Own * image[i] + (1.0f - mix.Own) * other[i]
