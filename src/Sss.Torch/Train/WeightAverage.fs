namespace Sss.Torch

open System
open TorchSharp

/// The exponential moving average of a model's weights and running statistics: after step t, a ← d·a + (1 − d)·w with
/// d = min(D, (1 + t)/(10 + t)), so that a short training does not end near its start (B. T. Polyak, A. B. Juditsky,
/// "Acceleration of stochastic approximation by averaging", 1992, for averages; the bound of d is TensorFlow's, of
/// `ExponentialMovingAverage`). Factors have no part in it. `steps`: those that are done.
[<Sealed>]
type internal WeightAverage(model: Model, decay: float, steps: int64) =
    let weights = torch.zeros_like(model.Weights.Values).DetachFromDisposeScope()
    let statistics = torch.zeros_like(model.Statistics).DetachFromDisposeScope()
    let mutable steps = steps

    /// Laid out as the model's.
    member _.Weights = weights

    /// Laid out as the model's.
    member _.Statistics = statistics

    /// After a step of the model.
    member _.Step() =
        steps <- steps + 1L
        let t = float steps
        let kept = min decay ((1.0 + t) / (10.0 + t))
        use keep = kept.ToScalar()
        use add = (1.0 - kept).ToScalar()
        weights.mul_(keep).add_(model.Weights.Values, add) |> ignore
        statistics.mul_(keep).add_(model.Statistics, add) |> ignore

    interface IDisposable with
        member _.Dispose() =
            weights.Dispose()
            statistics.Dispose()
