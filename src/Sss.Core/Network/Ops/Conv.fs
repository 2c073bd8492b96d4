namespace Sss.Core

/// A convolution. Weights: out × in/groups × kernel height × kernel width.
type Conv = {
    Out: int
    Kernel: Size
    Stride: Size
    Pad: Padding
    Dilation: Size
    /// At least 1; divides the channels in and out. Never a depthwise convolution in disguise: that
    /// is a kind of its own, regardless of the numbers (a convolution with one channel in has one group).
    Groups: int
    Bias: bool
}

/// Facts about `conv`.
[<RequireQualifiedAccess>]
module internal Conv =

    let word: Word<Conv> = {
        Name = "conv"
        Example = "16 3x3"
        Arguments = [
            ArgumentSpec.positional "number of channels" ArgumentKind.Count
            Window.kernel
            yield!
                Window.convolution [
                    ArgumentSpec.namedOr "groups" ArgumentKind.Count (ArgumentValue.Count 1)
                ]
        ]
        Make =
            fun a -> {
                Out = Arguments.count "number of channels" a
                Kernel = Arguments.extent "kernel" a
                Stride = Arguments.extent "stride" a
                Pad = Arguments.padding "pad" a
                Dilation = Arguments.extent "dilation" a
                Groups = Arguments.count "groups" a
                Bias = Arguments.flag "bias" a
            }
    }

    let private window (c: Conv) : Window = {
        Kernel = c.Kernel
        Stride = c.Stride
        Pad = c.Pad
        Dilation = c.Dilation
        Ceil = false
    }

    let private output (c: Conv) (input: Shape) =
        let slid = Window.output word.Name c.Out (window c) input

        let problems = [
            if input.Channels % c.Groups <> 0 then
                ShapeProblem.GroupsDoNotDivide(c.Groups, input.Channels, true)
            if c.Out % c.Groups <> 0 then
                ShapeProblem.GroupsDoNotDivide(c.Groups, c.Out, false)
            match slid with
            | Ok _ -> ()
            | Error found -> yield! found
        ]

        if problems.IsEmpty then slid else Error problems

    let private reading (c: Conv) (input: Shape) : Reading = {
        Groups = c.Groups
        Taps = c.Kernel.H * c.Kernel.W
        IsPadded = Window.isPadded (window c) input
        Block = 1
    }

    let facts (c: Conv) : OpFacts<Conv> = {
        Word = word.Name
        Arguments = [
            "number of channels", ArgumentValue.Count c.Out
            "kernel", ArgumentValue.Extent c.Kernel
            "stride", ArgumentValue.Extent c.Stride
            "pad", ArgumentValue.Padding c.Pad
            "groups", ArgumentValue.Count c.Groups
            "dilation", ArgumentValue.Extent c.Dilation
            "bias", ArgumentValue.Flag c.Bias
        ]
        Output = output c
        FixedOutput = None
        Arrays =
            fun input -> [
                OpFacts.weightArray ArrayAxes.ByOutputAndInput [
                    c.Out
                    input.Channels / c.Groups
                    c.Kernel.H
                    c.Kernel.W
                ]
                if c.Bias then
                    OpFacts.biasArray c.Out
            ]
        Macs =
            fun input output ->
                Count.product [
                    Shape.count output
                    int64 (input.Channels / c.Groups)
                    int64 c.Kernel.H
                    int64 c.Kernel.W
                ]
        Coupling = Coupling.Reads(reading c)
        Constants = fun input -> Linear.constants (reading c input) c.Bias c.Out
        Affine = None
        KeepsZero = not c.Bias
        Carries =
            Carries.Factors(
                if c.Groups > 1 then
                    Grouping.Groups c.Groups
                else
                    Grouping.One
            )
        CancelsGain = false
        Takes = Takes.GainAndShift
        EndsScaledBranch = true
        Bias = Some c.Bias
        Narrow =
            fun left -> {
                c with
                    Out = left.Out
                    Groups = left.Groups
                    Bias = left.Bias
            }
        Family = Family.Weights
        IsRandom = false
        KeepsInput = true
    }
