namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open TorchSharp

/// A network with its numbers in LibTorch's memory: a function from images to scores that can be
/// differentiated. One thread at a time may train it; evaluation only reads.
[<Sealed>]
type Model
    internal
    (
        network: Network,
        layout: Layout,
        dtype: ScalarType,
        isLow: bool,
        weights: FlatVector,
        factors: FlatVector,
        statistics: Tensor,
        statisticViews: Map<ArrayKey, Tensor>
    ) =
    let run =
        ForwardPass.compileNetwork
            {
                Weight = weights.Leaf
                Factor = factors.Leaf
                Statistic = fun key -> statisticViews[key]
                IsLow = isLow
                IsDouble = dtype = torch.ScalarType.Float64
                IsOnCpu = Memory.isOnCpu weights.Values
            }
            network

    /// What this is a model of.
    member _.Network = network
    /// Where each array is in the flat vectors.
    member _.Layout = layout
    member internal _.DType = dtype
    /// Where its numbers are.
    member internal _.Place = weights.Values.device
    /// w, its gradient and its views.
    member internal _.Weights = weights
    /// λ as the forward pass multiplies with them: the probe while training, the iterate after.
    member internal _.Factors = factors
    /// Running means and variances.
    member internal _.Statistics = statistics
    /// Scores of a batch N×C×H×W on the device of the model; the result belongs to the caller's dispose scope.
    member internal _.Run(mode: Mode, images: Tensor) = run mode images

    interface IDisposable with
        member _.Dispose() =
            for view in statisticViews.Values do
                view.Dispose()

            statistics.Dispose()
            (weights :> IDisposable).Dispose()
            (factors :> IDisposable).Dispose()

/// Creates models and reads their numbers back.
[<RequireQualifiedAccess>]
module Model =

    /// A tensor's bytes are seen through a span, whose length is an Int32. (Arrays are aligned, so the
    /// vectors are a little longer than what `Footprint` counts.)
    let private checkSize (size: int64) network (layout: Layout) =
        let largest =
            List.max [ layout.WeightLength; layout.FactorLength; layout.StatisticsLength ]

        let limit = int64 Int32.MaxValue / size

        if largest > limit then
            Error(TooManyNumbers("numbers of one kind", largest, limit, []))
        else
            Footprint.model size network

    let private empty (place: torch.Device) (network: Network) (dtype: ScalarType) isLow =
        let layout = Layout.ofNetwork network

        result {
            do! Footprint.fits (if dtype = ScalarType.Float64 then 8L else 4L) network
            do! checkSize (if dtype = ScalarType.Float64 then 8L else 4L) network layout
            use _ = torch.NewDisposeScope()
            let weights = new FlatVector(layout.Weights, layout.WeightLength, dtype, place)
            let factors = new FlatVector(layout.Factors, layout.FactorLength, dtype, place)

            let statistics =
                torch
                    .zeros([| layout.StatisticsLength |], dtype = Nullable dtype, device = place)
                    .DetachFromDisposeScope()

            let views =
                layout.Statistics
                |> List.map (fun slot ->
                    slot.Key,
                    statistics.narrow(0L, slot.Offset, slot.Count).DetachFromDisposeScope()
                )
                |> Map.ofList

            let model =
                new Model(network, layout, dtype, isLow, weights, factors, statistics, views)

            match ParameterGroups.check layout weights factors with
            | Ok() -> return model
            | Error e ->
                (model :> IDisposable).Dispose()
                return! Error e
        }

    let private filled<'T
        when 'T: unmanaged and 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
        (engine: LibTorch)
        dtype
        isLow
        network
        (weights: Weights<'T>)
        =
        result {
            let! model = empty engine.Place network dtype isLow

            let fill () =
                result {
                    do! ArrayCopy.copyIn weights model.Weights.Values model.Layout.Weights
                    do! ArrayCopy.copyIn weights model.Factors.Values model.Layout.Factors
                    do! ArrayCopy.copyIn weights model.Statistics model.Layout.Statistics
                }

            match fill () with
            | Ok() -> return model
            | Error e ->
                (model :> IDisposable).Dispose()
                return! Error e
        }

    /// A float32 model with the given numbers on the engine's device; arrays that the network does not
    /// have are ignored.
    let create (engine: LibTorch) (network: Network) (weights: Weights<float32>) =
        filled engine ScalarType.Float32 false network weights

    /// The same to be trained: its numbers are float32, and it computes at the engine's precision.
    let internal createTrained (engine: LibTorch) (network: Network) (weights: Weights<float32>) =
        filled engine ScalarType.Float32 (engine.Precision = Precision.BFloat16) network weights

    /// A float64 model, for proofs of equality.
    let createDouble (engine: LibTorch) (network: Network) (weights: Weights<float>) =
        filled engine ScalarType.Float64 false network weights

    /// A copy of all numbers of a float32 model, by key.
    let weights (model: Model) : Weights<float32> =
        ArrayCopy.copyOut<float32> model.Weights.Values model.Layout.Weights
        @ ArrayCopy.copyOut<float32> model.Factors.Values model.Layout.Factors
        @ ArrayCopy.copyOut<float32> model.Statistics model.Layout.Statistics
        |> Map.ofList
