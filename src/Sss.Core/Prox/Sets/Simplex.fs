namespace Sss.Core

open System

/// The indicator of {x : xᵢ ≥ 0, Σxᵢ = r}. Projection: max(xᵢ − τ, 0) with the τ that makes the sum
/// r, found by sorting. f*(y) = r·max yᵢ. Held, Wolfe, Crowder (1974); Duchi et al., "Efficient
/// projections onto the l1-ball" (2008), figure 1.
[<RequireQualifiedAccess>]
module Simplex =

    /// The projection of a non-empty vector.
    let internal project (radius: float) (x: float[]) =
        let sorted = Array.sortDescending x
        let mutable total = 0.0
        let mutable tau = 0.0

        for i in 0 .. sorted.Length - 1 do
            total <- total + sorted[i]
            let candidate = (total - radius) / float (i + 1)

            if sorted[i] >= candidate then
                tau <- candidate

        Array.map (fun v -> max (v - tau) 0.0) x

    let private inside radius (x: float[]) =
        let total = Array.sum x

        Array.forall (Rounding.atMost 0.0) x
        && Rounding.atMost total radius
        && Rounding.atMost radius total

    /// Radius r > 0; 1 gives the probability simplex. It has no point of length 0, so the prox of
    /// an empty vector has the value +∞.
    let create (radius: float) : Result<Penalty, PenaltyError> =
        Require.positive "simplex" "radius" radius
        |> Result.map (fun () -> {
            Name = $"simplex({radius})"
            Traits = {
                Convex = true
                Separable = false
                Homogeneous = false
                Set = true
            }
            Length = None
            Evaluate = Kernel.whole (inside radius >> Rounding.indicator)
            Proximal =
                Kernel.prox (fun _ x ->
                    if x.Length = 0 then
                        x, Double.PositiveInfinity
                    else
                        project radius x, 0.0
                )
            Conjugate =
                Some(Kernel.whole (fun y -> radius * Array.fold max Double.NegativeInfinity y))
        })
