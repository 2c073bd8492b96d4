namespace Sss.Core

/// An operation whose output channels read all input channels of their group.
type Reading = {
    /// Equally large; both the input's channels and the output's are divided among them.
    Groups: int
    /// Weights that one output channel has for one input channel.
    Taps: int
    /// Whether a constant input other than 0 is not uniform after it: zeros are put around the input, or
    /// not every position of the output has every tap.
    IsPadded: bool
    /// So many output channels, one after the other, stay or are removed together; 1: each by itself.
    Block: int
}

/// How the channels of input and output hang together.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Coupling =
    /// Output channel c is made of input channel c alone.
    | Apart
    /// Output channel o is made of input channel source[o] alone.
    | Moves of source: (Shape -> int[])
    /// Every output channel is made of all input channels of its group.
    | Reads of (Shape -> Reading)
    /// Output channel c is made of input channel c and of what all channels of its group have in
    /// common: a group stays whole or is removed whole. Groups are equally large.
    | Mixes of groups: int

/// Whether a layer's arrays can take up a multiplication of its output and an addition to it, after
/// any factors of its own.
[<RequireQualifiedAccess>]
type Takes =
    | Nothing
    /// A multiplication alone: nothing is added to its output.
    | Gain
    | GainAndShift

/// How output channels form groups, for factors of the kind `group`.
[<RequireQualifiedAccess>]
type Grouping =
    | One
    | Groups of count: int
    /// Every channel separately; factors are of the kind `neuron`.
    | Depthwise

/// Which scaling factors an operation may carry.
[<RequireQualifiedAccess>]
type Carries =
    /// Factors on its output channels or groups.
    | Factors of Grouping
    /// Those of the layer with weights right before it, which it normalises.
    | FactorsOfLayerBefore
    | Nothing

/// The kind of an operation, for the layout of text and pictures.
[<RequireQualifiedAccess>]
type Family =
    /// Weights that read channels or positions.
    | Weights
    | Norm
    | Pointwise
    /// Takes windows together without weights.
    | Pooling
    | Other

/// What the analysis of constants may look up.
[<NoEquality; NoComparison>]
type ArrayReader = {
    /// A value of one of the layer's arrays; None where no weights are given. Constants are then known
    /// to be constant, but not their value.
    Array: (ArrayPart -> int -> float) option
    /// Constants are taken as training sees them: with the batch's own statistics, with dropout, and
    /// safe from later changes of what they depend on.
    InTraining: bool
}

/// What is left of an operation when channels are removed.
type Narrowing = {
    /// Output channels left.
    Out: int
    /// Groups left, of a `Coupling.Reads` with groups.
    Groups: int
    /// The input channels that are left.
    Kept: bool[]
    /// Whether it has a bias then.
    Bias: bool
}

/// All that the library knows of an operation, whatever network it is in. `'op`: its type. Every
/// field must be given: there are no defaults that a new operation could fall into.
[<NoEquality; NoComparison>]
type OpFacts<'op> = {
    /// Its word in the language; also the stem of automatic names.
    Word: string
    /// The values of the word's arguments.
    Arguments: (string * ArgumentValue) list
    /// The output shape for an input shape, or all that is wrong with that input.
    Output: Shape -> Result<Shape, ShapeProblem list>
    /// The output shape where it is the same for every input.
    FixedOutput: Shape option
    /// Its arrays for an input shape, in the order of files.
    Arrays: Shape -> ArraySpec list
    /// Multiply-adds for one input and its output. Only products with weights count.
    Macs: Shape -> Shape -> int64
    Coupling: Coupling
    /// What is known of the output channels, given what is known of the input's, before any factors.
    Constants: Shape -> ArrayReader -> Known[] -> Known[]
    /// Where it is y = gain·x + shift for each channel in evaluation: gain and shift, given a look at
    /// its arrays and a channel. A layer with weights in front can take that up.
    Affine: ((ArrayPart -> int -> float) -> int -> struct (float * float)) option
    /// Whether a channel that is 0 everywhere stays so.
    KeepsZero: bool
    Carries: Carries
    /// Whether it divides a multiplication of its input out again.
    CancelsGain: bool
    Takes: Takes
    /// Whether a branch with a block factor may end in it.
    EndsScaledBranch: bool
    /// Whether it has a bias; None where it cannot have one.
    Bias: bool option
    /// The operation on fewer channels.
    Narrow: Narrowing -> 'op
    Family: Family
    /// Whether it draws random numbers in training.
    IsRandom: bool
    /// Whether the backward pass needs what the layer reads.
    KeepsInput: bool
}

/// Parts that several operations are made of.
[<RequireQualifiedAccess>]
module OpFacts =

    /// The facts of a wider type of operations.
    let map (f: 'a -> 'b) (facts: OpFacts<'a>) : OpFacts<'b> = {
        Word = facts.Word
        Arguments = facts.Arguments
        Output = facts.Output
        FixedOutput = facts.FixedOutput
        Arrays = facts.Arrays
        Macs = facts.Macs
        Coupling = facts.Coupling
        Constants = facts.Constants
        Affine = facts.Affine
        KeepsZero = facts.KeepsZero
        Carries = facts.Carries
        CancelsGain = facts.CancelsGain
        Takes = facts.Takes
        EndsScaledBranch = facts.EndsScaledBranch
        Bias = facts.Bias
        Narrow = facts.Narrow >> f
        Family = facts.Family
        IsRandom = facts.IsRandom
        KeepsInput = facts.KeepsInput
    }

    /// The groups that a layer's output channels form; 1 where none are apart.
    let groups (facts: OpFacts<'op>) (input: Shape) : int =
        match facts.Coupling with
        | Coupling.Reads reading -> (reading input).Groups
        | Coupling.Mixes groups -> groups
        | Coupling.Apart
        | Coupling.Moves _ -> 1

    /// `bias=`: where it is not written, yes unless a `bn` follows.
    let biasArgument: ArgumentSpec =
        ArgumentSpec.named
            "bias"
            ArgumentKind.Flag
            (fun arguments -> ArgumentValue.Flag(not arguments.BeforeNorm))

    /// Weights by He's rule, which always decay.
    let weightArray axes shape : ArraySpec = {
        Part = ArrayPart.Weight
        Shape = shape
        Role = ArrayRole.Weight
        Axes = axes
        Initial = ArrayStart.He
        Decay = ArrayDecay.Always
    }

    /// A bias of 0 for every output channel.
    let biasArray channels : ArraySpec = {
        Part = ArrayPart.Bias
        Shape = [ channels ]
        Role = ArrayRole.Bias
        Axes = ArrayAxes.ByOutput
        Initial = ArrayStart.Value 0.0
        Decay = ArrayDecay.Never
    }

    /// The input channel of each output channel, where every input channel becomes `each` of them, one
    /// after the other.
    let spread (each: int) (channels: int) : int[] =
        Array.init (channels * each) (fun o -> o / each)

    /// Every channel separately.
    let apart (f: int -> Known -> Known) (states: Known[]) : Known[] = Array.mapi f states

    /// The sum of `count` values from `start`.
    let sumOf (at: int -> float) start count : float =
        let mutable sum = 0.0

        for i in start .. start + count - 1 do
            sum <- sum + at i

        sum
