namespace Sss.Core

/// The rule for a network's weights, as a recipe names it. The factors have their own.
[<RequireQualifiedAccess>]
type Optimizer =
    /// Nesterov's accelerated gradient, with the recipe's momentum and L2 decay.
    | Nag
    /// I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019. Both betas are at
    /// least 0 and below 1, eps is above 0.
    | AdamW of beta1: float * beta2: float * eps: float

/// Names and defaults of optimizers.
[<RequireQualifiedAccess>]
module Optimizer =

    /// What trains where a recipe says nothing.
    let standard = Optimizer.Nag

    /// With PyTorch's defaults.
    let adamW = Optimizer.AdamW(0.9, 0.999, 1e-8)

    /// What a recipe and `result.json` call it; parameters aside.
    let word optimizer =
        match optimizer with
        | Optimizer.Nag -> "nag"
        | Optimizer.AdamW _ -> "adamw"

    /// All words, the default first.
    let words = [ "nag"; "adamw" ]

    /// The parameters, with their values.
    let parameters optimizer : (string * float) list =
        match optimizer with
        | Optimizer.Nag -> []
        | Optimizer.AdamW(beta1, beta2, eps) -> [ "beta1", beta1; "beta2", beta2; "eps", eps ]

    /// What is wrong with the parameters: name, value, what it must be.
    let problem optimizer : (string * float * string) option =
        let isBeta value = value >= 0.0 && value < 1.0

        match optimizer with
        | Optimizer.Nag -> None
        | Optimizer.AdamW(beta1, beta2, eps) ->
            if not (isBeta beta1) then
                Some("beta1", beta1, "a number of at least 0 and below 1")
            elif not (isBeta beta2) then
                Some("beta2", beta2, "a number of at least 0 and below 1")
            elif not (eps > 0.0) then
                Some("eps", eps, "a number above 0")
            else
                None
