namespace Sss.Core

/// f(x) = Σ_g w_g‖x_g‖₂ over disjoint groups of coordinates, the group lasso; coordinates in no
/// group are free. prox: each group shrinks towards 0 as a whole, to exactly 0 where ‖x_g‖ ≤ ηw_g.
/// f*(y) = ι(‖y_g‖ ≤ w_g, 0 outside). Yuan and Lin, "Model selection and estimation in regression
/// with grouped variables" (2006).
[<RequireQualifiedAccess>]
module GroupL2 =

    /// For vectors of the given length.
    let create (length: int) (groups: CoordinateGroup list) : Result<Penalty, PenaltyError> =
        CoordinateGroup.check "groupL2" length groups
        |> Result.map (fun () ->
            let inGroup = groups |> Seq.collect _.Coordinates |> Set.ofSeq

            let dualFeasible (y: float[]) =
                groups
                |> List.forall (fun g -> Rounding.atMost (CoordinateGroup.norm y g) g.Weight)
                && y
                   |> Seq.indexed
                   |> Seq.forall (fun (i, v) ->
                       Set.contains i inGroup || Rounding.atMost (abs v) 0.0
                   )

            {
                Name = $"groupL2({groups.Length} groups)"
                Traits = {
                    Convex = true
                    Separable = groups |> List.forall (fun g -> g.Coordinates.Length = 1)
                    Homogeneous = true
                    Set = false
                }
                Length = Some length
                Evaluate =
                    Kernel.whole (fun x ->
                        groups |> List.sumBy (fun g -> g.Weight * CoordinateGroup.norm x g)
                    )
                Proximal = Kernel.prox (fun step x -> CoordinateGroup.shrink step groups x)
                Conjugate = Some(Kernel.whole (dualFeasible >> Rounding.indicator))
            }
        )
