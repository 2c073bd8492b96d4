namespace Sss.Files

open System
open Sss.Core

/// What is wrong with the masks of a folder. Files are named relative to the folder.
[<RequireQualifiedAccess>]
type MaskFault =
    /// No mask has the name of an image; the path that it must have.
    | NoMask of image: string * mask: string
    /// Two images that one mask would belong to.
    | TwoImages of first: string * second: string
    /// A mask of another size than its image.
    | OtherSize of mask: string * size: Size * image: Size
    /// A class that there is not, and where its first pixel is, from the top left, from 0.
    | NoClass of mask: string * found: int * column: int * row: int * classes: int
    /// A file whose pixels are not numbers of classes, or cannot be read.
    | NotRead of mask: string * reason: string

/// Wording.
[<RequireQualifiedAccess>]
module MaskFault =

    let private extent (size: Size) = $"{size.H}x{size.W}"

    /// One line. Names are those of the system.
    let message fault =
        match fault with
        | MaskFault.NoMask(image, mask) -> $"{image} has no mask {mask}"
        | MaskFault.TwoImages(first, second) -> $"{first} and {second} would have the same mask"
        | MaskFault.OtherSize(mask, size, image) ->
            $"{mask} is {extent size} (height x width), its image {extent image}"
        | MaskFault.NoClass(mask, found, column, row, classes) ->
            $"{mask} has the class {found} at column {column}, row {row}; classes are 0 to {classes - 1}"
        | MaskFault.NotRead(mask, reason) -> $"{mask}: {reason}"
