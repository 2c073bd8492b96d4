namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open TorchSharp

/// How a predictor converts its input images.
[<RequireQualifiedAccess>]
module internal PredictorInput =

    /// Images N×C×H×W, of stored numbers, to input values N×H×W×C. None: they are input values.
    let fill
        (preparation: Preparation option)
        (input: Shape)
        (images: ReadOnlySpan<float32>)
        (target: Span<float32>)
        =
        let channels = input.Channels
        let area = int (Shape.area input)
        let size = int (Shape.count input)

        for n in 0 .. images.Length / size - 1 do
            for c in 0 .. channels - 1 do
                let plane = images.Slice(n * size + c * area, area)
                let mutable at = n * size + c

                match preparation with
                | None ->
                    for i in 0 .. area - 1 do
                        target[at] <- plane[i]
                        at <- at + channels
                | Some p ->
                    for i in 0 .. area - 1 do
                        target[at] <- Preparation.value p c plane[i]
                        at <- at + channels

/// A network that only predicts: bn and factors are folded into the weights, and images go straight
/// into LibTorch's memory. Several threads may run it at once; each gets the same bits as it would
/// alone. Dispose it when no thread runs it any more.
[<Sealed>]
type Predictor internal (model: Model, preparation: Preparation option) =
    let input = model.Network.Input
    let size = int (Shape.count input)

    /// Images per pass. It depends only on the network, so that results do not depend on how many come.
    let batch = max 1 (min 256 ((1 <<< 24) / size))

    /// What it predicts with.
    member _.Network = model.Network

    /// The first values that the network gives for images, so many of each.
    member private _.Columns(width: int, images: ReadOnlySpan<float32>, scores: Span<float32>) =
        let count = images.Length / size
        let classes = width

        if images.Length % size <> 0 || scores.Length <> count * classes then
            invalidArg
                (nameof scores)
                "The lengths do not match a whole number of images and their scores."

        let mutable first = 0

        while first < count do
            let n = min batch (count - first)
            use _ = torch.NewDisposeScope()
            use _ = torch.no_grad ()

            let shape = [| int64 n; int64 input.Height; int64 input.Width; int64 input.Channels |]

            let rows = torch.empty (shape, dtype = Nullable ScalarType.Float32)
            let given = images.Slice(first * size, n * size)
            PredictorInput.fill preparation input given (Memory.span<float32> rows)
            let images = rows.``to``(model.Place).permute(0L, 3L, 1L, 2L)
            let y = model.Run(Evaluation, images).narrow(1L, 0L, int64 width).contiguous().cpu()
            (Memory.span<float32> y).CopyTo(scores.Slice(first * classes))
            first <- first + n

    /// Scores of images that are after each other, each C×H×W, into `scores`, images × scores.
    /// Pixels and scores pass through no managed array. Lengths that do not fit: ArgumentException.
    member p.Run(images: ReadOnlySpan<float32>, scores: Span<float32>) : unit =
        p.Columns(Network.scores model.Network, images, scores)

    /// The same for all that the network gives, images × values: the scores, and then the values of its further outputs.
    member p.RunAll(images: ReadOnlySpan<float32>, values: Span<float32>) : unit =
        p.Columns(Network.values model.Network, images, values)

    interface IDisposable with
        member _.Dispose() = (model :> IDisposable).Dispose()

/// Making predictors.
[<RequireQualifiedAccess>]
module Predictor =

    /// A predictor of a network. `preparation`: what its images go through, which come as numbers in
    /// the units of the training data; None: they come prepared.
    let create
        (engine: LibTorch)
        (preparation: Preparation option)
        (network: Network)
        (weights: Weights<float32>)
        : Result<Predictor, ModelError> =
        result {
            // Checks the arrays before folding reads them.
            let! model = Model.create engine network weights
            (model :> IDisposable).Dispose()
            let network, weights = Inference.fold network weights
            let! model = Model.create engine network weights
            return new Predictor(model, preparation)
        }
