namespace Sss.Core

/// What accelerated proximal gradient must remember between two steps.
type ApgState = {
    /// λ: the output of the prox, exactly sparse. Selections are read from it.
    Iterate: float[]
    /// λ + μv: gradients are taken here. Not sparse where the iterate is.
    Probe: float[]
}

/// Accelerated proximal gradient in two arrays, with a step size η and a momentum μ of its own for
/// each step:
///
///     z_t      = probe_{t−1} − η_t·∇G(probe_{t−1})
///     λ_t      = prox_{η_t·f}(z_t)
///     v_t      = λ_t − λ_{t−1}
///     probe_t  = λ_t + μ_t·v_t
///
/// μ_t, the momentum of step t, is the one that builds the probe of step t + 1. Huang and Wang,
/// "Data-Driven Sparse Structure Selection for Deep Neural Networks" (ECCV 2018), the reformulated
/// updates (eq. 10–12), which keep the look-ahead point only; here the iterate is kept beside it,
/// because only the iterate is exactly sparse.
[<RequireQualifiedAccess>]
module Apg =

    /// Iterate and probe at a start vector (copied).
    let start (x: float[]) : ApgState = {
        Iterate = Array.copy x
        Probe = Array.copy x
    }

    /// One step. Pure: no argument is written to. A gradient of another length, or a step size that
    /// is not finite and positive: ArgumentException.
    let step
        (stepSize: float)
        (momentum: float)
        (penalty: Penalty)
        (gradientAtProbe: float[])
        (state: ApgState)
        : ApgState =
        if gradientAtProbe.Length <> state.Probe.Length then
            invalidArg
                "gradientAtProbe"
                $"The gradient has length {gradientAtProbe.Length}, the state {state.Probe.Length}."

        let z = Array.map2 (fun probe g -> probe - stepSize * g) state.Probe gradientAtProbe
        let next, _ = Penalty.prox penalty stepSize z

        {
            Iterate = next
            Probe = Array.map2 (fun n old -> n + momentum * (n - old)) next state.Iterate
        }

    /// The same as a method: constant step size and momentum, as the reformulation is run.
    let method (stepSize: float) (momentum: float) (penalty: Penalty) : Method<ApgState> = {
        Name = $"apg, step {stepSize}, momentum {momentum}, {penalty.Name}"
        Init = start
        Probe = _.Probe
        Iterate = _.Iterate
        Step = step stepSize momentum penalty
    }
