namespace Sss.Core

open System

/// f(x) = Σ γᵢxᵢ where x ≥ 0, +∞ elsewhere: the lasso's penalty on the non-negative orthant, and
/// what scaling factors are trained with by default. prox_{ηf}(x)ᵢ = max(xᵢ − ηγᵢ, 0). f*(y) = ι(yᵢ
/// ≤ γᵢ). Parikh and Boyd, "Proximal Algorithms" (2014), §6.5.2, with the orthant's constraint.
[<RequireQualifiedAccess>]
module NonNegativeL1 =

    let private traits: Traits = {
        Convex = true
        Separable = true
        Homogeneous = true
        Set = false
    }

    let private term gamma x =
        if Rounding.atMost 0.0 x then
            gamma * x
        else
            Double.PositiveInfinity

    /// One weight γ ≥ 0 for all coordinates.
    let create (gamma: float) : Result<Penalty, PenaltyError> =
        Require.atLeastZero "nonNegativeL1" "gamma" gamma
        |> Result.map (fun () -> {
            Name = $"nonNegativeL1({gamma})"
            Traits = traits
            Length = None
            Evaluate = Kernel.sum (term gamma)
            Proximal =
                ProxKernel(fun step x destination ->
                    gamma * Elementwise.shrinkToNonNegative (step * gamma) x destination
                )
            Conjugate = Some(Kernel.all (fun _ y -> Rounding.atMost y gamma))
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
                Evaluate = Kernel.sumIndexed (fun i x -> term gammas[i] x)
                Proximal =
                    ProxKernel(fun step x destination ->
                        Elementwise.shrinkToNonNegativeWeighted
                            step
                            (ReadOnlySpan gammas)
                            x
                            destination
                    )
                Conjugate = Some(Kernel.all (fun i y -> Rounding.atMost y gammas[i]))
            }
        )
