namespace Sss.Core

open System

/// g(x) = f(c·x) for c ≠ 0: prox_{ηg}(x) = prox_{c²ηf}(c·x)/c. g*(y) = f*(y/c). All traits stay.
/// Parikh and Boyd, "Proximal Algorithms" (2014), §2.2; Beck, "First-Order Methods in
/// Optimization", thm. 6.11.
[<RequireQualifiedAccess>]
module Precomposed =

    /// c ≠ 0 and finite; a negative c mirrors.
    let create (factor: float) (penalty: Penalty) : Result<Penalty, PenaltyError> =
        let nonZero =
            if factor = 0.0 then
                Error(PenaltyError.IsZero("precomposed", "factor"))
            else
                Ok()

        Require.finite "precomposed" "factor" factor
        |> Result.bind (fun () -> nonZero)
        |> Result.map (fun () -> {
            penalty with
                Name = $"{penalty.Name} of {factor}x"
                Evaluate =
                    Kernel.whole (fun x ->
                        penalty.Evaluate.Invoke(ReadOnlySpan(Array.map (fun v -> factor * v) x))
                    )
                Proximal =
                    ProxKernel(fun step x destination ->
                        for i in 0 .. x.Length - 1 do
                            destination[i] <- factor * x[i]

                        let value =
                            penalty.Proximal.Invoke(
                                factor * factor * step,
                                Span.op_Implicit destination,
                                destination
                            )

                        for i in 0 .. destination.Length - 1 do
                            destination[i] <- destination[i] / factor

                        value
                    )
                Conjugate =
                    penalty.Conjugate
                    |> Option.map (fun conjugate ->
                        Kernel.whole (fun y ->
                            conjugate.Invoke(ReadOnlySpan(Array.map (fun v -> v / factor) y))
                        )
                    )
        })
