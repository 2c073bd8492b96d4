namespace Sss.Core

/// Multi-head self-attention over positions (A. Vaswani et al., "Attention Is All You Need", 2017),
/// up to its output projection, which is a layer of its own. Each head has `Width` channels, so that
/// the output has Heads · Width of them. Query, key and value are projections of all input channels:
/// Heads · Width × input channels each, with a bias.
type Attention = { Heads: int; Width: int }

/// Facts about `attention`.
[<RequireQualifiedAccess>]
module internal Attention =

    let word = "attention"

    /// The channels of a head change one another, and all heads read all channels.
    let private reading (a: Attention) : Reading = {
        Groups = 1
        Taps = 1
        IsPadded = false
        Block = a.Width
    }

    let private weights part role deviation (a: Attention) channels : ArraySpec = {
        Part = part
        Shape = [ a.Heads * a.Width; channels ]
        Role = role
        Axes = ArrayAxes.ByOutputAndInput
        Initial = ArrayStart.Normal deviation
        Decay = ArrayDecay.Always
    }

    let private arrays (a: Attention) (input: Shape) : ArraySpec list =
        // Glorot's rule for the three projections as one matrix, as PyTorch has it.
        let fans = input.Channels + 3 * a.Heads * a.Width
        let deviation = sqrt (2.0 / float fans)

        let bias part role = {
            OpFacts.biasArray (a.Heads * a.Width) with
                Part = part
                Role = role
        }

        [
            weights ArrayPart.Query ArrayRole.InnerWeight deviation a input.Channels
            bias ArrayPart.QueryBias ArrayRole.InnerBias
            weights ArrayPart.Key ArrayRole.InnerWeight deviation a input.Channels
            bias ArrayPart.KeyBias ArrayRole.InnerBias
            weights ArrayPart.Weight ArrayRole.Weight deviation a input.Channels
            bias ArrayPart.Bias ArrayRole.Bias
        ]

    /// Three projections, queries times keys, and that times values.
    let private macs (a: Attention) (input: Shape) : int64 =
        let positions, channels = Shape.area input, int64 (a.Heads * a.Width)

        Count.plus
            (Count.product [ 3L; int64 input.Channels; channels; positions ])
            (Count.product [ 2L; positions; positions; channels ])

    let facts (a: Attention) : OpFacts<Attention> = {
        Word = word
        Arguments = [ "heads", ArgumentValue.Count a.Heads; "width", ArgumentValue.Count a.Width ]
        Output =
            fun input ->
                Ok {
                    input with
                        Channels = a.Heads * a.Width
                }
        FixedOutput = None
        Arrays = arrays a
        Macs = fun input _ -> macs a input
        Coupling = Coupling.Reads(fun _ -> reading a)
        // Where all that is read is constant, so are the values, and a mean of them with any weights.
        Constants = fun _ -> Linear.constants (reading a) true (a.Heads * a.Width)
        Affine = None
        KeepsZero = false
        Carries = Carries.Factors(Grouping.Groups a.Heads)
        CancelsGain = false
        Takes = Takes.GainAndShift
        EndsScaledBranch = false
        Bias = Some true
        Narrow = fun left -> { a with Heads = left.Out / a.Width }
        Family = Family.Weights
        IsRandom = false
        KeepsInput = true
    }
