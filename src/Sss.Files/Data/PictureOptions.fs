namespace Sss.Files

open Sss.Core

/// An opaque colour, each part from 0 to 255.
type Rgb = Sss.Core.Rgb

/// What turns a picture file into the bytes of an image, besides the image's own shape.
type PictureOptions = {
    /// The pixels of the picture's shorter side before the middle is cut out; 0: as many as the
    /// image needs.
    Resize: int
    /// The colour that shows through transparent parts.
    Background: Rgb
}

/// Common colours and options.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module PictureOptions =

    let white: Rgb = Rgb.white

    let black: Rgb = Rgb.black

    /// No scaling before the cut, transparent parts on white: paper under black strokes.
    let standard = { Resize = 0; Background = white }

    /// The options of a recipe.
    let ofAugment (augment: Augment) : PictureOptions = {
        Resize = augment.Resize
        Background = augment.Background
    }

    /// How a picture becomes an image of a shape, in words.
    let words (shape: Shape) (options: PictureOptions) : string =
        let cut = $"{shape.Width} x {shape.Height} pixels"

        let scaled =
            if options.Resize = 0 then
                $"the largest central part with the proportions of the input, scaled to {cut} (width x height)"
            else
                $"the shorter side scaled to {options.Resize} pixels, the central {cut} (width x height)"

        let colour =
            match shape.Channels with
            | 1 -> "grey"
            | _ -> "red, green and blue"

        $"upright, transparent parts on {Rgb.text options.Background}, {scaled}, {colour}"
