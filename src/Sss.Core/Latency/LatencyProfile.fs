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
    /// By which predictions are multiplied, as a run found it by measuring on its way to a latency. None: a run that is
    /// steered by this profile measures.
    Factor: float option
}

/// Predictions of a profile.
[<RequireQualifiedAccess>]
module LatencyProfile =

    /// The error that is added to predictions, at most: beyond it, more would be removed than the limit is worth.
    let private mostMargin = 0.05

    /// What a target of latency is counted with, without measurements while a network trains.
    let measure (profile: LatencyProfile) : LatencyMeasure = {
        Predict = LatencyModel.predict profile.Model
        FirstFactor =
            profile.Factor |> Option.defaultValue (1.0 + min mostMargin profile.WorstError)
        Dense = profile.Dense
        Multiple = profile.Model.Multiple
        Measure = None
    }
