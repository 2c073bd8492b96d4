namespace Sss.Core

open System

/// f(x) = Σ γᵢ|xᵢ|, the lasso's penalty.
/// prox_{ηf}(x)ᵢ = sign(xᵢ)·max(|xᵢ| − ηγᵢ, 0), soft thresholding. f*(y) = ι(|yᵢ| ≤ γᵢ).
/// Parikh and Boyd, "Proximal Algorithms" (2014), §6.5.2.
[<RequireQualifiedAccess>]
module L1 =

    let private traits: Traits = {
        Convex = true
        Separable = true
        Homogeneous = true
        Set = false
    }

    /// One weight γ ≥ 0 for all coordinates.
    let create (gamma: float) : Result<Penalty, PenaltyError> =
        Require.atLeastZero "l1" "gamma" gamma
        |> Result.map (fun () -> {
            Name = $"l1({gamma})"
            Traits = traits
            Length = None
            Evaluate = Kernel.sum (fun x -> gamma * abs x)
            Proximal =
                ProxKernel(fun step x destination ->
                    gamma * Elementwise.softThreshold (step * gamma) x destination
                )
            Conjugate = Some(Kernel.all (fun _ y -> Rounding.atMost (abs y) gamma))
        })

    /// A weight γᵢ ≥ 0 for each coordinate.
    let weighted (gammas: float[]) : Result<Penalty, PenaltyError> =
        Require.each Require.atLeastZero "weightedL1" "gammas" gammas
        |> Result.map (fun () ->
            let gammas = Array.copy gammas

            {
                Name = $"weightedL1({gammas.Length} weights)"
                Traits = traits
                Length = Some gammas.Length
                Evaluate = Kernel.sumIndexed (fun i x -> gammas[i] * abs x)
                Proximal =
                    ProxKernel(fun step x destination ->
                        Elementwise.softThresholdWeighted step (ReadOnlySpan gammas) x destination
                    )
                Conjugate = Some(Kernel.all (fun i y -> Rounding.atMost (abs y) gammas[i]))
            }
        )
