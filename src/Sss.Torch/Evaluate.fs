namespace Sss.Torch

open System
open Sss.Core
open Sss.Files
open TorchSharp

/// How a network does on a set of images.
type Evaluation = {
    /// Fraction of images whose largest score is their class's.
    Accuracy: float
    /// Mean cross-entropy.
    Loss: float
    Count: int
}

/// Runs of a model in evaluation mode.
[<RequireQualifiedAccess>]
module Evaluate =

    /// Images a batch. Fixed: sums in floating point depend on how the work is cut.
    let batch = 256

    /// Scores of images N×C×H×W in row-major order, N×classes. Reads the model only, so several
    /// threads may call it at once.
    let scores (model: Model) (images: ReadOnlyMemory<float32>) : float32[] =
        let input = model.Network.Input
        let size = int (Shape.count input)
        let count = images.Length / size
        let classes = model.Network.Classes
        let results = Array.zeroCreate (count * classes)
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()

        for first in 0..batch .. count - 1 do
            use _ = torch.NewDisposeScope()
            let n = min batch (count - first)

            let x =
                torch.empty (
                    [| int64 n; int64 input.Channels; int64 input.Height; int64 input.Width |],
                    dtype = Nullable ScalarType.Float32
                )

            images.Span.Slice(first * size, n * size).CopyTo(Memory.span<float32> x)
            let y = model.Run(Evaluation, x).contiguous()
            (Memory.span<float32> y).CopyTo(results.AsSpan(first * classes, n * classes))

        results

    /// log Σ exp of one image's scores, at double precision.
    let private logSumExp (scores: ReadOnlySpan<float32>) =
        let mutable top = Double.NegativeInfinity

        for s in scores do
            top <- max top (float s)

        let mutable sum = 0.0

        for s in scores do
            sum <- sum + exp (float s - top)

        top + log sum

    /// The class with the largest score, the first of equals.
    let arg (scores: ReadOnlySpan<float32>) =
        let mutable best = 0

        for i in 1 .. scores.Length - 1 do
            if scores[i] > scores[best] then
                best <- i

        best

    /// Scores to probabilities, in place of each image's scores.
    let softmax (classes: int) (scores: float32[]) : float32[] =
        let result = Array.zeroCreate scores.Length

        for first in 0..classes .. scores.Length - 1 do
            let total = logSumExp (ReadOnlySpan(scores, first, classes))

            for i in first .. first + classes - 1 do
                result[i] <- float32 (exp (float scores[i] - total))

        result

    /// The first images of a split as a network sees them, N×C×H×W.
    let images (dataset: Dataset) (split: Split) (count: int) : float32[] =
        let plan = Batch.plain dataset split
        let indices = Array.init count id
        let images = Array.zeroCreate (count * int (Shape.count split.Shape))
        Batch.fill plan 0L (ReadOnlySpan indices) (images.AsSpan())
        images

    /// Accuracy and loss on a split, without augmentation. The same weights give the same bits.
    let run (model: Model) (dataset: Dataset) (split: Split) : Evaluation =
        let plan = Batch.plain dataset split
        let size = int (Shape.count split.Shape)
        let classes = model.Network.Classes
        let mutable right = 0
        let mutable loss = 0.0

        for first in 0..batch .. split.Count - 1 do
            let n = min batch (split.Count - first)
            let indices = Array.init n (fun i -> first + i)
            let images = Array.zeroCreate (n * size)
            Batch.fill plan 0L (ReadOnlySpan indices) (images.AsSpan())
            let y = scores model (ReadOnlyMemory images)

            for i in 0 .. n - 1 do
                let row = ReadOnlySpan(y, i * classes, classes)
                let label = split.Labels[first + i]
                right <- right + (if arg row = label then 1 else 0)
                loss <- loss + logSumExp row - float row[label]

        let count = float (max 1 split.Count)

        {
            Accuracy = float right / count
            Loss = loss / count
            Count = split.Count
        }
