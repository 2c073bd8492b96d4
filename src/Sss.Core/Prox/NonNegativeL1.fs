namespace Sss

open System

/// f(x) = Σ γᵢxᵢ where x ≥ 0, +∞ elsewhere: the lasso's penalty on the non-negative orthant, and what scaling
/// factors are trained with by default. prox_{ηf}(x)ᵢ = max(xᵢ − ηγᵢ, 0). f*(y) = ι(yᵢ ≤ γᵢ).
/// Parikh and Boyd, "Proximal Algorithms" (2014), §6.5.2, with the orthant's constraint.
[<RequireQualifiedAccess>]
module NonNegativeL1 =

    let private traits = {
        Convex = true
        Separable = true
        Homogeneous = true
        Set = false
    }

    /// One weight γ ≥ 0 for all coordinates.
    let create (gamma: float) : Result<Penalty, PenaltyError> =
        Require.atLeastZero "nonNegativeL1" "gamma" gamma
        |> Result.map (fun () -> {
            Name = $"nonNegativeL1({gamma})"
            Traits = traits
            Length = None
            Evaluate =
                ValueKernel(fun x ->
                    let mutable sum = 0.0
                    let mutable inside = true

                    for v in x do
                        sum <- sum + v
                        inside <- inside && v >= 0.0

                    if inside then gamma * sum else Double.PositiveInfinity
                )
            Proximal =
                ProxKernel(fun step x destination ->
                    gamma * Elementwise.shrinkToNonNegative (step * gamma) x destination
                )
            Conjugate =
                Some(
                    ValueKernel(fun y ->
                        let mutable inside = true

                        for v in y do
                            inside <- inside && Rounding.atMost v gamma

                        Rounding.indicator inside
                    )
                )
        })

    /// A weight γᵢ ≥ 0 for each coordinate.
    let weighted (gammas: float[]) : Result<Penalty, PenaltyError> =
        Require.each Require.atLeastZero "weightedNonNegativeL1" "gammas" gammas
        |> Result.map (fun () ->
            let gammas = Array.copy gammas

            {
                Name = $"weightedNonNegativeL1({gammas.Length} weights)"
                Traits = traits
                Length = Some gammas.Length
                Evaluate =
                    ValueKernel(fun x ->
                        let mutable sum = 0.0
                        let mutable inside = true

                        for i in 0 .. x.Length - 1 do
                            sum <- sum + gammas[i] * x[i]
                            inside <- inside && x[i] >= 0.0

                        if inside then sum else Double.PositiveInfinity
                    )
                Proximal =
                    ProxKernel(fun step x destination ->
                        Elementwise.shrinkToNonNegativeWeighted
                            step
                            (ReadOnlySpan gammas)
                            x
                            destination
                    )
                Conjugate =
                    Some(
                        ValueKernel(fun y ->
                            let mutable inside = true

                            for i in 0 .. y.Length - 1 do
                                inside <- inside && Rounding.atMost y[i] gammas[i]

                            Rounding.indicator inside
                        )
                    )
            }
        )
