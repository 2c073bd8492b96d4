namespace Sss.Core

open System

/// (c·f)(x) for c > 0: prox_{η(cf)} = prox_{(ηc)f}. (c·f)*(y) = c·f*(y/c). All traits stay.
/// Parikh and Boyd, "Proximal Algorithms" (2014), §2.2, postcomposition.
[<RequireQualifiedAccess>]
module Scaled =

    /// c > 0, since 0·∞ would have no meaning at the border of a domain.
    let create (factor: float) (penalty: Penalty) : Result<Penalty, PenaltyError> =
        Require.positive "scaled" "factor" factor
        |> Result.map (fun () -> {
            penalty with
                Name = $"{factor}*{penalty.Name}"
                Evaluate = ValueKernel(fun x -> factor * penalty.Evaluate.Invoke x)
                Proximal =
                    ProxKernel(fun step x destination ->
                        factor * penalty.Proximal.Invoke(step * factor, x, destination)
                    )
                Conjugate =
                    penalty.Conjugate
                    |> Option.map (fun conjugate ->
                        Kernel.whole (fun y ->
                            factor
                            * conjugate.Invoke(ReadOnlySpan(Array.map (fun v -> v / factor) y))
                        )
                    )
        })
