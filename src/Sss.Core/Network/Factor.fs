namespace Sss.Core

/// What a scaling factor switches.
type FactorKind =
    /// One factor per output channel (or feature) of a layer with weights, or of the `bn` after one.
    | Neuron
    /// One factor per group of a grouped convolution or of the `bn` after one.
    | Group
    /// One factor for the whole branch of a residual block.
    | Block

/// The scaling factors λ of one declaration: `@scale(kind, gamma=…, init=…)`.
type Scale = {
    Kind: FactorKind
    /// How many factors: one per channel, one per group, or one for the block.
    Count: int
    /// Multiplies the recipe's γ of this kind.
    Gamma: float
    /// The value that every λ starts at.
    Init: float
}
