namespace Sss.Files

/// An opaque colour, each part from 0 to 255.
type Rgb = { Red: byte; Green: byte; Blue: byte }

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

    let white = {
        Red = 255uy
        Green = 255uy
        Blue = 255uy
    }

    let black = { Red = 0uy; Green = 0uy; Blue = 0uy }

    /// No scaling before the cut, transparent parts on white: paper under black strokes.
    let standard = { Resize = 0; Background = white }
