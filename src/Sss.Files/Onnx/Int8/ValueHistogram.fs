namespace Sss.Files

open System

/// How the range of a value is chosen from what was seen of it.
[<RequireQualifiedAccess>]
type RangeRule =
    /// All that was seen.
    | MinMax
    /// Without the outermost values: this fraction of them, from 0 to 1, is within, and half of the rest on each side.
    | Within of fraction: float

/// How often values of equal parts of a range were seen.
type ValueHistogram = { Range: ValueRange; Counts: int64[] }

/// Ranges of values.
[<RequireQualifiedAccess>]
module ValueHistogram =

    /// Parts of a range; the ends of a percentile are exact to one of them.
    let parts = 4096

    /// The range of nothing.
    let nothing: ValueRange = {
        Low = Single.PositiveInfinity
        High = Single.NegativeInfinity
    }

    /// A range with more values. What is not a number is left out.
    let extend (range: ValueRange) (values: float32[]) : ValueRange =
        let mutable low = range.Low
        let mutable high = range.High

        for v in values do
            if v < low then
                low <- v

            if v > high then
                high <- v

        { Low = low; High = high }

    /// An empty histogram of a range.
    let ofRange (range: ValueRange) : ValueHistogram = {
        Range = range
        Counts = Array.zeroCreate parts
    }

    let private width (h: ValueHistogram) =
        (float h.Range.High - float h.Range.Low) / float parts

    /// The same with more values, which are in its range.
    let add (values: float32[]) (h: ValueHistogram) : ValueHistogram =
        let counts = Array.copy h.Counts
        let low, width = float h.Range.Low, width h

        for v in values do
            if not (Single.IsNaN v) then
                let part =
                    if width > 0.0 then
                        Math.Clamp(int ((float v - low) / width), 0, parts - 1)
                    else
                        0

                counts[part] <- counts[part] + 1L

        { h with Counts = counts }

    /// The range that a rule gives, to a part of the histogram.
    let choose (rule: RangeRule) (h: ValueHistogram) : ValueRange =
        match rule with
        | RangeRule.MinMax -> h.Range
        | RangeRule.Within fraction ->
            let outside = (1.0 - fraction) / 2.0 * float (Array.sum h.Counts)

            /// How many parts from one end hold no more than what is left outside.
            let left (counts: int64[]) =
                let sums = counts |> Array.scan (+) 0L |> Array.tail
                sums |> Array.takeWhile (fun sum -> float sum <= outside) |> Array.length

            let low, high = float h.Range.Low, float h.Range.High
            let width = width h

            {
                Low = float32 (low + width * float (left h.Counts))
                High = float32 (high - width * float (left (Array.rev h.Counts)))
            }
