namespace Sss.Torch

open Sss

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
    /// The sum of ηγ over all steps, a kind each: how much penalty a factor has felt.
    Dose: Gamma
}
