namespace Sss.Files

open System
open Sss.Core

/// Targets of one image as LibTorch wants them, changed as the image is. Only masks among several targets allocate.
[<RequireQualifiedAccess>]
module internal TargetPlacing =

    /// One row of a mask; what the shift leaves open is of class 0.
    let private maskRow (classes: uint16[]) start right flip (row: Span<int64>) =
        for x in 0 .. row.Length - 1 do
            let at = (if flip then row.Length - 1 - x else x) + right

            row[x] <-
                if at < 0 || at >= row.Length then
                    0L
                else
                    int64 classes[start + at]

    let private mask height width (classes: uint16[]) index down right flip (to': Span<int64>) =
        for y in 0 .. height - 1 do
            let line = to'.Slice(y * width, width)
            let from = y + down

            if from < 0 || from >= height then
                line.Clear()
            else
                maskRow classes ((index * height + from) * width) right flip line

    /// The class of an image, or its mask with the shift and the mirror of the image; those of the scores.
    let rec classes (targets: Targets) index down right flip (destination: Span<int64>) =
        match targets with
        | Targets.Labels labels -> destination[0] <- int64 labels[index]
        | Targets.Masks(height, width, classes) ->
            mask height width classes index down right flip destination
        | Targets.Several(scores, _) -> classes scores index down right flip destination
        | Targets.Numbers _ -> ()

    /// The numbers of an image; 0 where it has classes.
    let rec numbers (targets: Targets) index (destination: Span<float32>) =
        match targets with
        | Targets.Numbers(_, values) ->
            values.AsSpan(index * destination.Length, destination.Length).CopyTo destination
        | Targets.Several(scores, _) -> numbers scores index destination
        | Targets.Labels _
        | Targets.Masks _ -> destination.Clear()

    /// All targets of an image as numbers, one output after the other.
    let rec all (targets: Targets) index down right flip (destination: Span<float32>) =
        match targets with
        | Targets.Labels labels -> destination[0] <- float32 labels[index]
        | Targets.Masks _ ->
            let pixels = Array.zeroCreate<int64> destination.Length
            classes targets index down right flip (pixels.AsSpan())

            for i in 0 .. pixels.Length - 1 do
                destination[i] <- float32 pixels[i]
        | Targets.Numbers _ -> numbers targets index destination
        | Targets.Several(scores, further) ->
            let mutable first = 0

            for own in scores :: List.map snd further do
                let size = Targets.size own
                all own index down right flip (destination.Slice(first, size))
                first <- first + size
