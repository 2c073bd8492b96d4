namespace Sss.Core

open System

/// e_μf(x) = min_u f(u) + ‖u − x‖²/(2μ), f made smooth: for L1 it is Huber's function.
/// prox_{η·e_μf}(x) = (η·u + μ·x)/(η + μ) with u = prox_{(η+μ)f}(x). (e_μf)*(y) = f*(y) +
/// (μ/2)‖y‖². Stays convex and separable; is neither homogeneous nor a set.
/// Beck, "First-Order Methods in Optimization", thm. 6.63 (its derivation needs no convexity:
/// minimise jointly).
[<RequireQualifiedAccess>]
module MoreauEnvelope =

    let private squaredDistance (x: float[]) (y: float[]) =
        Array.fold2 (fun sum a b -> sum + (a - b) * (a - b)) 0.0 x y

    /// Smoothing μ > 0.
    let create (smoothing: float) (penalty: Penalty) : Result<Penalty, PenaltyError> =
        let inner step (x: float[]) =
            let u = Array.zeroCreate x.Length
            let value = penalty.Proximal.Invoke(step, ReadOnlySpan x, Span u)
            u, value

        Require.positive "moreauEnvelope" "smoothing" smoothing
        |> Result.map (fun () -> {
            Name = $"envelope({smoothing}) of {penalty.Name}"
            Traits = {
                penalty.Traits with
                    Homogeneous = false
                    Set = false
            }
            Length = penalty.Length
            Evaluate =
                Kernel.whole (fun x ->
                    let u, value = inner smoothing x
                    value + squaredDistance u x / (2.0 * smoothing)
                )
            Proximal =
                Kernel.prox (fun step x ->
                    let u, value = inner (step + smoothing) x

                    let point =
                        Array.map2
                            (fun u x -> (step * u + smoothing * x) / (step + smoothing))
                            u
                            x

                    point, value + squaredDistance u point / (2.0 * smoothing)
                )
            Conjugate =
                penalty.Conjugate
                |> Option.map (fun conjugate ->
                    Kernel.whole (fun y ->
                        conjugate.Invoke(ReadOnlySpan y) + 0.5 * smoothing * Vec.dot y y
                    )
                )
        })
