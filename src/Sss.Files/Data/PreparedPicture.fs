namespace Sss.Files

open System
open Sss.Core

/// One picture on its way to a network: what a file becomes outside of any data set. The same numbers, bit
/// for bit, as in training and in `sss eval`.
[<RequireQualifiedAccess>]
module PreparedPicture =

    /// The picture of a file as the network sees it: bytes from 0 (black) to 255 (white), C × H × W.
    let ofFile (p: Preparation) (input: Shape) (path: string) : Result<byte[], FileError> =
        ImageFile.readAs p.Pictures input path

    /// The same from the file's content; errors call it `name`.
    let ofContent
        (p: Preparation)
        (input: Shape)
        (name: string)
        (content: ReadOnlyMemory<byte>)
        : Result<byte[], FileError> =
        ImageFile.decodeAs p.Pictures input name content

    /// Pixels in the units of the training data.
    let inUnits (p: Preparation) (pixels: byte[]) : float32[] =
        // None where black and white are not known; such a network takes no pictures.
        let units = Units.between PixelRange.bytes p.Range |> Option.defaultValue Units.same
        pixels |> Array.map (float32 >> Units.apply units)

    /// Pixels as input values.
    let values (p: Preparation) (input: Shape) (pixels: byte[]) : float32[] =
        let area = int (Shape.area input)

        inUnits p pixels
        |> Array.mapi (fun i pixel -> Preparation.value p (i / area) pixel)
