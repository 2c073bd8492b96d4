namespace Sss.Files

open System

/// How an array of images was interpreted.
type PixelFacts = {
    /// `uint8`, `float32`, …
    Type: string
    Range: PixelRange
    /// The file states the range.
    IsStated: bool
    /// `N x H x W x C`, and so on.
    Layout: string
}

/// Wording, and what numbers look like.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module PixelFacts =

    /// One line for the start of a training.
    let text (facts: PixelFacts) : string =
        let stated = if facts.IsStated then ", as the file states" else ""
        $"pixels: {facts.Type}, {PixelRange.text facts.Range}{stated}, {facts.Layout}"

    /// The least and the greatest of numbers and whether all are whole.
    let seenIn (data: float32[]) : struct (float32 * float32 * bool) =
        let mutable low = Single.PositiveInfinity
        let mutable high = Single.NegativeInfinity
        let mutable isWhole = true

        for value in data do
            low <- min low value
            high <- max high value
            isWhole <- isWhole && value = MathF.Floor value

        struct (low, high, isWhole)

    /// The same of bytes.
    let seenInBytes (data: byte[]) : struct (float32 * float32 * bool) =
        let mutable low = 255uy
        let mutable high = 0uy

        for value in data do
            low <- min low value
            high <- max high value

        struct (float32 low, float32 high, true)

    /// The range that numbers are taken for. A vector has no pixels, so no black and white.
    let infer (isVector: bool) (struct (low, high, isWhole)) : PixelRange =
        if isVector then
            PixelRange.Unknown(low, high)
        else
            PixelRange.infer isWhole low high

    /// Bytes of a format that stores pictures: 0 to 255, unless there is nothing but 0 and 1.
    let ofFormat (data: byte[]) : PixelRange =
        match seenInBytes data with
        | struct (_, 1.0f, _) -> PixelRange.Known(0.0f, 1.0f)
        | _ -> PixelRange.bytes
