namespace Sss.Core

/// Measured times of a network's layers on one machine, from which the time of any network that selection
/// makes of it is predicted.
type LatencyProfile = {
    /// The processor, or another name of the machine.
    Machine: string
    /// `onnxruntime` or `libtorch`.
    Engine: string
    Threads: int
    /// Images of one call.
    Batch: int
    /// The text of the dense network without factors.
    Network: string
    Model: LatencyModel
    /// The dense network's measured time, in milliseconds.
    Dense: float
    /// |predicted − measured| / measured over whole networks of random widths: the median and the worst.
    MedianError: float
    WorstError: float
}

/// Predictions of a profile.
[<RequireQualifiedAccess>]
module LatencyProfile =

    /// The error that is added to predictions, at most: beyond it, more would be removed than the limit is worth.
    let private mostMargin = 0.05

    /// What a target of latency is counted with.
    let measure (profile: LatencyProfile) : LatencyMeasure =
        let predict = LatencyModel.predict profile.Model
        let margin = 1.0 + min mostMargin profile.WorstError

        {
            Predict = fun network -> margin * predict network
            Dense = profile.Dense
        }
