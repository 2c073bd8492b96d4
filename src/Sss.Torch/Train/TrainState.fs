namespace Sss.Torch

open Sss.Core

/// γ of a run that steers towards a target of macs.
type Pressure = {
    /// γ of each factor in the order of λ, until the epoch ends.
    Gammas: float32[]
    Budget: BudgetState
}

/// All that training has to remember between two steps, as plain arrays by key. Random numbers need
/// no place here: they are functions of the seed and the step.
type TrainState = {
    /// Epochs that are done.
    Epoch: int
    /// Steps that are done, in all epochs.
    Step: int64
    /// Weights, running statistics, and the factors' iterate.
    Numbers: Weights<float32>
    /// The factors' probe, keyed `LAYER.factor`.
    Probe: Weights<float32>
    /// The velocity of the published recursions, keyed as the probe; zeros for `apg`.
    FactorVelocity: Weights<float32>
    /// Nesterov's velocity, keyed as the weights.
    Velocity: Weights<float32>
    /// None where the recipe has no target: γ is the recipe's then.
    Pressure: Pressure option
    /// The sum of ηγ over all steps, a kind each: how much penalty a factor has felt.
    Dose: Gamma
}
