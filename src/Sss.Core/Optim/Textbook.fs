namespace Sss.Core

/// The state of the textbook's recursion.
[<RequireQualifiedAccess>]
type TextbookState = {
    /// λ_{t−2}
    Previous: float[]
    /// λ_{t−1}
    Current: float[]
    /// t of the next step, from 1.
    Time: int
}

/// Accelerated proximal gradient as textbooks print it:
///
///     d_t = λ_{t−1} + (t − 2)/(t + 1)·(λ_{t−1} − λ_{t−2})
///     z_t = d_t − η·∇G(d_t)
///     λ_t = prox_{ηf}(z_t)
///
/// F(λ_t) − F* ≤ 2L‖λ₀ − λ*‖²/(t + 1)² for η = 1/L, L a Lipschitz constant of ∇G.
/// Parikh and Boyd, "Proximal Algorithms" (2014), §4.3; Beck and Teboulle (2009), thm. 4.4.
[<RequireQualifiedAccess>]
module Textbook =

    /// The look-ahead point d_t.
    let probe (state: TextbookState) : float[] =
        let t = float state.Time
        let factor = (t - 2.0) / (t + 1.0)
        Array.map2 (fun now before -> now + factor * (now - before)) state.Current state.Previous

    /// Constant step size η.
    let method (stepSize: float) (penalty: Penalty) : Method<TextbookState> = {
        Name = $"textbook apg, step {stepSize}, {penalty.Name}"
        Init =
            fun x -> {
                Previous = Array.copy x
                Current = Array.copy x
                Time = 1
            }
        Probe = probe
        Iterate = _.Current
        Step =
            fun gradient state ->
                let z = Array.map2 (fun d g -> d - stepSize * g) (probe state) gradient

                {
                    Previous = state.Current
                    Current = fst (Penalty.prox penalty stepSize z)
                    Time = state.Time + 1
                }
    }

/// The state of FISTA.
[<RequireQualifiedAccess>]
type FistaState = {
    Apg: ApgState
    /// s_t of FISTA's sequence; 1 at the start.
    Term: float
}

/// FISTA: `Apg.step` with the momenta (s_t − 1)/s_{t+1}, s₁ = 1, s_{t+1} = (1 + √(1 + 4s_t²))/2.
/// The bound of the textbook's form holds here too. Beck and Teboulle, "A fast iterative
/// shrinkage-thresholding algorithm" (2009), §4.
[<RequireQualifiedAccess>]
module Fista =

    /// Constant step size η.
    let method (stepSize: float) (penalty: Penalty) : Method<FistaState> = {
        Name = $"fista, step {stepSize}, {penalty.Name}"
        Init = fun x -> { Apg = Apg.start x; Term = 1.0 }
        Probe = _.Apg.Probe
        Iterate = _.Apg.Iterate
        Step =
            fun gradient state ->
                let term = Momentum.fistaTerm state.Term
                let momentum = (state.Term - 1.0) / term

                {
                    Apg = Apg.step stepSize momentum penalty gradient state.Apg
                    Term = term
                }
    }
