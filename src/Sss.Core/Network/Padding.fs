namespace Sss.Core

/// Rows and columns on each side of an image.
[<Struct>]
type Sides = {
    Top: int
    Left: int
    Bottom: int
    Right: int
} with

    /// Whether opposite sides are alike.
    member s.IsEven = s.Top = s.Bottom && s.Left = s.Right

/// The padding of a window that slides over an image.
[<RequireQualifiedAccess>]
type Padding =
    | Sides of Sides
    /// As much as makes the output as large as the input divided by the stride, rounded up. The odd
    /// row or column comes at the end.
    | Same

    /// `HxW` where opposite sides are alike, else `TxLxBxR`, or `same`.
    override p.ToString() =
        match p with
        | Padding.Sides s when s.IsEven -> $"{s.Top}x{s.Left}"
        | Padding.Sides s -> $"{s.Top}x{s.Left}x{s.Bottom}x{s.Right}"
        | Padding.Same -> "same"

/// Paddings and what they come to.
[<RequireQualifiedAccess>]
module Padding =

    /// The same above and below, and the same left and right.
    let even (size: Size) : Padding =
        Padding.Sides {
            Top = size.H
            Left = size.W
            Bottom = size.H
            Right = size.W
        }

    /// The same on all sides.
    let square (n: int) : Padding = even (Size.square n)

    let none: Padding = square 0

    /// More than any window needs that fits.
    let private most = 500_000_000L

    /// What `same` adds before and after one axis.
    let private along size kernel stride dilation : struct (int * int) =
        let count = (int64 size + int64 stride - 1L) / int64 stride
        let reach = int64 dilation * (int64 kernel - 1L) + 1L
        let all = max 0L ((count - 1L) * int64 stride + reach - int64 size)
        struct (int (min most (all / 2L)), int (min most (all - all / 2L)))

    /// The rows and columns that a window gets on an input.
    let sides
        (kernel: Size)
        (stride: Size)
        (dilation: Size)
        (input: Shape)
        (padding: Padding)
        : Sides =
        match padding with
        | Padding.Sides sides -> sides
        | Padding.Same ->
            let struct (top, bottom) = along input.Height kernel.H stride.H dilation.H
            let struct (left, right) = along input.Width kernel.W stride.W dilation.W

            {
                Top = top
                Left = left
                Bottom = bottom
                Right = right
            }
