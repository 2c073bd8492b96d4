namespace Sss.Core

open System

/// Answers whose confidence is in one part of 0 to 1.
type CalibrationBin = {
    /// How many.
    Count: int
    /// Their mean confidence: the probability of the class that the network takes the image for. 0
    /// where there are none.
    Confidence: float
    /// The fraction of them that is right. 0 where there are none.
    Accuracy: float
}

/// Whether a network is right as often as its probabilities say.
type Calibration = {
    /// The expected calibration error: the mean over all answers of |accuracy − confidence| of their bin (C. Guo et
    /// al., "On calibration of modern neural networks", ICML 2017, section 2).
    Error: float
    /// Of equal width, from 0 to 1.
    Bins: CalibrationBin list
}

/// Calibration of answers.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Calibration =

    /// How many bins there are.
    let bins = 15

    /// The bin of a confidence, from 0. Upper ends belong to their bin.
    let binOf (confidence: float) : int =
        Math.Clamp(int (Math.Ceiling(confidence * float bins)) - 1, 0, bins - 1)

    /// Of answers, each with its confidence and whether it is right. None: there are no answers.
    let ofAnswers (answers: (float * bool) seq) : Calibration option =
        let counts = Array.zeroCreate<int> bins
        let confidences = Array.zeroCreate<float> bins
        let right = Array.zeroCreate<int> bins

        for confidence, isRight in answers do
            let bin = binOf confidence
            counts[bin] <- counts[bin] + 1
            confidences[bin] <- confidences[bin] + confidence

            if isRight then
                right[bin] <- right[bin] + 1

        let total = Array.sum counts

        if total = 0 then
            None
        else
            let share bin (sum: float) = sum / float (max 1 counts[bin])

            Some {
                Error =
                    Seq.sum (
                        seq {
                            for bin in 0 .. bins - 1 do
                                abs (float right[bin] - confidences[bin])
                        }
                    )
                    / float total
                Bins = [
                    for bin in 0 .. bins - 1 do
                        {
                            Count = counts[bin]
                            Confidence = share bin confidences[bin]
                            Accuracy = share bin (float right[bin])
                        }
                ]
            }
