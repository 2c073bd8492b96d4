namespace Sss.Core

/// How the channels of a join's sides and of its output hang together.
[<RequireQualifiedAccess>]
type JoinCoupling =
    /// Output channel c is made of channel c of every side: they stay or are removed together.
    | Together
    /// The output has the channels of all sides, one side after the other. A side is removed when no
    /// channel of it is kept.
    | InOrder

/// All that the library knows of a join: of how several values of a network become one. There are no
/// defaults that a new join could fall into.
[<NoEquality; NoComparison>]
type JoinFacts = {
    /// Its word in the language; also the stem of automatic names.
    Word: string
    Coupling: JoinCoupling
    /// The output shape for the shapes of the sides; None: they do not fit together.
    Output: Shape list -> Shape option
    /// What is known of the output channels, given what is known of each side's.
    Constants: Known[][] -> Known[]
    /// By output channel: whether a way leads to it from the image without a factor of 0, given what
    /// is known of each side's channels and whether a way leads to them.
    Carries: Known[][] -> bool[][] -> bool[]
    /// By side: which of its channels matter, given what is known of each side's channels and which
    /// output channels matter.
    Needed: Known[][] -> bool[] -> bool[][]
}
