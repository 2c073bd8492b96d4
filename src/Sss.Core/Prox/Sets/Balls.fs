namespace Sss.Core

open System

/// The indicator of {x : ‖x‖₁ ≤ r}. Projection: x inside; else the signs of x on the projection of
/// |x| onto the simplex of the same radius. f*(y) = r‖y‖_∞. Duchi et al., "Efficient projections
/// onto the l1-ball" (2008), §4.
[<RequireQualifiedAccess>]
module L1Ball =

    /// Radius r ≥ 0.
    let create (radius: float) : Result<Penalty, PenaltyError> =
        let size (x: float[]) = Array.sumBy abs x

        let project x =
            if size x <= radius then
                x
            else
                let magnitudes = Simplex.project radius (Array.map abs x)
                Array.map2 (fun v m -> Math.CopySign(m, v)) x magnitudes

        Require.atLeastZero "l1Ball" "radius" radius
        |> Result.map (fun () -> {
            Name = $"l1Ball({radius})"
            Traits = {
                Convex = true
                Separable = false
                Homogeneous = (radius = 0.0)
                Set = true
            }
            Length = None
            Evaluate = Kernel.whole (fun x -> Rounding.indicator (Rounding.atMost (size x) radius))
            Proximal = Kernel.prox (fun _ x -> project x, 0.0)
            Conjugate =
                Some(Kernel.whole (fun y -> radius * Array.fold (fun m v -> max m (abs v)) 0.0 y))
        })

/// The indicator of {x : ‖x‖₂ ≤ r}. Projection: x inside; else x scaled to length r. f*(y) = r‖y‖₂.
/// Parikh and Boyd, "Proximal Algorithms" (2014), §6.5.1.
[<RequireQualifiedAccess>]
module L2Ball =

    /// Radius r ≥ 0.
    let create (radius: float) : Result<Penalty, PenaltyError> =
        let project x =
            let size = Vec.norm x

            if size <= radius then
                x
            else
                Array.map (fun v -> v * (radius / size)) x

        Require.atLeastZero "l2Ball" "radius" radius
        |> Result.map (fun () -> {
            Name = $"l2Ball({radius})"
            Traits = {
                Convex = true
                Separable = false
                Homogeneous = (radius = 0.0)
                Set = true
            }
            Length = None
            Evaluate =
                Kernel.whole (fun x -> Rounding.indicator (Rounding.atMost (Vec.norm x) radius))
            Proximal = Kernel.prox (fun _ x -> project x, 0.0)
            Conjugate = Some(Kernel.whole (fun y -> radius * Vec.norm y))
        })

/// The indicator of {x : |xᵢ| ≤ r}: a box. f*(y) = r‖y‖₁. Parikh and Boyd, §6.5.1.
[<RequireQualifiedAccess>]
module LInfinityBall =

    /// Radius r ≥ 0.
    let create (radius: float) : Result<Penalty, PenaltyError> =
        Require.atLeastZero "lInfinityBall" "radius" radius
        |> Result.bind (fun () -> Box.create -radius radius)
        |> Result.map (fun box -> {
            box with
                Name = $"lInfinityBall({radius})"
        })
