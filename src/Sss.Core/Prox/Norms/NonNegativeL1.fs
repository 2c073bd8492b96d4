namespace Sss.Core

open System

/// f(x) = Σ γᵢxᵢ where x ≥ 0, +∞ elsewhere: the lasso's penalty on the non-negative orthant, and
/// what scaling factors are trained with by default. prox_{ηf}(x)ᵢ = max(xᵢ − ηγᵢ, 0). f*(y) = ι(yᵢ
/// ≤ γᵢ). Parikh and Boyd, "Proximal Algorithms" (2014), §6.5.2, with the orthant's constraint.
[<RequireQualifiedAccess>]
module NonNegativeL1 =

    let private traits: Traits = {
        Convex = true
        Separable = true
        Homogeneous = true
        Set = false
    }

    let private term gamma x =
        if Rounding.atMost 0.0 x then
            gamma * x
        else
            Double.PositiveInfinity

    let private within floor x =
        Rounding.indicator (Rounding.atMost floor x)

    let private conjugateAbove gamma floor y =
        if Rounding.atMost y gamma then
            (y - gamma) * floor
        else
            Double.PositiveInfinity

    /// One weight γ ≥ 0 for all coordinates.
    let create (gamma: float) : Result<Penalty, PenaltyError> =
        Require.atLeastZero "nonNegativeL1" "gamma" gamma
        |> Result.map (fun () -> {
            Name = $"nonNegativeL1({gamma})"
            Traits = traits
            Length = None
            Evaluate = Kernel.sum (term gamma)
            Proximal =
                ProxKernel(fun step x destination ->
                    gamma * Elementwise.shrinkToNonNegative (step * gamma) x destination
                )
            Conjugate = Some(Kernel.all (fun _ y -> Rounding.atMost y gamma))
        })

    /// A weight γᵢ ≥ 0 for each coordinate.
    let weighted (gammas: float[]) : Result<Penalty, PenaltyError> =
        Require.each Require.atLeastZero "weightedNonNegativeL1" "gammas" gammas
        |> Result.map (fun () ->
            let gammas = Array.copy gammas

            {
                Name = $"weightedNonNegativeL1({gammas.Length} weights)"
                Traits = traits
                Length = Some gammas.Length
                Evaluate = Kernel.sumIndexed (fun i x -> term gammas[i] x)
                Proximal =
                    ProxKernel(fun step x destination ->
                        Elementwise.shrinkToNonNegativeWeighted
                            step
                            (ReadOnlySpan gammas)
                            x
                            destination
                    )
                Conjugate = Some(Kernel.all (fun i y -> Rounding.atMost y gammas[i]))
            }
        )

    /// A weight γᵢ ≥ 0 and a lower bound lᵢ ≥ 0 for each coordinate: f(x) = Σ γᵢxᵢ where x ≥ l, +∞
    /// elsewhere. prox_{ηf}(x)ᵢ = max(xᵢ − ηγᵢ, lᵢ). f*(y) = Σ (yᵢ − γᵢ)lᵢ where y ≤ γ, +∞ elsewhere.
    let above (floors: float[]) (gammas: float[]) : Result<Penalty, PenaltyError> =
        let name = "nonNegativeL1Above"

        let sameLength () =
            if floors.Length = gammas.Length then
                Ok()
            else
                Error(PenaltyError.LengthsDiffer(name, "floors", gammas.Length, floors.Length))

        Require.each Require.atLeastZero name "gammas" gammas
        |> Result.bind sameLength
        |> Result.bind (fun () -> Require.each Require.atLeastZero name "floors" floors)
        |> Result.map (fun () ->
            let floors, gammas = Array.copy floors, Array.copy gammas

            {
                Name = $"{name}({gammas.Length} weights)"
                Traits = {
                    traits with
                        Homogeneous = Array.forall ((=) 0.0) floors
                }
                Length = Some gammas.Length
                Evaluate = Kernel.sumIndexed (fun i x -> gammas[i] * x + within floors[i] x)
                Proximal =
                    ProxKernel(fun step x destination ->
                        let mutable total = 0.0

                        for i in 0 .. x.Length - 1 do
                            let point = max (x[i] - step * gammas[i]) floors[i]
                            destination[i] <- point
                            total <- total + gammas[i] * point

                        total
                    )
                Conjugate =
                    Some(Kernel.sumIndexed (fun i y -> conjugateAbove gammas[i] floors[i] y))
            }
        )
