namespace Sss.Core

/// A transposed convolution. Weights: out × in/groups × kernel height × kernel width. (Others put the
/// input's channels first; so all our layers with weights have one order.)
type Deconv = {
    Out: int
    Kernel: Size
    Stride: Size
    /// What is left out of the output on each side.
    Pad: Size
    /// Rows below and columns on the right that are added to the output; less than the stride.
    OutPad: Size
    /// At least 1; divides the channels in and out.
    Groups: int
    Bias: bool
}

/// Facts about `deconv`.
[<RequireQualifiedAccess>]
module internal Deconv =

    let private zero = ArgumentValue.Extent(Size.square 0)

    let word: Word<Deconv> = {
        Name = "deconv"
        Example = "16 2x2"
        Arguments = [
            ArgumentSpec.positional "number of channels" ArgumentKind.Count
            Window.kernel
            Window.stride (fun _ -> Window.one)
            ArgumentSpec.namedOr "pad" (ArgumentKind.Extent 0) zero
            ArgumentSpec.namedOr "outpad" (ArgumentKind.Extent 0) zero
            ArgumentSpec.namedOr "groups" ArgumentKind.Count (ArgumentValue.Count 1)
            OpFacts.biasArgument
        ]
        Make =
            fun a -> {
                Out = Arguments.count "number of channels" a
                Kernel = Arguments.extent "kernel" a
                Stride = Arguments.extent "stride" a
                Pad = Arguments.extent "pad" a
                OutPad = Arguments.extent "outpad" a
                Groups = Arguments.count "groups" a
                Bias = Arguments.flag "bias" a
            }
    }

    /// The extent along one axis. Kept small enough to be an `int`; what is too large is an error of
    /// its own.
    let private along size kernel stride pad outPad =
        let all =
            (int64 size - 1L) * int64 stride - 2L * int64 pad + int64 kernel + int64 outPad

        int (max 0L (min all (int64 System.Int32.MaxValue)))

    let private output (d: Deconv) (input: Shape) =
        let output = {
            Channels = d.Out
            Height = along input.Height d.Kernel.H d.Stride.H d.Pad.H d.OutPad.H
            Width = along input.Width d.Kernel.W d.Stride.W d.Pad.W d.OutPad.W
        }

        let problems = [
            if input.Channels % d.Groups <> 0 then
                ShapeProblem.GroupsDoNotDivide(d.Groups, input.Channels, true)
            if d.Out % d.Groups <> 0 then
                ShapeProblem.GroupsDoNotDivide(d.Groups, d.Out, false)
            if d.OutPad.H >= d.Stride.H || d.OutPad.W >= d.Stride.W then
                ShapeProblem.OutPadTooLarge(d.OutPad, d.Stride)
            if output.Height < 1 || output.Width < 1 then
                ShapeProblem.PaddingTakesAll(word.Name, input, d.Pad)
        ]

        if problems.IsEmpty then Ok output else Error problems

    /// Its taps reach different positions of the output, so that a constant other than 0 is not uniform
    /// after it: as before padding.
    let private reading (d: Deconv) : Reading = {
        Groups = d.Groups
        Taps = d.Kernel.H * d.Kernel.W
        IsPadded = true
        Block = 1
    }

    let facts (d: Deconv) : OpFacts<Deconv> = {
        Word = word.Name
        Arguments = [
            "number of channels", ArgumentValue.Count d.Out
            "kernel", ArgumentValue.Extent d.Kernel
            "stride", ArgumentValue.Extent d.Stride
            "pad", ArgumentValue.Extent d.Pad
            "outpad", ArgumentValue.Extent d.OutPad
            "groups", ArgumentValue.Count d.Groups
            "bias", ArgumentValue.Flag d.Bias
        ]
        Output = output d
        FixedOutput = None
        Arrays =
            fun input -> [
                OpFacts.weightArray ArrayAxes.ByOutputAndInput [
                    d.Out
                    input.Channels / d.Groups
                    d.Kernel.H
                    d.Kernel.W
                ]
                if d.Bias then
                    OpFacts.biasArray d.Out
            ]
        // Each value of the input meets every tap of every output channel of its group.
        Macs =
            fun input _ ->
                Count.product [
                    Shape.count input
                    int64 (d.Out / d.Groups)
                    int64 d.Kernel.H
                    int64 d.Kernel.W
                ]
        Coupling = Coupling.Reads(fun _ -> reading d)
        Constants = fun _ -> Linear.constants (reading d) d.Bias d.Out
        Affine = None
        KeepsZero = not d.Bias
        Carries =
            Carries.Factors(
                if d.Groups > 1 then
                    Grouping.Groups d.Groups
                else
                    Grouping.One
            )
        CancelsGain = false
        Takes = Takes.GainAndShift
        EndsScaledBranch = true
        Bias = Some d.Bias
        Narrow =
            fun left -> {
                d with
                    Out = left.Out
                    Groups = left.Groups
                    Bias = left.Bias
            }
        Family = Family.Weights
        IsRandom = false
        KeepsInput = true
    }
