namespace Sss.Core

/// A window that slides over an image: what convolutions and pools have in common.
type internal Window = {
    Kernel: Size
    Stride: Size
    Pad: Padding
    Dilation: Size
    /// Sizes are rounded up: a last window may hang over.
    Ceil: bool
}

/// A window along one axis.
type internal WindowAxis = {
    /// The input's extent.
    Size: int
    Kernel: int
    Stride: int
    /// Padding.
    Before: int
    /// Padding.
    After: int
    Dilation: int
}

/// Windows that slide over an image.
[<RequireQualifiedAccess>]
module internal Window =

    let stride fallback =
        ArgumentSpec.named "stride" (ArgumentKind.Extent 1) fallback

    let one = ArgumentValue.Extent(Size.square 1)

    let pad fallback =
        ArgumentSpec.named "pad" ArgumentKind.Padding fallback

    /// dilation · (K − 1) / 2 rounded down, for each axis; kept small enough to be an `int`.
    let private halfPad (kernel: Size) (dilation: Size) : Size =
        let along k d =
            int (min (int64 d * int64 (k - 1) / 2L) (int64 ArgumentSpec.most))

        {
            H = along kernel.H dilation.H
            W = along kernel.W dilation.W
        }

    let kernel = ArgumentSpec.positional "kernel" ArgumentKind.Kernel

    /// The named arguments of a convolution, around `groups`.
    let convolution (groups: ArgumentSpec list) : ArgumentSpec list = [
        stride (fun _ -> one)
        pad (fun a ->
            halfPad (Arguments.extent "kernel" a) (Arguments.extent "dilation" a)
            |> Padding.even
            |> ArgumentValue.Padding
        )
        yield! groups
        ArgumentSpec.namedOr "dilation" (ArgumentKind.Extent 1) one
        OpFacts.biasArgument
    ]

    /// Rows and columns.
    let axes (window: Window) (input: Shape) : struct (WindowAxis * WindowAxis) =
        let pad = Padding.sides window.Kernel window.Stride window.Dilation input window.Pad

        let rows = {
            Size = input.Height
            Kernel = window.Kernel.H
            Stride = window.Stride.H
            Before = pad.Top
            After = pad.Bottom
            Dilation = window.Dilation.H
        }

        let columns = {
            Size = input.Width
            Kernel = window.Kernel.W
            Stride = window.Stride.W
            Before = pad.Left
            After = pad.Right
            Dilation = window.Dilation.W
        }

        struct (rows, columns)

    let private reach axis =
        int64 axis.Dilation * (int64 axis.Kernel - 1L) + 1L

    /// Positions of the window along one axis; 0 where it does not fit. PyTorch's rule: with `ceil` a
    /// last window may hang over, but must start inside the input or the padding before it.
    let private count ceil axis : int =
        let room = int64 axis.Size + int64 axis.Before + int64 axis.After - reach axis
        let stride = int64 axis.Stride

        if room < 0L then
            0
        elif not ceil then
            int (room / stride) + 1
        else
            let count = (room + stride - 1L) / stride + 1L

            if (count - 1L) * stride >= int64 axis.Size + int64 axis.Before then
                int count - 1
            else
                int count

    /// The shape that the window gives, or that it does not fit.
    let output word channels (window: Window) (input: Shape) : Result<Shape, ShapeProblem list> =
        let struct (high, wide) = axes window input

        let output = {
            Channels = channels
            Height = count window.Ceil high
            Width = count window.Ceil wide
        }

        if output.Height < 1 || output.Width < 1 then
            Error [ ShapeProblem.WindowTooLarge(word, input, window.Kernel) ]
        else
            Ok output

    /// Whether some window takes in padding. Rows after the end may be out of reach of all of them.
    let isPadded (window: Window) (input: Shape) : bool =
        let struct (high, wide) = axes window input

        let along axis =
            let last =
                int64 (count window.Ceil axis - 1) * int64 axis.Stride - int64 axis.Before

            axis.Before > 0 || axis.After > 0 && last + reach axis > int64 axis.Size

        along high || along wide
