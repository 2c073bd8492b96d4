namespace Sss.Core

open System

/// The minimax concave penalty: f(x) = Σ γ|xᵢ| − xᵢ²/(2θ) where |xᵢ| ≤ θγ, θγ²/2 beyond. Not
/// convex; does not shrink large values. prox for η < θ: firm thresholding, 0 up to ηγ, then (|x| −
/// ηγ)/(1 − η/θ) up to θγ, then x. For η ≥ θ the objective is concave up to θγ, so it is hard
/// thresholding at γ√(ηθ). Zhang, "Nearly unbiased variable selection under minimax concave
/// penalty" (2010), eq. 2.1.
[<RequireQualifiedAccess>]
module Mcp =

    /// γ ≥ 0, θ > 0.
    let create (gamma: float) (theta: float) : Result<Penalty, PenaltyError> =
        Require.atLeastZero "mcp" "gamma" gamma
        |> Result.bind (fun () -> Require.positive "mcp" "theta" theta)
        |> Result.map (fun () ->
            let knee = theta * gamma

            let value x =
                let u = abs x

                if u <= knee then
                    gamma * u - u * u / (2.0 * theta)
                else
                    0.5 * theta * gamma * gamma

            let prox step x =
                let u = abs x

                if step >= theta then
                    if u > gamma * sqrt (step * theta) then x else 0.0
                elif u <= step * gamma then
                    0.0
                elif u <= knee then
                    Math.CopySign((u - step * gamma) / (1.0 - step / theta), x)
                else
                    x

            {
                Name = $"mcp({gamma}, {theta})"
                Traits = {
                    Convex = false
                    Separable = true
                    Homogeneous = false
                    Set = false
                }
                Length = None
                Evaluate = Kernel.sum value
                Proximal = Kernel.separable value prox
                Conjugate = None
            }
        )
