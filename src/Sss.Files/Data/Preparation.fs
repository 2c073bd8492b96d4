namespace Sss.Files

open System
open System.Globalization
open Sss.Core

/// Which of the numbers that a data set stores is black, and which is white.
[<RequireQualifiedAccess>]
type PixelRange =
    | Known of black: float32 * white: float32
    /// It is not given and cannot be inferred: the least and the greatest number that was seen; not
    /// numbers where even that is not known.
    | Unknown of low: float32 * high: float32

/// Ranges of pixels.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module PixelRange =

    /// What bytes of picture files and of the formats that store pixels as bytes mean.
    let bytes = PixelRange.Known(0.0f, 255.0f)

    /// The whites of 8, 10, 12, 14 and 16 bits.
    let private whites = [ 255.0f; 1023.0f; 4095.0f; 16383.0f; 65535.0f ]

    /// Whole numbers whose largest is from 2 to below this are in units that pixels do not have.
    let private leastOfBytes = 32.0f

    /// Fractions count as 0 to 255 from this on.
    let private halfOfBytes = 128.0f

    /// So much of white may be passed at both ends: scaling of images overshoots.
    let private margin = 1e-3f

    /// What pixels mean whose least and greatest number these are, by the rule of
    /// `docs/pictures.md`. `isWhole`: all are whole numbers.
    let infer (isWhole: bool) (low: float32) (high: float32) : PixelRange =
        let upTo white =
            high <= white * (1.0f + margin) && low >= -white * margin

        let known white = PixelRange.Known(0.0f, white)

        if upTo 1.0f then
            known 1.0f
        elif isWhole && low >= 0.0f && high >= leastOfBytes then
            match whites |> List.tryFind (fun white -> high <= white) with
            | Some white -> known white
            | None -> PixelRange.Unknown(low, high)
        elif not isWhole && high >= halfOfBytes && upTo 255.0f then
            known 255.0f
        else
            PixelRange.Unknown(low, high)

    /// A number that reads back as the same.
    let internal number (value: float32) =
        value.ToString("R", CultureInfo.InvariantCulture)

    /// In words: `0 to 255 (black to white)`.
    let text (range: PixelRange) : string =
        match range with
        | PixelRange.Known(black, white) -> $"{number black} to {number white} (black to white)"
        | PixelRange.Unknown(low, high) when Single.IsFinite low && Single.IsFinite high ->
            $"{number low} to {number high} (black and white are not known)"
        | PixelRange.Unknown _ -> "black and white are not known"

/// From the numbers of one source of images to those of another: straight from black to black and
/// from white to white.
[<Struct>]
type Units = {
    Black: float32
    /// White less black.
    Span: float32
    ToBlack: float32
    ToSpan: float32
    /// Both sources store the same numbers, and no bit of them is touched.
    IsSame: bool
}

/// Conversions between sources.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Units =

    let same: Units = {
        Black = 0.0f
        Span = 1.0f
        ToBlack = 0.0f
        ToSpan = 1.0f
        IsSame = true
    }

    /// How many times wider the numbers of one source may be than those of another while both may
    /// still be of the same unknown units.
    let private alike = 10.0f

    /// None: the numbers cannot be converted, or have nothing in common.
    let between (source: PixelRange) (target: PixelRange) : Units option =
        match source, target with
        | PixelRange.Known(black, white), PixelRange.Known(toBlack, toWhite) ->
            Some {
                Black = black
                Span = white - black
                ToBlack = toBlack
                ToSpan = toWhite - toBlack
                IsSame = (black = toBlack && white = toWhite)
            }
        | PixelRange.Unknown(low, high), PixelRange.Unknown(toLow, toHigh) ->
            let ratio = (high - low) / (toHigh - toLow)

            // Where nothing was kept of what was seen there is nothing to compare.
            if ratio > alike || ratio < 1.0f / alike then
                None
            else
                Some same
        | PixelRange.Known _, PixelRange.Unknown _
        | PixelRange.Unknown _, PixelRange.Known _ -> None

    /// One number.
    let inline apply (units: Units) (stored: float32) : float32 =
        if units.IsSame then
            stored
        else
            units.ToBlack + (stored - units.Black) * units.ToSpan / units.Span

