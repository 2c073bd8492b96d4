namespace Sss.Core

/// A function of one number, written out. Interpreters give its value for plain numbers (here), for
/// tensors and as ONNX nodes.
[<RequireQualifiedAccess>]
type Term =
    /// The argument.
    | X
    | Number of float
    | Add of Term * Term
    | Subtract of Term * Term
    | Multiply of Term * Term
    | Divide of Term * Term
    | Min of Term * Term
    | Max of Term * Term
    | Exp of Term
    | Log of Term
    | Tanh of Term
    | Erf of Term

/// Terms on plain numbers.
[<RequireQualifiedAccess>]
module Term =

    /// The error function to about 1e-16 (Taylor series near 0, continued fraction far out).
    /// Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.6 and 7.1.14.
    let erf (x: float) : float =
        let a = abs x

        if a > 6.0 then
            float (sign x)
        elif a < 2.5 then
            // 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)), all terms of one sign.
            let rec sum n term total =
                if abs term < 1e-18 * abs total then
                    total
                else
                    let term = term * 2.0 * x * x / float (2 * n + 1)
                    sum (n + 1) term (total + term)

            if x = 0.0 then
                0.0
            else
                2.0 / sqrt System.Math.PI * exp (-x * x) * sum 1 x x
        else
            // erfc(a) = e^(−a²)/√π · 1/(a + ½/(a + 1/(a + 3/2/(a + …)))), from the inside out.
            let tail = Seq.fold (fun rest n -> a + float n / 2.0 / rest) a (seq { 120..-1..1 })

            float (sign x) * (1.0 - exp (-a * a) / sqrt System.Math.PI / tail)

    /// The value at one number.
    let rec evaluate (term: Term) (x: float) : float =
        match term with
        | Term.X -> x
        | Term.Number value -> value
        | Term.Add(a, b) -> evaluate a x + evaluate b x
        | Term.Subtract(a, b) -> evaluate a x - evaluate b x
        | Term.Multiply(a, b) -> evaluate a x * evaluate b x
        | Term.Divide(a, b) -> evaluate a x / evaluate b x
        | Term.Min(a, b) -> min (evaluate a x) (evaluate b x)
        | Term.Max(a, b) -> max (evaluate a x) (evaluate b x)
        | Term.Exp a -> exp (evaluate a x)
        | Term.Log a -> log (evaluate a x)
        | Term.Tanh a -> tanh (evaluate a x)
        | Term.Erf a -> erf (evaluate a x)
