namespace Sss.Files

open Sss.Core

/// Functions of one number that files have words for.
[<RequireQualifiedAccess>]
module internal ImportFunctions =

    let private x, zero, one = Term.X, Term.Number 0.0, Term.Number 1.0

    let private clip low high =
        let above =
            match low with
            | Some l -> Term.Max(Term.Number l, x)
            | None -> x

        match high with
        | Some h -> Term.Min(Term.Number h, above)
        | None -> above

    /// The functions that files have a word for.
    let private functions (n: OnnxNode) low high : Map<string, Term> =
        let real name fallback =
            Term.Number(Setting.real name fallback n)

        Map.ofList [
            "Relu", Activation.term Relu
            "LeakyRelu", Activation.term (LeakyRelu(Setting.real "alpha" 0.01 n))
            "Elu", Activation.term (Elu(Setting.real "alpha" 1.0 n))
            "Sigmoid", Activation.term Sigmoid
            "HardSwish", Activation.term HardSwish
            "Mish", Activation.term Mish
            if Setting.text "approximate" "none" n = "none" then
                "Gelu", Activation.term Gelu
            "Tanh", Term.Tanh x
            "Erf", Term.Erf x
            "Exp", Term.Exp x
            "Log", Term.Log x
            "Neg", Term.Subtract(zero, x)
            "Reciprocal", Term.Divide(one, x)
            "Softplus", Term.Log(Term.Add(one, Term.Exp x))
            "HardSigmoid",
            Term.Max(
                zero,
                Term.Min(one, Term.Add(Term.Multiply(real "alpha" 0.2, x), real "beta" 0.5))
            )
            "Clip", clip low high
        ]

    /// Kinds of operations that are read here.
    let kinds = [
        "Relu"
        "LeakyRelu"
        "Elu"
        "Sigmoid"
        "HardSwish"
        "Mish"
        "Gelu"
        "Tanh"
        "Erf"
        "Exp"
        "Log"
        "Neg"
        "Reciprocal"
        "Softplus"
        "HardSigmoid"
        "Clip"
    ]

    /// The function of an operation with one input.
    let ofOne (n: OnnxNode) (inputs: Value' option list) : Term option =
        let bound name index =
            match
                Map.tryFind name n.Settings, List.tryItem index (ImportViews.constants inputs)
            with
            | Some(Setting.Real v), _ -> Some(Constant.decimal v)
            | _, Some(Some c) -> Constant.tryScalar c
            | _ -> None

        Map.tryFind n.Kind (functions n (bound "min" 1) (bound "max" 2))

    /// What the two inputs of an operation become.
    let ofTwo kind (a: Term) (b: Term) : Term option =
        match kind with
        | "Add"
        | "Sum" -> Some(Term.Add(a, b))
        | "Sub" -> Some(Term.Subtract(a, b))
        | "Mul" -> Some(Term.Multiply(a, b))
        | "Div" -> Some(Term.Divide(a, b))
        | "Min" -> Some(Term.Min(a, b))
        | "Max" -> Some(Term.Max(a, b))
        | _ -> None
