namespace Sss.Torch

open System
open Sss.Core
open Sss.Files

/// Adds up what a network gives for the images of a split, and compares it with their targets. The loss is
/// the plain one of the task, whatever the recipe trains with: cross-entropy (its mean over the pixels of a mask),
/// binary cross-entropy, or the mean squared difference; so numbers of different recipes can be compared.
type internal Scoring = {
    /// What the network gives for the image of an index, C × H × W.
    See: int -> ReadOnlyMemory<float32> -> unit
    /// The quality and the mean loss so far.
    Result: unit -> Quality * float
}

/// The scoring of each kind of targets. Sums are at double precision.
[<RequireQualifiedAccess>]
module internal Scoring =

    /// The class with the largest score, the first of equals.
    let arg (scores: ReadOnlySpan<float32>) =
        let mutable best = 0

        for i in 1 .. scores.Length - 1 do
            if scores[i] > scores[best] then
                best <- i

        best

    let private ofLabels (labels: int[]) : Scoring =
        let right = ref 0
        let loss = ref 0.0
        let count = ref 0

        {
            See =
                fun index row ->
                    let label = labels[index]

                    if arg row.Span = label then
                        right.Value <- right.Value + 1

                    loss.Value <- loss.Value + (Softmax.logSum row.Span - float row.Span[label])
                    count.Value <- count.Value + 1
            Result =
                fun () ->
                    let total = float (max 1 count.Value)
                    Quality.Classification(float right.Value / total), loss.Value / total
        }

    let private ofMasks (classes: int) (area: int) (masks: uint16[]) : Scoring =
        let counts = Array.zeroCreate<int64>(classes * classes)
        let loss = ref 0.0
        let pixels = ref 0L
        let scores = Array.zeroCreate<float32> classes

        let see index (row: ReadOnlyMemory<float32>) =
            for at in 0 .. area - 1 do
                for c in 0 .. classes - 1 do
                    scores[c] <- row.Span[c * area + at]

                let label = int masks[index * area + at]
                let place = label * classes + arg (ReadOnlySpan scores)
                counts[place] <- counts[place] + 1L

                loss.Value <-
                    loss.Value + (Softmax.logSum (ReadOnlySpan scores) - float scores[label])

            pixels.Value <- pixels.Value + int64 area

        {
            See = see
            Result =
                fun () ->
                    let total = float (max 1L pixels.Value)

                    let right =
                        Seq.sumBy (fun c -> counts[c * classes + c]) (seq { 0 .. classes - 1 })

                    Quality.Segmentation(Averages.iou classes counts, float right / total),
                    loss.Value / total
        }

    /// Yes or no for each value: at one position those of the classes, otherwise of each class and position.
    let private ofYesNo (values: int) (channels: int) (targets: float32[]) : Scoring =
        let seen = Array.init channels (fun _ -> ResizeArray<struct (float32 * bool)>())
        let loss = ref 0.0
        let right = ref 0L
        let count = ref 0L
        let area = values / channels

        let see index (row: ReadOnlyMemory<float32>) =
            for i in 0 .. values - 1 do
                let score, target = row.Span[i], targets[index * values + i]
                let isThere = target > 0.5f
                seen[i / area].Add(struct (score, isThere))
                // log(1 + exp(x)) − target·x, without overflow.
                let x = float score
                let log = max x 0.0 + Math.Log(1.0 + exp (-(abs x)))
                loss.Value <- loss.Value + (log - float target * x)

                if (score > 0.0f) = isThere then
                    right.Value <- right.Value + 1L

            count.Value <- count.Value + int64 values

        let precision (answers: ResizeArray<struct (float32 * bool)>) =
            Averages.precision [| for struct (score, _) in answers -> score |] [|
                for struct (_, isThere) in answers -> isThere
            |]

        {
            See = see
            Result =
                fun () ->
                    let total = float (max 1L count.Value)

                    let mean =
                        match Array.choose precision seen with
                        | [||] -> nan
                        | values -> Array.average values

                    Quality.MultiLabel(mean, float right.Value / total), loss.Value / total
        }

    let private ofNumbers (values: int) (channels: int) (targets: float32[]) : Scoring =
        let residuals = Array.zeroCreate<float> channels
        let indices = ResizeArray<int>()
        let area = values / channels

        let see index (row: ReadOnlyMemory<float32>) =
            indices.Add index

            for i in 0 .. values - 1 do
                let off = float row.Span[i] - float targets[index * values + i]
                residuals[i / area] <- residuals[i / area] + off * off

        /// The sum of the squared deviations of a channel's targets from their mean.
        let deviation channel =
            let own = [|
                for index in indices do
                    for i in channel * area .. (channel + 1) * area - 1 do
                        float targets[index * values + i]
            |]

            let mean = if own.Length = 0 then 0.0 else Array.average own
            own |> Array.sumBy (fun x -> (x - mean) * (x - mean))

        {
            See = see
            Result =
                fun () ->
                    let total = float (max 1 (indices.Count * values))
                    let loss = Array.sum residuals / total

                    let r2 =
                        Array.init channels (fun c -> Averages.r2 residuals[c] (deviation c))
                        |> Array.average

                    Quality.Regression(r2, sqrt loss), loss
        }

    /// Of an output with so many channels, whose targets it fits.
    let rec private ofTargets (channels: int) (kind: OutputKind) (targets: Targets) : Scoring =
        match targets with
        | Targets.Labels labels -> ofLabels labels
        | Targets.Masks(height, width, masks) -> ofMasks channels (height * width) masks
        | Targets.Numbers(shape, targets) ->
            let values = int (Shape.count shape)

            match kind with
            | OutputKind.Classes -> ofYesNo values shape.Channels targets
            | OutputKind.Numbers -> ofNumbers values shape.Channels targets
        | Targets.Several(scores, _) -> ofTargets channels kind scores

    /// Of the scores that a network gives for the images of a split, whose targets it fits.
    let ofSplit (network: Network) (split: Split) : Scoring =
        ofTargets network.Classes network.OutputKind split.Targets

    /// Numbers that are all 0 or 1 say for each class whether it is there.
    let private kindOf (targets: Targets) =
        match targets with
        | Targets.Numbers(_, values) when
            values |> Array.forall (fun value -> value = 0.0f || value = 1.0f)
            ->
            OutputKind.Classes
        | Targets.Numbers _ -> OutputKind.Numbers
        | Targets.Labels _
        | Targets.Masks _
        | Targets.Several _ -> OutputKind.Classes

    /// Of the further outputs of a network: name, first value and number of values in what it gives for an image, and scoring.
    let ofOutputs (network: Network) (split: Split) : (string * int * int * Scoring) list =
        List.zip (TargetFit.further network split.Targets) (Network.columns network).Tail
        |> List.map (fun ((name, shape, targets), (first, count)) ->
            name, first, count, ofTargets shape.Channels (kindOf targets) targets
        )
