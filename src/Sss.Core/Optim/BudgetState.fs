namespace Sss.Core

/// Where the budget controller is.
[<RequireQualifiedAccess>]
type BudgetPhase =
    /// One γ for all, as strong as it takes to bring the last structure that must go to 0 in time.
    | Ramp
    /// γ presses exactly those that must go, and nothing else.
    | Landing
    /// The budget is reached: no pressure on what is kept, and zeros stay.
    | Holding

/// The input of the controller at a call.
[<RequireQualifiedAccess>]
type BudgetInput = {
    /// |λ| of every structure's iterate; 0 means that it is gone.
    Magnitudes: float[]
    /// The penalty's strength for each structure relative to the others (`FactorGammas.relative`);
    /// 0: never pressed.
    Weights: float[]
    /// The layer whose channels a structure is one of, where they are computed in lanes (`ChannelMultiple`);
    /// None where a structure is removed alone.
    LayerOf: int -> int option
    /// So many structures of a layer go together.
    Lane: int
    /// Whether fewer of them than a lane save nothing, so that they are chosen together, too.
    WholeLanes: bool
    /// The cost of the network in which the structures for which the function says true are alive: macs,
    /// or what `CostLimit` makes of several limits.
    CostOf: (int -> bool) -> int64
    /// What the would-be selected network may cost.
    Target: int64
    /// How far a γ of 1 moves a factor until the next call; see `Budget.reach`.
    ReachToNext: float
    /// The same until the deadline; 0 or less once it has passed.
    ReachToDeadline: float
}

/// What the controller remembers between calls.
[<RequireQualifiedAccess>]
type BudgetState = {
    Phase: BudgetPhase
    /// The reach to the deadline at the first call; 0 before it.
    TotalReach: float
    /// The common γ is this times the weight.
    Multiplier: float
    /// Which structures are being pressed out.
    Marked: bool[]
    /// Which structures may not go: those that the landing's choice keeps; see `Budget.floors`.
    Kept: bool[]
    /// Magnitudes at the last call.
    Previous: float[]
}

/// What the controller does to one structure until the next call.
[<Struct; RequireQualifiedAccess>]
type Press =
    /// The penalty's weight.
    | Gamma of gamma: float
    /// Its factor is 0 at every step.
    | Held

/// Presses as numbers, which kernels and checkpoints take.
[<RequireQualifiedAccess>]
module Press =

    /// The γ that nothing withstands: η·γ exceeds any factor and gradient for η above 1e-6. Finite,
    /// so that 0·γ is 0.
    let private held = 1e9

    /// The γ that does it.
    let gamma (press: Press) : float =
        match press with
        | Press.Gamma gamma -> gamma
        | Press.Held -> held

    /// The press of a γ.
    let ofGamma (gamma: float) : Press =
        if System.Double.IsFinite gamma && gamma >= held then
            Press.Held
        else
            Press.Gamma gamma

    let isHeld (press: Press) : bool =
        match press with
        | Press.Held -> true
        | Press.Gamma _ -> false

/// What the controller wants until the next call.
[<RequireQualifiedAccess>]
type BudgetDecision = {
    /// For every structure.
    Presses: Press[]
    /// The cost of the would-be selected network now.
    Cost: int64
    /// The cost once the marked structures are gone, and those that come back are there.
    Planned: int64
    /// Which structures are alive in the network that the controller is on its way to. In a ramp it is what the
    /// order of now would leave.
    Plan: bool[]
    /// False where even the removal of all that may be pressed does not reach the target.
    Reachable: bool
    State: BudgetState
} with

    /// γ of every structure.
    member decision.Gammas = Array.map Press.gamma decision.Presses
