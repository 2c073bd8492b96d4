namespace Sss.Files

open Sss.Core

/// Where the channels of an array of images are.
type ArrayArrangement = {
    /// Of one image, channels first.
    Shape: Shape
    /// Channels are the last extent.
    IsLast: bool
    /// `N x H x W x C`, and so on.
    Text: string
}

/// Why an array has no layout.
[<RequireQualifiedAccess>]
type LayoutFault =
    | NoImages
    /// The second and the last extent may both be the channels.
    | Ambiguous

/// Layouts of arrays of images.
[<RequireQualifiedAccess>]
module ArrayLayout =

    /// Grey and colour.
    let private areUsual extent = extent = 1 || extent = 3

    /// Colour with transparency.
    let private areFour extent = extent = 4

    let private arrangement (c: int) (h: int) (w: int) isLast text = {
        Shape = Shape.create c h w
        IsLast = isLast
        Text = text
    }

    let private first a b c = arrangement a b c false "N x C x H x W"
    let private last a b c = arrangement c a b true "N x H x W x C"

    /// Of four extents the second or the last is the channels. It is the one that is 1 or 3 where the
    /// other is not; then the one that is 4 where the other is not; then the one that leaves square
    /// images where the other does not; where neither extent is 1, 3 or 4, the second, unless only the
    /// last leaves square images. `stated`: `NCHW` or `NHWC` where the file says so.
    let choose (stated: string option) (extents: int list) : Result<ArrayArrangement, LayoutFault> =
        match extents, stated with
        | _ when extents.IsEmpty || List.exists (fun e -> e < 1) extents.Tail ->
            Error LayoutFault.NoImages
        | [ _; features ], _ ->
            Ok {
                Shape = Shape.vector features
                IsLast = false
                Text = "N x F (vectors, not images)"
            }
        | [ _; h; w ], _ -> Ok(arrangement 1 h w false "N x H x W")
        | [ _; a; b; c ], Some "NCHW" -> Ok(first a b c)
        | [ _; a; b; c ], Some "NHWC" -> Ok(last a b c)
        | [ _; a; b; c ], _ ->
            let isFirstSquare = (b = c)
            let isLastSquare = (a = b)

            match areUsual a, areUsual c, areFour a, areFour c with
            | true, false, _, _
            | false, false, true, false -> Ok(first a b c)
            | false, true, _, _
            | false, false, false, true -> Ok(last a b c)
            // One pixel of one channel is the same either way.
            | _ when isFirstSquare && (not isLastSquare || a * b * c = 1) -> Ok(first a b c)
            | false, false, false, false when not isLastSquare -> Ok(first a b c)
            | false, false, false, false -> Error LayoutFault.Ambiguous
            | _ when isLastSquare && not isFirstSquare -> Ok(last a b c)
            | _ -> Error LayoutFault.Ambiguous
        | _ -> Error LayoutFault.NoImages

    /// The values of an array, N × C × H × W.
    let channelsFirst (layout: ArrayArrangement) (data: 'V[]) : 'V[] =
        let channels = layout.Shape.Channels

        if not layout.IsLast || channels = 1 || data.Length = 0 then
            data
        else
            let moved = Array.zeroCreate data.Length
            let area = int (Shape.area layout.Shape)

            for n in 0 .. data.Length / (area * channels) - 1 do
                for p in 0 .. area - 1 do
                    for c in 0 .. channels - 1 do
                        moved[(n * channels + c) * area + p] <- data[(n * area + p) * channels + c]

            moved
