namespace Sss.Files

open System
open Sss.Core

/// Everything that turns images of a split into input values, worked out once.
type BatchPlan = {
    Split: Split
    Normalisation: Normalisation
    Augment: Augment
    /// The run's seed.
    Seed: int
    /// For byte pixels: the normalised value of byte b in channel c at `c * 256 + b`; else empty.
    Table: float32[]
}

/// Filling of batches: normalisation, and random changes that depend on nothing but the seed, the
/// draw and the image.
[<RequireQualifiedAccess>]
module Batch =

    /// 64 random bits for one image at one draw.
    let private bits (seed: int) (draw: int64) (index: int) =
        let struct (bits, _) =
            Rng.create seed
            |> Rng.fork (int (draw ^^^ (draw >>> 32)))
            |> Rng.fork index
            |> Rng.next

        bits

    /// A number from 0 to `bound - 1` from 16 of those bits; the bias is below bound / 65,536.
    let private below (bound: int) (bits: uint64) =
        int ((bits &&& 0xffffUL) * uint64 bound >>> 16)

    /// A plan for training: with augmentation.
    let training (dataset: Dataset) (augment: Augment) (seed: int) : BatchPlan =
        let n = dataset.Normalisation

        {
            Split = dataset.Train
            Normalisation = n
            Augment = augment
            Seed = seed
            Table =
                match dataset.Train.Pixels with
                | Floats _ -> [||]
                | Bytes _ ->
                    Array.init
                        (n.Mean.Length * 256)
                        (fun i ->
                            let c = i / 256
                            (float32 (i % 256) * n.Scale - n.Mean[c]) / n.Deviation[c]
                        )
        }

    /// A plan for any split without random changes.
    let plain (dataset: Dataset) (split: Split) : BatchPlan = {
        training { dataset with Train = split } { Crop = 0; Flip = false } 0 with
            Split = split
    }

    /// Which stored column stands at column `x` of a shifted and perhaps mirrored row.
    let inline private column width right flip x =
        (if flip then width - 1 - x else x) + right

    /// Writes one row from stored bytes; what the shift leaves open is filled with `blank`. Two
    /// plain loops instead of one with a function for the value: no closure is made.
    let private byteRow
        (table: float32[])
        offset
        (data: byte[])
        start
        right
        flip
        blank
        (row: Span<float32>)
        =
        for x in 0 .. row.Length - 1 do
            let at = column row.Length right flip x

            row[x] <-
                if at < 0 || at >= row.Length then
                    blank
                else
                    table[offset + int data[start + at]]

    /// The same from stored numbers.
    let private floatRow
        (n: Normalisation)
        c
        (data: float32[])
        start
        right
        flip
        blank
        (row: Span<float32>)
        =
        for x in 0 .. row.Length - 1 do
            let at = column row.Length right flip x

            row[x] <-
                if at < 0 || at >= row.Length then
                    blank
                else
                    (data[start + at] * n.Scale - n.Mean[c]) / n.Deviation[c]

    /// Writes one image. `down` and `right`: where the crop starts, relative to the image.
    let private image plan index down right flip (destination: Span<float32>) =
        let s = plan.Split.Shape
        let n = plan.Normalisation

        for c in 0 .. s.Channels - 1 do
            // The padding is black before normalisation, as a crop from a larger picture would be.
            let blank = (0.0f * n.Scale - n.Mean[c]) / n.Deviation[c]

            for y in 0 .. s.Height - 1 do
                let line = destination.Slice((c * s.Height + y) * s.Width, s.Width)
                let from = y + down

                if from < 0 || from >= s.Height then
                    line.Fill blank
                else
                    let start = ((index * s.Channels + c) * s.Height + from) * s.Width

                    match plan.Split.Pixels with
                    | Bytes data -> byteRow plan.Table (c * 256) data start right flip blank line
                    | Floats data -> floatRow n c data start right flip blank line

    /// Fills `destination` with the images of `indices`, N × C × H × W, normalised and (in a
    /// training plan) changed at random: zero padding of `Crop` pixels and a crop of the old size,
    /// then a mirror image half of the time. The random choice for an image depends on the plan's
    /// seed, on `draw` (whatever tells two uses of the same image apart: the epoch) and on the
    /// image's index alone, so any division of the work among threads gives the same bits.
    /// Nothing is allocated. `destination` holds exactly as many values as the images have.
    let fill
        (plan: BatchPlan)
        (draw: int64)
        (indices: ReadOnlySpan<int>)
        (destination: Span<float32>)
        : unit =
        let size = int (Shape.count plan.Split.Shape)
        let crop = plan.Augment.Crop

        for i in 0 .. indices.Length - 1 do
            let index = indices[i]
            let bits = bits plan.Seed draw index
            let down = below (2 * crop + 1) bits - crop
            let right = below (2 * crop + 1) (bits >>> 16) - crop
            let flip = plan.Augment.Flip && (bits >>> 63) = 1UL
            image plan index down right flip (destination.Slice(i * size, size))

    /// The labels of `indices`, as LibTorch wants them.
    let labels (plan: BatchPlan) (indices: ReadOnlySpan<int>) (destination: Span<int64>) : unit =
        for i in 0 .. indices.Length - 1 do
            destination[i] <- int64 plan.Split.Labels[indices[i]]
