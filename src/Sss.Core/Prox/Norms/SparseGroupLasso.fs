namespace Sss.Core

/// f(x) = γ‖x‖₁ + Σ_g w_g‖x_g‖₂: sparse groups, and sparse inside groups.
/// prox: soft thresholding first, then the group lasso's shrinkage (in this order it is exact).
/// f*(y) = ι(‖S_γ(y_g)‖ ≤ w_g, |yᵢ| ≤ γ outside the groups).
/// Simon, Friedman, Hastie, Tibshirani, "A sparse-group lasso" (2013); Yu, "On decomposing the
/// proximal map" (2013).
[<RequireQualifiedAccess>]
module SparseGroupLasso =

    let private soft threshold x =
        max (x - threshold) 0.0 + min (x + threshold) 0.0

    /// For vectors of the given length; γ ≥ 0.
    let create
        (gamma: float)
        (length: int)
        (groups: CoordinateGroup list)
        : Result<Penalty, PenaltyError> =
        let name = "sparseGroupLasso"

        Require.atLeastZero name "gamma" gamma
        |> Result.bind (fun () -> CoordinateGroup.check name length groups)
        |> Result.map (fun () ->
            let inGroup = groups |> Seq.collect _.Coordinates |> Set.ofSeq
            let l1 (x: float[]) = gamma * Array.sumBy abs x

            let dualFeasible (y: float[]) =
                let rest = Array.map (soft gamma) y

                groups
                |> List.forall (fun g -> Rounding.atMost (CoordinateGroup.norm rest g) g.Weight)
                && y
                   |> Seq.indexed
                   |> Seq.forall (fun (i, v) ->
                       Set.contains i inGroup || Rounding.atMost (abs v) gamma
                   )

            {
                Name = $"{name}({gamma}, {groups.Length} groups)"
                Traits = {
                    Convex = true
                    Separable = groups |> List.forall (fun g -> g.Coordinates.Length = 1)
                    Homogeneous = true
                    Set = false
                }
                Length = Some length
                Evaluate =
                    Kernel.whole (fun x ->
                        l1 x + List.sumBy (fun g -> g.Weight * CoordinateGroup.norm x g) groups
                    )
                Proximal =
                    Kernel.prox (fun step x ->
                        let point, value =
                            CoordinateGroup.shrink step groups (Array.map (soft (step * gamma)) x)

                        point, value + l1 point
                    )
                Conjugate = Some(Kernel.whole (dualFeasible >> Rounding.indicator))
            }
        )
