namespace Sss.Core

open System

/// Σ γᵢ·f(xᵢ) for a separable f and a weight γᵢ ≥ 0 for each coordinate: prox_{η·γᵢf} = prox_{(ηγᵢ)f} at
/// coordinate i. A coordinate with γᵢ = 0 is free: 0·f counts as 0, also where f is +∞. Parikh and
/// Boyd, "Proximal Algorithms" (2014), §2.1 and §2.2.
[<RequireQualifiedAccess>]
module Weighted =

    /// Stretches of equal γ: first coordinate, length, γ. Factors of one layer have one γ, so that these
    /// are few.
    let private stretches (gammas: float[]) : struct (int * int * float)[] =
        let starts =
            [| 0 .. gammas.Length - 1 |]
            |> Array.filter (fun i -> i = 0 || gammas[i] <> gammas[i - 1])

        starts
        |> Array.mapi (fun k first ->
            let next =
                if k + 1 < starts.Length then
                    starts[k + 1]
                else
                    gammas.Length

            struct (first, next - first, gammas[first])
        )

    let private proximal (penalty: Penalty) (parts: struct (int * int * float)[]) =
        ProxKernel(fun step x destination ->
            let mutable total = 0.0

            for struct (first, length, gamma) in parts do
                let here = x.Slice(first, length)
                let there = destination.Slice(first, length)

                // Also where ηγ is too small to be a number above 0.
                if step * gamma = 0.0 then
                    here.CopyTo there
                else
                    total <- total + gamma * penalty.Proximal.Invoke(step * gamma, here, there)

            total
        )

    /// (γf)*(y) = γ·f*(y/γ); that of a free coordinate is 0 at 0 and +∞ elsewhere.
    let private conjugate (parts: struct (int * int * float)[]) (conjugate: ValueKernel) =
        Kernel.whole (fun y ->
            parts
            |> Array.sumBy (fun (struct (first, length, gamma)) ->
                let part = y[first .. first + length - 1]

                if gamma > 0.0 then
                    let scaled = Array.map (fun v -> v / gamma) part
                    gamma * conjugate.Invoke(ReadOnlySpan scaled)
                else
                    part
                    |> Array.forall (fun v -> Rounding.atMost (abs v) 0.0)
                    |> Rounding.indicator
            )
        )

    /// `penalty` is separable and takes vectors of any length; the result takes those of the weights'
    /// length.
    let create (gammas: float[]) (penalty: Penalty) : Result<Penalty, PenaltyError> =
        let separable =
            if penalty.Traits.Separable then
                Ok()
            else
                Error(PenaltyError.NotSeparable("weighted", penalty.Name))

        let anyLength =
            match penalty.Length with
            | Some own -> Error(PenaltyError.FixedLength("weighted", penalty.Name, own))
            | None -> Ok()

        separable
        |> Result.bind (fun () -> anyLength)
        |> Result.bind (fun () -> Require.each Require.atLeastZero "weighted" "gammas" gammas)
        |> Result.map (fun () ->
            let parts = stretches gammas

            {
                Name = $"weighted({penalty.Name}, {gammas.Length} weights)"
                Traits = { penalty.Traits with Set = false }
                Length = Some gammas.Length
                Evaluate =
                    ValueKernel(fun x ->
                        let mutable total = 0.0

                        for struct (first, length, gamma) in parts do
                            if gamma > 0.0 then
                                total <-
                                    total
                                    + gamma * penalty.Evaluate.Invoke(x.Slice(first, length))

                        total
                    )
                Proximal = proximal penalty parts
                Conjugate = penalty.Conjugate |> Option.map (conjugate parts)
            }
        )
