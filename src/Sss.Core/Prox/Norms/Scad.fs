namespace Sss.Core

open System

/// Smoothly clipped absolute deviation: f(x) = Σ of γ|xᵢ| up to γ, (2aγ|xᵢ| − xᵢ² − γ²)/(2(a − 1))
/// up to aγ, γ²(a + 1)/2 beyond. Not convex. The prox takes the best of the minimisers of the three
/// pieces, so it is exact for every step size, also where the middle piece makes the objective
/// concave. Fan and Li, "Variable selection via nonconcave penalized likelihood and its oracle
/// properties" (2001), eq. 2.7.
[<RequireQualifiedAccess>]
module Scad =

    let private value gamma a x =
        let u = abs x

        if u <= gamma then
            gamma * u
        elif u <= a * gamma then
            (2.0 * a * gamma * u - u * u - gamma * gamma) / (2.0 * (a - 1.0))
        else
            0.5 * gamma * gamma * (a + 1.0)

    let private prox gamma a step x =
        let r = abs x
        let between low high u = min (max u low) high

        let middle =
            // Stationary only where the quadratic (1/η)u² outweighs the concave −u²/(a − 1).
            if step < a - 1.0 then
                ((a - 1.0) * r - step * a * gamma) / (a - 1.0 - step)
            else
                gamma

        let objective u =
            value gamma a u + (u - r) * (u - r) / (2.0 * step)

        let best =
            [
                between 0.0 gamma (r - step * gamma)
                between gamma (a * gamma) middle
                max r (a * gamma)
            ]
            |> List.minBy objective

        Math.CopySign(best, x)

    /// γ ≥ 0, a > 2 (3.7 is usual).
    let create (gamma: float) (a: float) : Result<Penalty, PenaltyError> =
        Require.atLeastZero "scad" "gamma" gamma
        |> Result.bind (fun () -> Require.above 2.0 "scad" "a" a)
        |> Result.map (fun () -> {
            Name = $"scad({gamma}, {a})"
            Traits = {
                Convex = false
                Separable = true
                Homogeneous = false
                Set = false
            }
            Length = None
            Evaluate = Kernel.sum (value gamma a)
            Proximal = Kernel.separable (value gamma a) (prox gamma a)
            Conjugate = None
        })
