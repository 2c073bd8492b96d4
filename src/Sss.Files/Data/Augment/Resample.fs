namespace Sss.Files

open System
open System.Buffers
open System.Numerics
open System.Runtime.InteropServices

/// A rectangle of a picture, in its pixels; need not be on whole ones.
[<Struct>]
type internal Area = {
    Left: float
    Top: float
    Width: float
    Height: float
}

/// Scaling by a triangle filter whose width is that of an output pixel, but at least one input
/// pixel: linear interpolation upwards, an average without aliasing downwards.
[<RequireQualifiedAccess>]
module internal Resample =

    /// Along one axis: output i is the sum of `Taps` inputs from `First[i]` on, with the weights
    /// from `i · Taps` on. `First` never falls.
    type Filter = {
        Taps: int
        First: int[]
        Weights: float32[]
    }

    /// The filters of both axes, and the columns [Left, Right) that they read.
    type Plan = {
        Down: Filter
        Across: Filter
        Left: int
        Right: int
    }

    /// From the stretch [start, start + length) of `available` inputs to `count` outputs. Weights of
    /// what is outside go to nobody: the rest is scaled to a sum of 1.
    let private filter (start: float) (length: float) (available: int) (count: int) : Filter =
        let scale = length / float count
        let radius = max 1.0 scale
        let taps = min available (2 * int (ceil radius) + 1)
        let first = Array.zeroCreate count
        let weights = Array.zeroCreate<float32>(count * taps)

        for i in 0 .. count - 1 do
            let centre = start + (float i + 0.5) * scale - 0.5
            let from = int (ceil (centre - radius)) |> max 0 |> min (available - taps)
            first[i] <- from
            let row = Span(weights, i * taps, taps)
            let mutable sum = 0.0f

            for t in 0 .. taps - 1 do
                let distance = abs (float (from + t) - centre) / radius
                row[t] <- float32 (max 0.0 (1.0 - distance))
                sum <- sum + row[t]

            for t in 0 .. taps - 1 do
                row[t] <- row[t] / sum

        {
            Taps = taps
            First = first
            Weights = weights
        }

    /// How a rectangle of planes that are `width` × `height` becomes planes of `columns` × `rows`.
    let plan (width: int) (height: int) (area: Area) (columns: int) (rows: int) : Plan =
        let across = filter area.Left area.Width width columns

        {
            Down = filter area.Top area.Height height rows
            Across = across
            Left = across.First[0]
            Right = across.First[columns - 1] + across.Taps
        }

    /// target += weight · source.
    let accumulate (weight: float32) (source: Span<float32>) (target: Span<float32>) =
        let wide = MemoryMarshal.Cast<float32, Vector<float32>> target
        let from = MemoryMarshal.Cast<float32, Vector<float32>> source

        for i in 0 .. wide.Length - 1 do
            wide[i] <- wide[i] + weight * from[i]

        for i in wide.Length * Vector<float32>.Count .. target.Length - 1 do
            target[i] <- target[i] + weight * source[i]

    /// The last step of a line: scales a row, which begins with the column Left.
    let across (plan: Plan) (row: Span<float32>) (line: Span<float32>) : unit =
        let filter = plan.Across

        for x in 0 .. line.Length - 1 do
            let from = filter.First[x] - plan.Left
            let weights = x * filter.Taps
            let mutable sum = 0.0f

            for t in 0 .. filter.Taps - 1 do
                sum <- sum + filter.Weights[weights + t] * row[from + t]

            line[x] <- sum

    /// Scales a rectangle of planes that are `width` × `height` to planes of `columns` × `rows`.
    /// Down first: rows are contiguous, and fewer are left for the other axis.
    let planes
        (channels: int)
        (width: int)
        (height: int)
        (source: Span<float32>)
        (area: Area)
        (columns: int)
        (rows: int)
        (target: Span<float32>)
        : unit =
        let plan = plan width height area columns rows
        let down = plan.Down
        let rented = ArrayPool<float32>.Shared.Rent(plan.Right - plan.Left)

        try
            let row = Span(rented, 0, plan.Right - plan.Left)

            for c in 0 .. channels - 1 do
                for y in 0 .. rows - 1 do
                    row.Clear()

                    for t in 0 .. down.Taps - 1 do
                        let weight = down.Weights[y * down.Taps + t]

                        if weight <> 0.0f then
                            let start = (c * height + down.First[y] + t) * width + plan.Left
                            accumulate weight (source.Slice(start, row.Length)) row

                    across plan row (target.Slice((c * rows + y) * columns, columns))
        finally
            ArrayPool<float32>.Shared.Return rented