/// The preparation of an image from file or array to a network's input. It is stored with the
/// network, and every use of an image applies it.
type Preparation = {
    /// From picture file to bytes; without meaning for images that come as numbers.
    Pictures: PictureOptions
    /// Of the numbers that the network was trained on, before `Scale`.
    Range: PixelRange
    Scale: float32
    /// One per channel, of the scaled pixels of the training split.
    Mean: float32[]
    /// One per channel; never 0 (a channel that is the same everywhere gets 1).
    Deviation: float32[]
    /// Whether it was given with a network from elsewhere. Such a preparation stays in further training;
    /// others are measured anew.
    IsGiven: bool
}

/// Preparations.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Preparation =

    /// The number that black is; 0 where that is not known.
    let black (range: PixelRange) : float32 =
        match range with
        | PixelRange.Known(black, _) -> black
        | PixelRange.Unknown _ -> 0.0f

    /// What makes the distance from black to white 1; 1 where that is not known.
    let scaleOf (range: PixelRange) : float32 =
        match range with
        | PixelRange.Known(black, white) -> 1.0f / abs (white - black)
        | PixelRange.Unknown _ -> 1.0f

    /// The conversion of a stored number to an input value: (pixel · scale − mean) / deviation, in this
    /// order and in single precision.
    let inline value (p: Preparation) (channel: int) (stored: float32) : float32 =
        (stored * p.Scale - p.Mean[channel]) / p.Deviation[channel]

    /// What a network from elsewhere wants: pictures whose black and white become these two numbers, less a
    /// mean, over a deviation; one of both a channel. It is written with pixels from 0 to 1, as every other.
    let given
        (black: float32)
        (white: float32)
        (mean: float32[])
        (deviation: float32[])
        : Preparation = {
        Pictures = PictureOptions.standard
        Range = PixelRange.bytes
        Scale = scaleOf PixelRange.bytes
        Mean = mean |> Array.map (fun m -> (m - black) / (white - black))
        Deviation = deviation |> Array.map (fun d -> d / (white - black))
        IsGiven = true
    }

    /// How an image is prepared for an input shape, in one line.
    let text (shape: Shape) (p: Preparation) : string =
        let list (values: float32[]) =
            String.Join(", ", values |> Array.map PixelRange.number)

        let formula =
            $"(pixel * {PixelRange.number p.Scale} - mean) / deviation a channel, mean {list p.Mean}, \
              deviation {list p.Deviation}"

        match p.Range, shape.Channels with
        | PixelRange.Known _, (1 | 3) ->
            $"pictures: {PictureOptions.words shape p.Pictures}; pixels from {PixelRange.text p.Range}; \
              {formula}"
        | (PixelRange.Known _ | PixelRange.Unknown _), _ ->
            $"no pictures; pixels: {PixelRange.text p.Range}; {formula}"

    /// Why picture files cannot be prepared for a network, and what would help; None: they can.
    let refusal (shape: Shape) (p: Preparation) : (string * string) option =
        match p.Range with
        | _ when shape.Channels <> 1 && shape.Channels <> 3 ->
            Some(
                $"its input {shape} has {shape.Channels} channels, but picture files have 1 or 3",
                "use numbers instead: `sss eval` with an npz or csv file, or Predict in C#"
            )
        | _ when shape.Height = 1 && shape.Width = 1 ->
            Some(
                $"its input {shape} is a vector, not an image",
                "use numbers instead: `sss eval` with an npz or csv file, or Predict in C#"
            )
        | PixelRange.Known _ -> None
        | PixelRange.Unknown(low, high) ->
            let seen =
                if Single.IsFinite low && Single.IsFinite high then
                    $" (they range from {PixelRange.number low} to {PixelRange.number high})"
                else
                    ""

            Some(
                $"it is not known which values of its training pixels are black and white{seen}",
                "add an array `range` with the values of black and white to the npz file and train again"
            )
