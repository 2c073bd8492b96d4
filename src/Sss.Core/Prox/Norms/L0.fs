namespace Sss.Core

/// f(x) = γ·(number of xᵢ ≠ 0). Not convex. prox: hard thresholding, xᵢ stays where xᵢ² > 2ηγ and
/// goes to 0 elsewhere (at equality both are minimisers, and 0 is given).
/// Blumensath and Davies, "Iterative thresholding for sparse approximations" (2008).
[<RequireQualifiedAccess>]
module L0 =

    /// γ ≥ 0.
    let create (gamma: float) : Result<Penalty, PenaltyError> =
        Require.atLeastZero "l0" "gamma" gamma
        |> Result.map (fun () ->
            let value x = if x = 0.0 then 0.0 else gamma

            {
                Name = $"l0({gamma})"
                Traits = {
                    Convex = false
                    Separable = true
                    Homogeneous = false
                    Set = false
                }
                Length = None
                Evaluate = Kernel.sum value
                Proximal =
                    Kernel.separable
                        value
                        (fun step x -> if x * x > 2.0 * step * gamma then x else 0.0)
                Conjugate = None
            }
        )
