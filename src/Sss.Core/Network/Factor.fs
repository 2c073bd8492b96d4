namespace Sss.Core

/// What a scaling factor switches.
type FactorKind =
    /// One factor per output channel (or feature) of a layer with weights, or of the `bn` after one.
    | Neuron
    /// One factor per group of a grouped convolution or of the `bn` after one.
    | Group
    /// One factor for the whole branch of a residual block.
    | Block
    /// One factor per channel for all layers whose channels are joined, by sums, gates or depthwise
    /// convolutions: it multiplies that channel in each of them.
    | Shared

/// The scaling factors λ of one declaration: `@scale(kind, gamma=…, init=…, min=…)`. Of shared factors every
/// layer that they multiply has one of these.
type Scale = {
    Kind: FactorKind
    /// The layer that has the factors, where that is another one: they are shared, and declared there.
    Owner: string option
    /// How many factors: one per channel, one per group, or one for the block.
    Count: int
    /// Multiplies the recipe's γ of this kind.
    Gamma: float
    /// The value that every λ starts at.
    Init: float
    /// So many of them a target leaves at least; 0: it may take all.
    Min: int
    /// A target leaves all of them alone.
    Keep: bool
}

/// Declarations of factors.
[<RequireQualifiedAccess>]
module Scale =

    /// The layer or residual that the factors are named after, where one of this name carries them.
    let ownerOf (name: string) (scale: Scale) : string = Option.defaultValue name scale.Owner

    /// Whether this is the declaration itself, and not another layer that shares its factors.
    let isDeclared (scale: Scale) : bool = scale.Owner.IsNone
