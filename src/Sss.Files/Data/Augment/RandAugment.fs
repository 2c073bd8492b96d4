namespace Sss.Files

open System
open Sss.Core

/// The changes among which RandAugment chooses, in torchvision's words.
[<RequireQualifiedAccess>]
type internal RandOp =
    | Identity
    | ShearX
    | ShearY
    | TranslateX
    | TranslateY
    | Rotate
    | Brightness
    | Color
    | Contrast
    | Sharpness
    | Posterize
    | Solarize
    | AutoContrast
    | Equalize

/// RandAugment (E. D. Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space", NeurIPS
/// 2020), with the set and the ranges of torchvision's `RandAugment`: some changes in a row, each drawn from the set, all of
/// one strength from 0 to 30. Images are bytes, C × H × W; what moves into view is black.
[<RequireQualifiedAccess>]
module internal RandAugment =

    let ops = [|
        RandOp.Identity
        RandOp.ShearX
        RandOp.ShearY
        RandOp.TranslateX
        RandOp.TranslateY
        RandOp.Rotate
        RandOp.Brightness
        RandOp.Color
        RandOp.Contrast
        RandOp.Sharpness
        RandOp.Posterize
        RandOp.Solarize
        RandOp.AutoContrast
        RandOp.Equalize
    |]

    /// What a strength is for a change, and whether its sign is drawn.
    let value (shape: Shape) (op: RandOp) (magnitude: int) : struct (float * bool) =
        let part = float magnitude / 30.0

        match op with
        | RandOp.ShearX
        | RandOp.ShearY -> struct (0.3 * part, true)
        | RandOp.TranslateX -> struct (150.0 / 331.0 * float shape.Width * part, true)
        | RandOp.TranslateY -> struct (150.0 / 331.0 * float shape.Height * part, true)
        | RandOp.Rotate -> struct (30.0 * part, true)
        | RandOp.Brightness
        | RandOp.Color
        | RandOp.Contrast
        | RandOp.Sharpness -> struct (0.9 * part, true)
        | RandOp.Posterize -> struct (8.0 - Math.Round(4.0 * part), false)
        | RandOp.Solarize -> struct (255.0 * (1.0 - part), false)
        | RandOp.Identity
        | RandOp.AutoContrast
        | RandOp.Equalize -> struct (0.0, false)

    /// Each pixel is the nearest one of where it comes from.
    let private moved
        (shape: Shape)
        (from: float -> float -> struct (float * float))
        (image: byte[])
        =
        let result = Array.zeroCreate<byte> image.Length
        let area = shape.Height * shape.Width

        for y in 0 .. shape.Height - 1 do
            for x in 0 .. shape.Width - 1 do
                let struct (u, v) = from (float x) (float y)
                let column, row = int (Math.Round u), int (Math.Round v)

                if column >= 0 && column < shape.Width && row >= 0 && row < shape.Height then
                    for c in 0 .. shape.Channels - 1 do
                        result[c * area + y * shape.Width + x] <-
                            image[c * area + row * shape.Width + column]

        result

    /// About the middle of the image.
    let private rotated (shape: Shape) (degrees: float) =
        let angle = -degrees * Math.PI / 180.0
        let cos, sin = Math.Cos angle, Math.Sin angle
        let middleX, middleY = float (shape.Width - 1) / 2.0, float (shape.Height - 1) / 2.0

        moved
            shape
            (fun x y ->
                let u, v = x - middleX, y - middleY
                struct (cos * u + sin * v + middleX, cos * v - sin * u + middleY)
            )

    let private toByte (value: float32) = byte (Math.Clamp(value, 0.0f, 255.0f))

    /// `factor` of an image and the rest of another.
    let private blend (factor: float) (other: int -> float32) (image: byte[]) =
        let own, rest = float32 factor, float32 (1.0 - factor)
        image |> Array.mapi (fun i v -> toByte (own * float32 v + rest * other i))

    /// The luminance of each pixel, where there are three channels.
    let private grey (shape: Shape) (image: byte[]) : byte[] =
        let area = shape.Height * shape.Width

        if shape.Channels <> 3 then
            image
        else
            Array.init
                area
                (fun i ->
                    byte (
                        0.2989f * float32 image[i]
                        + 0.587f * float32 image[area + i]
                        + 0.114f * float32 image[2 * area + i]
                    )
                )

    let private contrast shape factor image =
        let mean = grey shape image |> Array.averageBy float |> float32
        blend factor (fun _ -> mean) image

    let private saturation (shape: Shape) factor image =
        if shape.Channels <> 3 then
            image
        else
            let grey = grey shape image
            blend factor (fun i -> float32 grey[i % grey.Length]) image

    /// Away from, or towards, the image with its inner pixels averaged: the middle counts five times.
    let private sharpness (shape: Shape) factor (image: byte[]) =
        let width, height = shape.Width, shape.Height

        let blurred i =
            let x, y = i % width, i / width % height

            if x = 0 || y = 0 || x = width - 1 || y = height - 1 then
                float32 image[i]
            else
                let mutable sum = 4 * int image[i]

                for row in -1 .. 1 do
                    for column in -1 .. 1 do
                        sum <- sum + int image[i + row * width + column]

                MathF.Round(float32 sum / 13.0f)

        if width <= 2 || height <= 2 then
            image
        else
            blend factor blurred image

    /// A change of each channel by itself.
    let private byChannel (shape: Shape) (change: byte[] -> byte[]) (image: byte[]) =
        image |> Array.chunkBySize (shape.Height * shape.Width) |> Array.collect change

    let private stretched (channel: byte[]) =
        let low, high = Array.min channel, Array.max channel

        if low = high then
            channel
        else
            let scale = 255.0f / float32 (high - low)
            channel |> Array.map (fun v -> toByte (float32 (v - low) * scale))

    let private equalized (channel: byte[]) =
        let counts = Array.zeroCreate<int> 256

        for v in channel do
            counts[int v] <- counts[int v] + 1

        let last = Array.FindLastIndex(counts, fun n -> n > 0)
        let step = (channel.Length - counts[last]) / 255

        if step = 0 then
            channel
        else
            // Of a value, those below it.
            let below = Array.scan (+) 0 counts

            channel
            |> Array.map (fun v -> byte (min 255 ((below[int v] + step / 2) / step)))

    /// One change with a value of `value`, its sign included.
    let apply (shape: Shape) (op: RandOp) (value: float) (image: byte[]) : byte[] =
        match op with
        | RandOp.Identity -> image
        | RandOp.ShearX -> moved shape (fun x y -> struct (x + value * (y + 0.5), y)) image
        | RandOp.ShearY -> moved shape (fun x y -> struct (x, y + value * (x + 0.5))) image
        | RandOp.TranslateX -> moved shape (fun x y -> struct (x - truncate value, y)) image
        | RandOp.TranslateY -> moved shape (fun x y -> struct (x, y - truncate value)) image
        | RandOp.Rotate -> rotated shape value image
        | RandOp.Brightness -> blend (1.0 + value) (fun _ -> 0.0f) image
        | RandOp.Color -> saturation shape (1.0 + value) image
        | RandOp.Contrast -> contrast shape (1.0 + value) image
        | RandOp.Sharpness -> sharpness shape (1.0 + value) image
        | RandOp.Posterize ->
            image |> Array.map (fun v -> v &&& byte (256 - (1 <<< (8 - int value))))
        | RandOp.Solarize -> image |> Array.map (fun v -> if float v >= value then 255uy - v else v)
        | RandOp.AutoContrast -> byChannel shape stretched image
        | RandOp.Equalize -> byChannel shape equalized image

    /// Changes an image whose values are 0 (black) to 1, in place; it has 256 steps from then on.
    let run (shape: Shape) (settings: RandAugmentation) (rng: Rng) (image: Span<float32>) =
        let mutable bytes = Array.zeroCreate<byte> image.Length
        let mutable rng = rng

        for i in 0 .. image.Length - 1 do
            bytes[i] <- toByte (255.0f * image[i] + 0.5f)

        for _ in 1 .. settings.Count do
            let struct (choice, next) = Rng.below ops.Length rng
            let struct (isNegative, next) = Rng.chance 0.5 next
            rng <- next
            let struct (size, isSigned) = value shape ops[choice] settings.Magnitude
            let signed = if isSigned && isNegative then -size else size
            bytes <- apply shape ops[choice] signed bytes

        for i in 0 .. image.Length - 1 do
            image[i] <- float32 bytes[i] / 255.0f
