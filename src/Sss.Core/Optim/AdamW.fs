namespace Sss.Core

open System

/// What AdamW keeps between steps, one value for each weight.
type AdamWState<'T> = {
    /// Steps that are done.
    Step: int64
    /// The running mean of the gradient.
    Mean: 'T[]
    /// The running mean of its square.
    Square: 'T[]
}

/// The numbers of a rule of AdamW.
type AdamWRule = {
    Beta1: float
    Beta2: float
    Eps: float
    /// Weights that decay are multiplied by 1 − η·decay at each step.
    Decay: float
}

/// AdamW for the weights (I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019,
/// algorithm 2), in the form of PyTorch:
///
///     w ← w·(1 − η·decay)                      (the weights that decay)
///     m ← β₁·m + (1 − β₁)·g
///     v ← β₂·v + (1 − β₂)·g²
///     w ← w − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + eps)
///
/// This is the plain form that the one on tensors is held to.
[<RequireQualifiedAccess>]
module AdamW =

    /// The state before the first step, of this many weights.
    let start (count: int) : AdamWState<float> = {
        Step = 0L
        Mean = Array.zeroCreate count
        Square = Array.zeroCreate count
    }

    /// What a step multiplies with: η corrected for the start of the mean at 0, and the root of the correction of the square.
    let corrections (rule: AdamWRule) (rate: float) (step: int64) : struct (float * float) =
        let toStep (beta: float) = 1.0 - Math.Pow(beta, float step)
        struct (rate / toStep rule.Beta1, sqrt (toStep rule.Beta2))

    /// One step of size η: the weights and the state after it. `decays`: whether a weight decays.
    let step
        (rule: AdamWRule)
        (rate: float)
        (decays: int -> bool)
        (gradient: float[])
        (weights: float[])
        (state: AdamWState<float>)
        : float[] * AdamWState<float> =
        let next = {
            Step = state.Step + 1L
            Mean =
                Array.map2 (fun m g -> rule.Beta1 * m + (1.0 - rule.Beta1) * g) state.Mean gradient
            Square =
                Array.map2
                    (fun v g -> rule.Beta2 * v + (1.0 - rule.Beta2) * g * g)
                    state.Square
                    gradient
        }

        let struct (size, root) = corrections rule rate next.Step

        let moved i w =
            let kept = if decays i then w * (1.0 - rate * rule.Decay) else w
            kept - size * next.Mean[i] / (sqrt next.Square[i] / root + rule.Eps)

        Array.mapi moved weights, next
