namespace Sss.Core

open System

/// f*(y) = sup_x ⟨x, y⟩ − f(x) for convex f, by Moreau's decomposition:
/// prox_{ηf*}(x) = x − η·prox_{f/η}(x/η). The inner prox u is a subgradient of f* at the point p,
/// so f*(p) = ⟨p, u⟩ − f(u). Homogeneous functions and indicators of sets change places; f** = f.
/// Parikh and Boyd, "Proximal Algorithms" (2014), §2.5; Beck, "First-Order Methods in
/// Optimization", thm. 6.45.
[<RequireQualifiedAccess>]
module Conjugate =

    /// Refuses penalties that are not convex: for them the decomposition does not hold.
    let create (penalty: Penalty) : Result<Penalty, PenaltyError> =
        match penalty.Conjugate with
        | None -> Error(PenaltyError.NotConvex("conjugate", penalty.Name))
        | Some conjugate ->
            Ok {
                Name = $"conjugate of {penalty.Name}"
                Traits = {
                    Convex = true
                    Separable = penalty.Traits.Separable
                    Homogeneous = penalty.Traits.Set
                    Set = penalty.Traits.Homogeneous
                }
                Length = penalty.Length
                Evaluate = conjugate
                Proximal =
                    Kernel.prox (fun step x ->
                        let inner = Array.map (fun v -> v / step) x

                        let value =
                            penalty.Proximal.Invoke(1.0 / step, ReadOnlySpan inner, Span inner)

                        let point = Array.map2 (fun v u -> v - step * u) x inner

                        // The difference is 0 up to rounding on a set: give the exact value.
                        if penalty.Traits.Homogeneous then
                            point, 0.0
                        else
                            point, Vec.dot point inner - value
                    )
                Conjugate = Some penalty.Evaluate
            }
