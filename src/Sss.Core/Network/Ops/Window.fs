namespace Sss.Core

/// Windows that slide over an image: what convolutions and pools have in common.
[<RequireQualifiedAccess>]
module internal Window =

    let isPadded (pad: Size) = pad.H > 0 || pad.W > 0

    let stride fallback =
        ArgumentSpec.named "stride" (ArgumentKind.Extent 1) fallback

    let one = ArgumentValue.Extent(Size.square 1)

    /// dilation · (K − 1) / 2 rounded down, for each axis; kept small enough to be an `int`.
    let private samePad (kernel: Size) (dilation: Size) : Size =
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
        ArgumentSpec.named
            "pad"
            (ArgumentKind.Extent 0)
            (fun a ->
                samePad (Arguments.extent "kernel" a) (Arguments.extent "dilation" a)
                |> ArgumentValue.Extent
            )
        yield! groups
        ArgumentSpec.namedOr "dilation" (ArgumentKind.Extent 1) one
        OpFacts.biasArgument
    ]

    /// Positions of a sliding window along one axis; 0 or less when the window does not fit.
    let private slide size kernel stride pad dilation =
        let reach = int64 dilation * (int64 kernel - 1L) + 1L
        let room = int64 size + 2L * int64 pad - reach

        if room < 0L then 0 else int (room / int64 stride) + 1

    /// What a convolution's window leaves of an image, or that the window does not fit.
    let convolve
        word
        (channels: int)
        (kernel: Size)
        (stride: Size)
        (pad: Size)
        (dilation: Size)
        (input: Shape)
        : Result<Shape, ShapeProblem list> =
        let output = {
            Channels = channels
            Height = slide input.Height kernel.H stride.H pad.H dilation.H
            Width = slide input.Width kernel.W stride.W pad.W dilation.W
        }

        if output.Height < 1 || output.Width < 1 then
            Error [ ShapeProblem.WindowTooLarge(word, input, kernel) ]
        else
            Ok output
