namespace Sss.Core

/// A depthwise convolution: one filter per channel. Weights: channels × 1 × kernel height × kernel width.
type DepthwiseConv = {
    Kernel: Size
    Stride: Size
    Pad: Padding
    Dilation: Size
    Bias: bool
}

/// Facts about `dwconv`.
[<RequireQualifiedAccess>]
module internal DepthwiseConv =

    let word: Word<DepthwiseConv> = {
        Name = "dwconv"
        Example = "3x3"
        Arguments = [ Window.kernel; yield! Window.convolution [] ]
        Make =
            fun a -> {
                Kernel = Arguments.extent "kernel" a
                Stride = Arguments.extent "stride" a
                Pad = Arguments.padding "pad" a
                Dilation = Arguments.extent "dilation" a
                Bias = Arguments.flag "bias" a
            }
    }

    let private window (c: DepthwiseConv) : Window = {
        Kernel = c.Kernel
        Stride = c.Stride
        Pad = c.Pad
        Dilation = c.Dilation
        Ceil = false
    }

    /// A constant stays one unless the window takes in padding that differs from it.
    let private constants
        (c: DepthwiseConv)
        (shape: Shape)
        (reader: ArrayReader)
        (input: Known[])
        : Known[] =
        let taps = c.Kernel.H * c.Kernel.W

        let bias =
            match reader.Array with
            | Some array when c.Bias -> array ArrayPart.Bias >> Known.ofValue
            | None when c.Bias -> fun _ -> Known.Unknown
            | Some _
            | None -> fun _ -> Known.Dead

        let total =
            match reader.Array with
            | Some array ->
                let weight = array ArrayPart.Weight
                fun channel -> OpFacts.sumOf weight (channel * taps) taps
            | None -> fun _ -> 1.0

        let isPadded = Window.isPadded (window c) shape

        input
        |> OpFacts.apart (fun channel state ->
            match state with
            | Known.Live -> Known.Live
            | Known.Dead -> bias channel
            | Known.Unknown -> if isPadded then Known.Live else Known.Unknown
            | Known.Constant value ->
                if isPadded then
                    Known.Live
                else
                    Known.ofValue (Known.value (bias channel) + value * total channel)
        )

    let facts (c: DepthwiseConv) : OpFacts<DepthwiseConv> = {
        Word = word.Name
        Arguments = [
            "kernel", ArgumentValue.Extent c.Kernel
            "stride", ArgumentValue.Extent c.Stride
            "pad", ArgumentValue.Padding c.Pad
            "dilation", ArgumentValue.Extent c.Dilation
            "bias", ArgumentValue.Flag c.Bias
        ]
        Output = fun input -> Window.output word.Name input.Channels (window c) input
        FixedOutput = None
        Arrays =
            fun input -> [
                OpFacts.weightArray ArrayAxes.ByOutput [ input.Channels; 1; c.Kernel.H; c.Kernel.W ]
                if c.Bias then
                    OpFacts.biasArray input.Channels
            ]
        Macs =
            fun _ output -> Count.product [ Shape.count output; int64 c.Kernel.H; int64 c.Kernel.W ]
        Coupling = Coupling.Apart
        Constants = constants c
        Affine = None
        KeepsZero = false
        Carries = Carries.Factors Grouping.Depthwise
        CancelsGain = false
        Takes = Takes.GainAndShift
        EndsScaledBranch = false
        Bias = Some c.Bias
        Narrow = fun left -> { c with Bias = left.Bias }
        Family = Family.Weights
        IsRandom = false
        KeepsInput = true
    }
