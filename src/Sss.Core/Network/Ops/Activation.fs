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
    /// min(max(x + 3, 0), 6)/6.
    | HardSigmoid
    /// x·tanh(ln(1 + eˣ)).
    | Mish
    /// x, or α·(eˣ − 1) where x is negative.
    | Elu of alpha: float
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
        Word.plain "hardsigmoid" HardSigmoid
        Word.plain "mish" Mish
        {
            Name = "elu"
            Example = ""
            Arguments = [
                ArgumentSpec.namedOr
                    "alpha"
                    (ArgumentKind.Real RealRange.Any)
                    (ArgumentValue.Real 1.0)
            ]
            Make = Arguments.real "alpha" >> Elu
        }
        Word.plain "tanh" Tanh
        Word.plain "sigmoid" Sigmoid
    ]

    let private zero, one = Term.Number 0.0, Term.Number 1.0

    /// 1 + exp(−x).
    let private onePlusExp = Term.Add(one, Term.Exp(Term.Subtract(zero, Term.X)))

    /// min(max(x + 3, 0), 6).
    let private relu6OfPlus3 =
        Term.Min(Term.Number 6.0, Term.Max(zero, Term.Add(Term.X, Term.Number 3.0)))

    /// x·(e² + 2e)/(e² + 2e + 2) for e = eˣ, which is x·tanh(ln(1 + e)) without loss of digits for small
    /// e. From 20 on the fraction is 1 at double precision, and e would soon be too large.
    let private mish =
        let e = Term.Exp(Term.Min(Term.Number 20.0, Term.X))
        let n = Term.Multiply(e, Term.Add(e, Term.Number 2.0))
        Term.Multiply(Term.X, Term.Divide(n, Term.Add(n, Term.Number 2.0)))

    /// eˣ − 1 for x up to 0, as 2t/(1 − t) for t = tanh(x/2): exact near 0 as well.
    let private negativeExpMinus1 =
        let half = Term.Divide(Term.Min(zero, Term.X), Term.Number 2.0)
        let t = Term.Tanh half
        Term.Divide(Term.Multiply(Term.Number 2.0, t), Term.Subtract(one, t))

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
        | HardSigmoid -> "hardsigmoid", [], Term.Divide(relu6OfPlus3, Term.Number 6.0)
        | Mish -> "mish", [], mish
        | Elu alpha ->
            "elu",
            [ "alpha", ArgumentValue.Real alpha ],
            Term.Add(Term.Max(zero, Term.X), Term.Multiply(Term.Number alpha, negativeExpMinus1))
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
