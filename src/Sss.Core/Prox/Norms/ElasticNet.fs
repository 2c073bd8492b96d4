namespace Sss.Core

/// f(x) = γ₁‖x‖₁ + (γ₂/2)‖x‖₂². prox_{ηf}(x) = S_{ηγ₁}(x)/(1 + ηγ₂). f*(y) = ‖S_{γ₁}(y)‖²/(2γ₂).
/// Zou and Hastie, "Regularization and variable selection via the elastic net" (2005).
[<RequireQualifiedAccess>]
module ElasticNet =

    let private soft threshold x =
        max (x - threshold) 0.0 + min (x + threshold) 0.0

    /// γ₁ ≥ 0 and γ₂ ≥ 0. With γ₁ = 0 it is ridge regression's penalty, with γ₂ = 0 it is L1.
    let create (l1: float) (l2: float) : Result<Penalty, PenaltyError> =
        Require.atLeastZero "elasticNet" "l1" l1
        |> Result.bind (fun () -> Require.atLeastZero "elasticNet" "l2" l2)
        |> Result.map (fun () ->
            let value x = l1 * abs x + 0.5 * l2 * x * x

            {
                Name = $"elasticNet({l1}, {l2})"
                Traits = {
                    Convex = true
                    Separable = true
                    Homogeneous = (l2 = 0.0)
                    Set = false
                }
                Length = None
                Evaluate = Kernel.sum value
                Proximal =
                    Kernel.separable value (fun step x -> soft (step * l1) x / (1.0 + step * l2))
                Conjugate =
                    if l2 = 0.0 then
                        Some(Kernel.all (fun _ y -> Rounding.atMost (abs y) l1))
                    else
                        Some(
                            Kernel.sum (fun y ->
                                let rest = soft l1 y
                                rest * rest / (2.0 * l2)
                            )
                        )
            }
        )
