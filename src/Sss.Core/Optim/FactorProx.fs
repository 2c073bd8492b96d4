namespace Sss.Core

/// The penalty of a recipe as a `Penalty` on all factors of a network: Σ γᵢ·f(λᵢ), or groups of factors.
/// γ multiplies f, whose own form does not change with it: where `mcp` and `scad` bend is a size of λ,
/// not one of γ.
[<RequireQualifiedAccess>]
module FactorProx =

    /// The factors of each declaration as one group, of weight √(Σγᵢ²). Where they have one γ that is γ times
    /// the square root of their number (Yuan and Lin, 2006), so that factors of equal size move by ηγ
    /// each, as under L1. `counts`: how many factors each declaration has, in the order of λ.
    let groups (counts: int list) (gammas: float[]) : CoordinateGroup list =
        counts
        |> List.mapFold (fun first count -> [| first .. first + count - 1 |], first + count) 0
        |> fst
        |> List.map (fun places -> {
            Weight = places |> Array.sumBy (fun i -> gammas[i] * gammas[i]) |> sqrt
            Coordinates = places
        })

    let private separable (penalty: FactorPenalty) (gammas: float[]) =
        match penalty with
        | FactorPenalty.NonNegative -> NonNegativeL1.weighted gammas
        | FactorPenalty.L1
        | FactorPenalty.GroupL2 -> L1.weighted gammas
        | FactorPenalty.Mcp theta -> Mcp.create 1.0 theta |> Result.bind (Weighted.create gammas)
        | FactorPenalty.Scad a -> Scad.create 1.0 a |> Result.bind (Weighted.create gammas)
        | FactorPenalty.L0 -> L0.create 1.0 |> Result.bind (Weighted.create gammas)

    /// The penalty with a γ and a floor (the least that λ may be) of each factor. Floors above 0 are for the
    /// non-negative L1 alone.
    let create
        (penalty: FactorPenalty)
        (counts: int list)
        (gammas: float[])
        (floors: float[])
        : Result<Penalty, PenaltyError> =
        let hasFloors = Array.exists (fun floor -> floor > 0.0) floors

        match penalty with
        | FactorPenalty.NonNegative when hasFloors -> NonNegativeL1.above floors gammas
        | FactorPenalty.GroupL2 when not hasFloors && not counts.IsEmpty ->
            Require.each Require.atLeastZero "groupL2" "gammas" gammas
            |> Result.bind (fun () -> GroupL2.create gammas.Length (groups counts gammas))
        | FactorPenalty.NonNegative
        | FactorPenalty.L1
        | FactorPenalty.Mcp _
        | FactorPenalty.Scad _
        | FactorPenalty.L0
        | FactorPenalty.GroupL2 ->
            if hasFloors then
                Error(PenaltyError.NoFloors(FactorPenalty.word penalty))
            else
                separable penalty gammas

    /// Whether its parameter is one that it can have.
    let check (penalty: FactorPenalty) : Result<unit, PenaltyError> =
        create penalty [] [||] [||] |> Result.map ignore
