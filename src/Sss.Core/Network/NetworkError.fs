namespace Sss.Core

/// What can be wrong with names.
[<RequireQualifiedAccess>]
type NameProblem =
    /// A label that looks like `word` and a number, where `next` is the number that comes next.
    | AutomaticLabel of label: string * word: string * next: int
    | NotAName of label: string
    | DuplicateName of name: string
    | BranchNumber of number: int * next: int
    /// A further output that is called as something else in an exported file is.
    | OutputName of name: string

/// What can be wrong with scaling factors.
[<RequireQualifiedAccess>]
type FactorProblem =
    /// A factor that the next layer, a bn, takes back.
    | FactorBeforeNorm of word: string
    /// A factor on an activation, a pool, `dropout` or `flatten`.
    | FactorOnPlainLayer of word: string * kind: FactorKind
    /// A bn that carries factors but follows no layer with weights.
    | FactorOnLoneNorm of kind: FactorKind
    /// A factor on the network's outputs.
    | FactorOnOutput of word: string
    | GroupFactorWithoutGroups of word: string
    | GroupFactorOnDepthwise of word: string
    | NeuronFactorOnGroups of word: string * groups: int
    | BlockFactorOnLayer of word: string
    /// A factor of another kind than block on a residual.
    | LayerFactorOnResidual of kind: FactorKind
    /// A scaled branch that ends in something that a factor cannot be folded into.
    | ScaledBranchEnd of last: string
    /// A warning: no other addend of the sum can be zero there.
    | FactorCannotShrink of word: string
    /// Shared factors of channels that would stay without their factor, and the rule that keeps them.
    | SharedStays of word: string * rule: StayRule
    /// Shared factors of channels that are joined among themselves or only in part.
    | SharedInPart of word: string * other: string
    /// Shared factors that would multiply a layer which has factors of its own.
    | SharedWithOwn of word: string * layer: string
    /// Shared factors that are declared again, and not as the first time.
    | SharedTwice of word: string * first: string
    /// Shared factors that are declared on a layer which they would not multiply; those that they would.
    | SharedElsewhere of word: string * layers: string list
    /// A warning: shared factors that multiply no other layer.
    | SharedAlone of word: string

/// Everything that can be wrong with a draft.
[<RequireQualifiedAccess>]
type Problem =
    | Shape of ShapeProblem
    | Name of NameProblem
    | Factor of FactorProblem

/// One mistake in a draft, and where.
type NetworkError = { Problem: Problem; Place: Place }
