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

/// What the controller is told at a call.
[<RequireQualifiedAccess>]
type BudgetInput = {
    /// |λ| of every structure's iterate; 0 means that it is gone.
    Magnitudes: float[]
    /// The penalty's strength for each structure relative to the others (`FactorGammas.relative`);
    /// 0: never pressed.
    Weights: float[]
    /// The layer whose channels a structure is one of, where they are computed in lanes (`ChannelMultiple`);
    /// None where a structure goes by itself.
    LayerOf: int -> int option
    /// Macs of the network in which the structures for which the function says true are alive.
    MacsOf: (int -> bool) -> int64
    /// What the would-be selected network may cost, in macs.
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

/// What the controller wants until the next call.
[<RequireQualifiedAccess>]
type BudgetDecision = {
    /// γ of every structure.
    Gammas: float[]
    /// Macs of the would-be selected network now.
    Macs: int64
    /// Macs once the marked structures are gone, and those that come back are there.
    Planned: int64
    /// False where even the removal of all that may be pressed does not reach the target.
    Reachable: bool
    State: BudgetState
}
