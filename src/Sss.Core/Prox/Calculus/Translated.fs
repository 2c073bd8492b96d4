namespace Sss.Core

open System

/// g(x) = f(x − a): prox_{ηg}(x) = a + prox_{ηf}(x − a). g*(y) = f*(y) + ⟨a, y⟩.
/// Convexity, separability and being a set stay; homogeneity only where a = 0.
/// Parikh and Boyd, "Proximal Algorithms" (2014), §2.2, precomposition.
[<RequireQualifiedAccess>]
module Translated =

    /// Moves the penalty's origin to a.
    let create (origin: float[]) (penalty: Penalty) : Result<Penalty, PenaltyError> =
        let lengths =
            match penalty.Length with
            | Some length when length <> origin.Length ->
                Error(PenaltyError.LengthsDiffer("translated", "origin", length, origin.Length))
            | _ -> Ok()

        Require.each Require.finite "translated" "origin" origin
        |> Result.bind (fun () -> lengths)
        |> Result.map (fun () ->
            let origin = Array.copy origin

            {
                Name = $"{penalty.Name} moved"
                Traits = {
                    penalty.Traits with
                        Homogeneous = penalty.Traits.Homogeneous && Array.forall ((=) 0.0) origin
                }
                Length = Some origin.Length
                Evaluate =
                    Kernel.whole (fun x ->
                        penalty.Evaluate.Invoke(ReadOnlySpan(Array.map2 (-) x origin))
                    )
                Proximal =
                    ProxKernel(fun step x destination ->
                        for i in 0 .. x.Length - 1 do
                            destination[i] <- x[i] - origin[i]

                        let value =
                            penalty.Proximal.Invoke(
                                step,
                                Span.op_Implicit destination,
                                destination
                            )

                        for i in 0 .. destination.Length - 1 do
                            destination[i] <- destination[i] + origin[i]

                        value
                    )
                Conjugate =
                    penalty.Conjugate
                    |> Option.map (fun conjugate ->
                        Kernel.whole (fun y ->
                            conjugate.Invoke(ReadOnlySpan y) + Vec.dot origin y
                        )
                    )
            }
        )
