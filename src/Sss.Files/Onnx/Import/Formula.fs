namespace Sss.Files

open System
open Sss.Core

/// Activations as files write them: in one operation or in many, in any order. They are recognised by
/// what they compute.
[<RequireQualifiedAccess>]
module internal Formula =

    /// What stands for the argument is replaced by another formula.
    let rec substitute (inner: Term) (term: Term) : Term =
        let again = substitute inner

        match term with
        | Term.X -> inner
        | Term.Number _ -> term
        | Term.Add(a, b) -> Term.Add(again a, again b)
        | Term.Subtract(a, b) -> Term.Subtract(again a, again b)
        | Term.Multiply(a, b) -> Term.Multiply(again a, again b)
        | Term.Divide(a, b) -> Term.Divide(again a, again b)
        | Term.Min(a, b) -> Term.Min(again a, again b)
        | Term.Max(a, b) -> Term.Max(again a, again b)
        | Term.Exp a -> Term.Exp(again a)
        | Term.Log a -> Term.Log(again a)
        | Term.Tanh a -> Term.Tanh(again a)
        | Term.Erf a -> Term.Erf(again a)

    let rec size (term: Term) : int =
        match term with
        | Term.X
        | Term.Number _ -> 1
        | Term.Add(a, b)
        | Term.Subtract(a, b)
        | Term.Multiply(a, b)
        | Term.Divide(a, b)
        | Term.Min(a, b)
        | Term.Max(a, b) -> 1 + size a + size b
        | Term.Exp a
        | Term.Log a
        | Term.Tanh a
        | Term.Erf a -> 1 + size a

    /// From −30 to 30, closer together near 0; none on a corner of a known function.
    let private points = [|
        for i in -60 .. 60 do
            let t = (float i + 0.37) / 60.0
            30.0 * t * abs t
    |]

    let private values (term: Term) =
        points |> Array.map (Term.evaluate term)

    let private fixed' =
        lazy
            ([ Relu; Relu6; Silu; Gelu; HardSwish; HardSigmoid; Mish; Tanh; Sigmoid ]
             |> List.map (fun a -> a, values (Activation.term a)))

    let private agree (found: float[]) (expected: float[]) =
        Array.forall2
            (fun f e -> Double.IsFinite f && abs (f - e) <= 2e-6 * (1.0 + abs e))
            found
            expected

    /// A number as a person would have written it, where single precision cannot tell it apart.
    let private neat (x: float) : float = Constant.decimal (float32 x)

    /// The activation that a formula is.
    let tryActivation (term: Term) : Activation option =
        let found = values term

        let known = fixed'.Value |> List.tryFind (fun (_, expected) -> agree found expected)

        match known with
        | Some(activation, _) -> Some activation
        | None ->
            let at = Term.evaluate term

            [
                // A slope of 1 is no activation.
                if neat -(at -1.0) <> 1.0 then
                    LeakyRelu(neat -(at -1.0))
                Elu(neat (at -1.0 / (exp -1.0 - 1.0)))
            ]
            |> List.tryFind (fun a -> agree found (values (Activation.term a)))

    /// Gain and shift of a formula that is a straight line.
    let tryLine (term: Term) : (float * float) option =
        let at = Term.evaluate term
        let shift = at 0.0
        let gain = at 1.0 - shift

        if agree (values term) (points |> Array.map (fun x -> gain * x + shift)) then
            Some(neat gain, neat shift)
        else
            None
