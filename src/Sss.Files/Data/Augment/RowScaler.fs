namespace Sss.Files

open System
open System.Buffers

/// `Resample.planes` for rows that come one after the other, so that the picture is never there as a
/// whole. The same sums in the same order: the same bits.
type internal RowScaler
    (channels: int, width: int, height: int, area: Area, columns: int, rows: int, target: float32[])
    =
    let plan = Resample.plan width height area columns rows
    let down = plan.Down
    let length = plan.Right - plan.Left

    /// The most output rows that one input row has a part in.
    let open' =
        let mutable most = 1
        let mutable last = 0

        for r in 0 .. rows - 1 do
            while last < rows && down.First[last] < down.First[r] + down.Taps do
                last <- last + 1

            most <- max most (last - r)

        most

    /// Downwards, sums of output rows are kept while inputs come for them; upwards, where an input
    /// is in many outputs, the last inputs are kept, and a line for the sum.
    let keepsInputs = down.Taps < open'

    let slots = if keepsInputs then down.Taps + 1 else open'
    let kept = ArrayPool<float32>.Shared.Rent(slots * channels * length)
    let mutable input = 0
    let mutable opened = 0
    let mutable finished = 0

    let slot number channel =
        Span(kept, (number * channels + channel) * length, length)

    let write row number =
        for c in 0 .. channels - 1 do
            let line = Span(target, (c * rows + row) * columns, columns)
            Resample.across plan (slot number c) line

    let isComplete row =
        row < rows && down.First[row] + down.Taps - 1 <= input

    let addToSums (row: float32[]) =
        while opened < rows && down.First[opened] <= input do
            for c in 0 .. channels - 1 do
                (slot (opened % slots) c).Clear()

            opened <- opened + 1

        for r in finished .. opened - 1 do
            let weight = down.Weights[r * down.Taps + input - down.First[r]]

            if weight <> 0.0f then
                for c in 0 .. channels - 1 do
                    Resample.accumulate weight (Span(row, c * length, length)) (slot (r % slots) c)

        while finished < opened && isComplete finished do
            write finished (finished % slots)
            finished <- finished + 1

    let addToInputs (row: float32[]) =
        for c in 0 .. channels - 1 do
            Span(row, c * length, length).CopyTo(slot (input % down.Taps) c)

        while isComplete finished do
            for c in 0 .. channels - 1 do
                let sum = slot down.Taps c
                sum.Clear()

                for t in 0 .. down.Taps - 1 do
                    let weight = down.Weights[finished * down.Taps + t]

                    if weight <> 0.0f then
                        let from = slot ((down.First[finished] + t) % down.Taps) c
                        Resample.accumulate weight from sum

            write finished down.Taps
            finished <- finished + 1

    /// The columns that an input row has to hold: this many from `First` on.
    member _.First = plan.Left
    member _.Count = length

    /// Takes the next input row: `Count` numbers per channel, one channel after the other. The target
    /// is complete after the last one.
    member _.Add(row: float32[]) : unit =
        if keepsInputs then addToInputs row else addToSums row
        input <- input + 1

    interface IDisposable with
        member _.Dispose() = ArrayPool<float32>.Shared.Return kept
