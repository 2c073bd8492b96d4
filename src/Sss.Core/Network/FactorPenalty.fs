namespace Sss.Core

/// The penalty f on the scaling factors, as a recipe names it. Training puts γᵢ·f on factor i; Sss.Core's
/// `FactorProx` makes the `Penalty` of it.
[<RequireQualifiedAccess>]
type FactorPenalty =
    /// λ on λ ≥ 0: factors start above 0, shrink, and stay at 0 or above. The default.
    | NonNegative
    /// |λ|: a factor may pass through 0 and be negative.
    | L1
    /// The minimax concave penalty: no pressure on |λ| above theta, which is above 0.
    | Mcp of theta: float
    /// Smoothly clipped absolute deviation: |λ| up to 1, no pressure above a, which is above 2.
    | Scad of a: float
    /// 1 for each factor that is not 0.
    | L0
    /// The norm of each declaration's factors together, times the square root of their number.
    | GroupL2

/// Names and properties of penalties on factors.
[<RequireQualifiedAccess>]
module FactorPenalty =

    /// What trains where a recipe says nothing.
    let standard = FactorPenalty.NonNegative

    /// What a recipe and `result.json` call it; parameters aside.
    let word penalty =
        match penalty with
        | FactorPenalty.NonNegative -> "nonneg"
        | FactorPenalty.L1 -> "l1"
        | FactorPenalty.Mcp _ -> "mcp"
        | FactorPenalty.Scad _ -> "scad"
        | FactorPenalty.L0 -> "l0"
        | FactorPenalty.GroupL2 -> "groupl2"

    /// All words, the default first.
    let words = [ "nonneg"; "l1"; "mcp"; "scad"; "l0"; "groupl2" ]

    /// The parameter, with its value.
    let parameter penalty : (string * float) option =
        match penalty with
        | FactorPenalty.Mcp theta -> Some("theta", theta)
        | FactorPenalty.Scad a -> Some("a", a)
        | FactorPenalty.NonNegative
        | FactorPenalty.L1
        | FactorPenalty.L0
        | FactorPenalty.GroupL2 -> None

    /// Whether a target can steer it. A target presses each factor at a speed that it knows
    /// beforehand, keeps what stays above a floor, and holds zeros at 0. Only the non-negative L1 moves
    /// factors at ηγ regardless of their size, one by one, and from one side.
    let takesTarget penalty =
        match penalty with
        | FactorPenalty.NonNegative -> true
        | FactorPenalty.L1
        | FactorPenalty.Mcp _
        | FactorPenalty.Scad _
        | FactorPenalty.L0
        | FactorPenalty.GroupL2 -> false

    /// Whether the published recursions are written for it: their threshold is that of L1.
    let isPublished penalty =
        match penalty with
        | FactorPenalty.NonNegative
        | FactorPenalty.L1 -> true
        | FactorPenalty.Mcp _
        | FactorPenalty.Scad _
        | FactorPenalty.L0
        | FactorPenalty.GroupL2 -> false
