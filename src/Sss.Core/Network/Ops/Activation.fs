namespace Sss.Core

/// An element-wise function.
type Activation =
    | Relu
    | Relu6
    /// Slope of the negative side.
    | LeakyRelu of slope: float
    | Silu
    /// The exact form, x·Φ(x).
    | Gelu
    /// x·min(max(x + 3, 0), 6)/6.
    | HardSwish
    | Tanh
    | Sigmoid

/// Facts about element-wise functions. To add one: a case above, its word and its term here, a method
/// of the C# builder, and a line in the tables of fused kernels of `Sss.Torch` and `Sss.Files`.
[<RequireQualifiedAccess>]
module Activation =

    let private slope =
        ArgumentSpec.namedOr "slope" (ArgumentKind.Real RealRange.Any) (ArgumentValue.Real 0.01)

    let internal words: Word<Activation> list = [
        Word.plain "relu" Relu
        Word.plain "relu6" Relu6
        {
            Name = "leakyrelu"
            Example = ""
            Arguments = [ slope ]
            Make = Arguments.real "slope" >> LeakyRelu
        }
        Word.plain "silu" Silu
        Word.plain "gelu" Gelu
        Word.plain "hardswish" HardSwish
        Word.plain "tanh" Tanh
        Word.plain "sigmoid" Sigmoid
    ]

    let private zero, one = Term.Number 0.0, Term.Number 1.0

    /// 1 + exp(−x).
    let private onePlusExp = Term.Add(one, Term.Exp(Term.Subtract(zero, Term.X)))

    /// min(max(x + 3, 0), 6).
    let private relu6OfPlus3 =
        Term.Min(Term.Number 6.0, Term.Max(zero, Term.Add(Term.X, Term.Number 3.0)))

    /// Its word, the values of its arguments, and the function.
    let private describe (activation: Activation) : string * (string * ArgumentValue) list * Term =
        match activation with
        | Relu -> "relu", [], Term.Max(zero, Term.X)
        | Relu6 -> "relu6", [], Term.Min(Term.Number 6.0, Term.Max(zero, Term.X))
        | LeakyRelu slope ->
            "leakyrelu",
            [ "slope", ArgumentValue.Real slope ],
            Term.Add(
                Term.Max(zero, Term.X),
                Term.Multiply(Term.Number slope, Term.Min(zero, Term.X))
            )
        | Silu -> "silu", [], Term.Divide(Term.X, onePlusExp)
        | Gelu ->
            "gelu",
            [],
            Term.Multiply(
                Term.Multiply(Term.Number 0.5, Term.X),
                Term.Add(one, Term.Erf(Term.Divide(Term.X, Term.Number(sqrt 2.0))))
            )
        | HardSwish ->
            "hardswish", [], Term.Divide(Term.Multiply(Term.X, relu6OfPlus3), Term.Number 6.0)
        | Tanh -> "tanh", [], Term.Tanh Term.X
        | Sigmoid -> "sigmoid", [], Term.Divide(one, onePlusExp)

    /// The word that the language has for it.
    let word (activation: Activation) : string =
        let word, _, _ = describe activation
        word

    /// The function, written out.
    let term (activation: Activation) : Term =
        let _, _, term = describe activation
        term

    let internal facts (activation: Activation) : OpFacts<Activation> =
        let word, arguments, term = describe activation

        {
            Word = word
            Arguments = arguments
            Output = Ok
            FixedOutput = None
            Arrays = fun _ -> []
            Macs = fun _ _ -> 0L
            Coupling = Coupling.Apart
            Constants = fun _ _ -> Array.map (Known.map (Term.evaluate term))
            Affine = None
            KeepsZero = (Term.evaluate term 0.0 = 0.0)
            Carries = Carries.Nothing
            CancelsGain = false
            Takes = Takes.Nothing
            EndsScaledBranch = false
            Bias = None
            Narrow = fun _ -> activation
            Family = Family.Pointwise
            IsRandom = false
            KeepsInput = false
        }
