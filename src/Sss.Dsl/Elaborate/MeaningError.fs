namespace Sss.Dsl

open Sss.Core

/// Mistakes in the meaning of a text that is syntactically right: names, arguments, values.
[<RequireQualifiedAccess>]
type MeaningProblem =
    // Names
    | UnknownStatement of word: string * guess: string option
    | UnknownName of word: string * guess: string option
    | DuplicateDefinition of name: string * firstLine: int
    | DuplicateParameter of name: string
    /// Definitions that call each other in a circle, the first one again at the end.
    | Cycle of names: string list
    | LabelInRepeat of label: string
    | BranchLabel of label: string
    // Items of a network
    | ItemMissing of word: string
    | ItemTwice of word: string * firstLine: int
    | ItemLate of word: string
    | InputDims of found: string
    /// A warning: the extents look like those of a picture with its channels last.
    | ChannelsLast of channels: int * height: int * width: int
    // Arguments
    | UnknownArgument of word: string * name: string * guess: string option * known: string list
    | ArgumentTwice of name: string
    | MissingArgument of word: string * name: string * example: string option
    | TooManyArguments of word: string * allowed: int
    /// `fix`: what to write, where the value tells it.
    | WrongArgument of argument: string * found: string * expected: string * fix: string option
    | ScaleTwice
    | UnknownScaleKind of word: string * guess: string option
    | ScaleOnCall of word: string
    /// `shared` after another kind than neuron.
    | SharedOfKind of kind: string
    // Values
    | NotAnInteger of what: string * value: float
    | OutOfRange of what: string * value: float * expected: string
    | DivisionByZero
    | NotFinite
    | TooManyLayers of limit: int
    | CallsTooDeep of limit: int
    // Recipe
    | UnknownRecipeItem of word: string * guess: string option
    | RecipeItemTwice of word: string
    | RecipeForm of item: string * expected: string
    | UnknownPenalty of word: string * guess: string option
    /// A penalty that cannot be used with a target.
    | PenaltyWithTarget of word: string
    | UnknownLoss of word: string * guess: string option
    /// A loss for networks that give something else.
    | LossForOther of word: string * network: OutputKind
    /// A recipe's `output` of a name that no output has; those that there are.
    | UnknownOutput of name: string * guess: string option * known: string list
    | UnknownOptimizer of word: string * guess: string option
    /// A warning: a kind of factors without a γ is never penalised.
    | NoGamma of kind: FactorKind

/// One mistake of meaning, and where.
type MeaningError = {
    Problem: MeaningProblem
    Place: Place
}
