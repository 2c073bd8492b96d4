namespace Sss.Core

open System

/// Scores of classes as probabilities.
[<RequireQualifiedAccess>]
module Softmax =

    /// log Σ exp of one image's scores, at double precision.
    let logSum (scores: ReadOnlySpan<float32>) : float =
        let mutable top = Double.NegativeInfinity

        for s in scores do
            top <- max top (float s)

        let mutable sum = 0.0

        for s in scores do
            sum <- sum + exp (float s - top)

        top + log sum

    /// The probabilities of images × classes, in the same order.
    let ofScores (classes: int) (scores: float32[]) : float32[] =
        let result = Array.zeroCreate scores.Length

        for first in 0..classes .. scores.Length - 1 do
            let total = logSum (ReadOnlySpan(scores, first, classes))

            for i in first .. first + classes - 1 do
                result[i] <- float32 (exp (float scores[i] - total))

        result
