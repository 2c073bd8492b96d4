namespace Sss.Files

open System
open Sss.Core

/// Random changes of colour, in place, on planes whose values are 0 (black) to 1. Nothing is
/// clipped: what goes beyond is input like any other.
[<RequireQualifiedAccess>]
module internal Colour =

    /// The shares of red, green and blue in luminance (ITU-R BT.601).
    let private shares = [| 0.299f; 0.587f; 0.114f |]

    /// The luminance at a place; the value itself where there is one channel, the mean where there
    /// are neither one nor three.
    let private luminance channels area (image: Span<float32>) at =
        match channels with
        | 1 -> image[at]
        | 3 ->
            shares[0] * image[at]
            + shares[1] * image[area + at]
            + shares[2] * image[2 * area + at]
        | _ ->
            let mutable sum = 0.0f

            for c in 0 .. channels - 1 do
                sum <- sum + image[c * area + at]

            sum / float32 channels

    /// Moves every value towards 0 or away from it.
    let private brightness factor (image: Span<float32>) =
        for i in 0 .. image.Length - 1 do
            image[i] <- factor * image[i]

    /// The same about the image's mean luminance.
    let private contrast channels factor (image: Span<float32>) =
        let area = image.Length / channels
        let mutable sum = 0.0

        for at in 0 .. area - 1 do
            sum <- sum + float (luminance channels area image at)

        let rest = (1.0f - factor) * float32 (sum / float area)

        for i in 0 .. image.Length - 1 do
            image[i] <- factor * image[i] + rest

    /// The same about each pixel's luminance.
    let private saturation channels factor (image: Span<float32>) =
        let area = image.Length / channels

        for at in 0 .. area - 1 do
            let rest = (1.0f - factor) * luminance channels area image at

            for c in 0 .. channels - 1 do
                image[c * area + at] <- factor * image[c * area + at] + rest

    /// Brightness, contrast and saturation times 1 + u with u uniform in [−strength, strength), in
    /// random order.
    let jitter (channels: int) (strength: float) (image: Span<float32>) (rng: Rng) : Rng =
        let struct (order, start) = Rng.permutation 3 rng
        let mutable rng = start

        for change in order do
            let struct (factor, next) = Rng.uniform (1.0 - strength) (1.0 + strength) rng
            rng <- next
            let factor = float32 factor

            match change with
            | 0 -> brightness factor image
            | 1 -> contrast channels factor image
            | _ -> saturation channels factor image

        rng

    /// Variances and principal axes of the colours of ImageNet's pixels (values 0 to 1), a row an
    /// axis, as the field uses them since the paper named at `Augment.Pca`.
    let private axes = [|
        struct (0.2175f, [| -0.5675f; -0.5808f; -0.5836f |])
        struct (0.0188f, [| 0.7192f; -0.0045f; -0.6948f |])
        struct (0.0045f, [| 0.4009f; -0.8140f; 0.4203f |])
    |]

    /// Adds to each of three channels Σ αᵢλᵢpᵢ, the αᵢ normal with the given deviation, drawn once
    /// per image.
    let pca (deviation: float) (image: Span<float32>) (rng: Rng) : Rng =
        let area = image.Length / 3
        let shift = Array.zeroCreate<float32> 3
        let mutable rng = rng

        for struct (variance, axis) in axes do
            let struct (draw, next) = Rng.normal rng
            rng <- next
            let alpha = float32 (deviation * draw)

            for c in 0..2 do
                shift[c] <- shift[c] + alpha * variance * axis[c]

        for c in 0..2 do
            for at in 0 .. area - 1 do
                image[c * area + at] <- image[c * area + at] + shift[c]

        rng
