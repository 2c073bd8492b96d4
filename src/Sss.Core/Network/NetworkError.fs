namespace Sss.Core

/// What can be wrong with names.
[<RequireQualifiedAccess>]
type NameProblem =
    /// A label that looks like `word` and a number, where `next` is the number that comes next.
    | AutomaticLabel of label: string * word: string * next: int
    | NotAName of label: string
    | DuplicateName of name: string
    | BranchNumber of number: int * next: int

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

/// Everything that can be wrong with a draft.
[<RequireQualifiedAccess>]
type Problem =
    | Shape of ShapeProblem
    | Name of NameProblem
    | Factor of FactorProblem

/// One mistake in a draft, and where.
type NetworkError = { Problem: Problem; Place: Place }
