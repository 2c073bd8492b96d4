namespace Sss.Core

/// Multi-head self-attention over positions (A. Vaswani et al., "Attention Is All You Need", 2017),
/// up to its output projection, which the checker makes a layer of its own. Query, key and value are
/// projections of all input channels: heads · width × input channels each, with a bias.
type Attention = {
    Heads: int
    /// Channels of a head; None: the heads share the input's channels. A checked network has it.
    Width: int option
    /// Channels of the output projection; None: as many as come in. Only a draft has it.
    Out: int option
}

/// Facts about `attention`.
[<RequireQualifiedAccess>]
module internal Attention =

    let word: Word<Attention> = {
        Name = "attention"
        Example = "heads=4"
        Arguments = [
            ArgumentSpec.required "heads" ArgumentKind.Count
            ArgumentSpec.optional "width" ArgumentKind.Count true
            ArgumentSpec.optional "out" ArgumentKind.Count true
        ]
        Make =
            fun a -> {
                Heads = Arguments.count "heads" a
                Width = Arguments.tryCount "width" a
                Out = Arguments.tryCount "out" a
            }
    }

    /// The layer after it that mixes its heads.
    let projection channels : Conv = {
        Out = channels
        Kernel = Size.square 1
        Stride = Size.square 1
        Pad = Padding.none
        Dilation = Size.square 1
        Groups = 1
        Bias = true
    }

    let private width (a: Attention) (input: Shape) : int =
        a.Width |> Option.defaultValue (max 1 (input.Channels / a.Heads))

    let private channels (a: Attention) (input: Shape) : int = a.Heads * width a input

    /// The channels of a head change one another, and all heads read all channels.
    let private reading (a: Attention) (input: Shape) : Reading = {
        Groups = 1
        Taps = 1
        IsPadded = false
        Block = width a input
    }

    let private weights part role deviation (a: Attention) (input: Shape) : ArraySpec = {
        Part = part
        Shape = [ channels a input; input.Channels ]
        Role = role
        Axes = ArrayAxes.ByOutputAndInput
        Initial = ArrayStart.Normal deviation
        Decay = ArrayDecay.Always
    }

    let private arrays (a: Attention) (input: Shape) : ArraySpec list =
        // Glorot's rule for the three projections as one matrix, as PyTorch has it.
        let fans = input.Channels + 3 * channels a input
        let deviation = sqrt (2.0 / float fans)

        let bias part role = {
            OpFacts.biasArray (channels a input) with
                Part = part
                Role = role
        }

        [
            weights ArrayPart.Query ArrayRole.InnerWeight deviation a input
            bias ArrayPart.QueryBias ArrayRole.InnerBias
            weights ArrayPart.Key ArrayRole.InnerWeight deviation a input
            bias ArrayPart.KeyBias ArrayRole.InnerBias
            weights ArrayPart.Weight ArrayRole.Weight deviation a input
            bias ArrayPart.Bias ArrayRole.Bias
        ]

    /// Three projections, queries times keys, and that times values.
    let private macs (a: Attention) (input: Shape) : int64 =
        let positions, channels = Shape.area input, int64 (channels a input)

        Count.plus
            (Count.product [ 3L; int64 input.Channels; channels; positions ])
            (Count.product [ 2L; positions; positions; channels ])

    let facts (a: Attention) : OpFacts<Attention> = {
        Word = word.Name
        Arguments = [
            "heads", ArgumentValue.Count a.Heads
            for name, count in [ "width", a.Width; "out", a.Out ] do
                match count with
                | Some n -> name, ArgumentValue.Count n
                | None -> ()
        ]
        Output =
            fun input ->
                match a.Width with
                | None when input.Channels % a.Heads <> 0 ->
                    Error [ ShapeProblem.HeadsDoNotDivide(a.Heads, input.Channels) ]
                | Some width when int64 a.Heads * int64 width > int64 ArgumentSpec.most ->
                    Error [
                        ShapeProblem.OutputTooLarge(
                            word.Name,
                            {
                                input with
                                    Channels = System.Int32.MaxValue
                            }
                        )
                    ]
                | Some _
                | None ->
                    Ok {
                        input with
                            Channels = channels a input
                    }
        FixedOutput = None
        Arrays = arrays a
        Macs = fun input _ -> macs a input
        Coupling = Coupling.Reads(reading a)
        // Where all that is read is constant, so are the values, and a mean of them with any weights.
        Constants = fun input -> Linear.constants (reading a input) true (channels a input)
        Affine = None
        KeepsZero = false
        Carries = Carries.Factors(Grouping.Groups a.Heads)
        CancelsGain = false
        Takes = Takes.GainAndShift
        EndsScaledBranch = false
        Bias = Some true
        Narrow =
            fun left -> {
                a with
                    Heads = left.Out / Option.defaultValue 1 a.Width
            }
        Family = Family.Weights
        IsRandom = false
        KeepsInput = true
    }
