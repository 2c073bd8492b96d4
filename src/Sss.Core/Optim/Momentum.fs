namespace Sss.Core

/// Sequences of momenta. μ_t belongs to step t = 1, 2, … and builds the probe of step t + 1.
[<RequireQualifiedAccess>]
module Momentum =

    /// The same μ always; 0.9 is what the method is trained with.
    let constant (mu: float) : int -> float = fun _ -> mu

    /// (t − 1)/(t + 2). Step t + 1 then takes its gradient at λ_t + ((t+1) − 2)/((t+1) + 1)·(λ_t −
    /// λ_{t−1}), the textbook's factor. Parikh and Boyd, "Proximal Algorithms" (2014), §4.3.
    let textbook (t: int) : float = float (t - 1) / float (t + 2)

    /// One term of FISTA's sequence: s ↦ (1 + √(1 + 4s²))/2, from s₁ = 1. Beck and Teboulle, "A
    /// fast iterative shrinkage-thresholding algorithm" (2009), eq. 4.2.
    let fistaTerm (s: float) : float = 0.5 * (1.0 + sqrt (1.0 + 4.0 * s * s))

    /// FISTA's momenta, lazily: (s_t − 1)/s_{t+1} for t = 1, 2, … Ibid., eq. 4.3.
    let fista: seq<float> =
        1.0
        |> Seq.unfold (fun s ->
            let next = fistaTerm s
            Some((s - 1.0) / next, next)
        )
