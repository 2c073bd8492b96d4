namespace Sss.Core

/// All that the factors' rule remembers between two steps, in the order of λ. A step takes one and gives
/// the next; no array is written to once it is in a state.
type FactorState<'T> = {
    /// λ: exactly sparse. Selections are read here.
    Iterate: 'T[]
    /// Where the next gradient is taken. (The published recursions keep one array that is both.)
    Probe: 'T[]
    /// v of the published recursions; 0 under `apg`, whose velocity is the iterate's last move.
    Velocity: 'T[]
    /// For how many steps each factor of the iterate has been 0 without a break.
    ZeroSteps: int[]
    /// The running mean of the square of each factor's gradient (`Saliency.memory`), from 0.
    Squares: 'T[]
}

/// States of factors.
[<RequireQualifiedAccess>]
module FactorState =

    /// Before the first step: at rest at a start vector.
    let start (x: 'T[]) : FactorState<'T> = {
        Iterate = Array.copy x
        Probe = Array.copy x
        Velocity = Array.zeroCreate x.Length
        ZeroSteps = Array.zeroCreate x.Length
        Squares = Array.zeroCreate x.Length
    }
