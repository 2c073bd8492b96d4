namespace Sss.Core.Select

open System
open System.Numerics

/// Copies of parts of arrays. Each value that stays is copied once, and scaled in the copy.
[<RequireQualifiedAccess>]
module internal Slices =

    /// Indices where a mask is true.
    let indices (mask: bool[]) : int[] = [|
        for i in 0 .. mask.Length - 1 do
            if mask[i] then
                i
    |]

    /// Stretches of neighbouring kept indices: start and length.
    let private runs (mask: bool[]) first count : struct (int * int)[] =
        let found = ResizeArray()
        let mutable start = -1

        for i in 0..count do
            let isKept = i < count && mask[first + i]

            if isKept && start < 0 then
                start <- i
            elif not isKept && start >= 0 then
                found.Add(struct (start, i - start))
                start <- -1

        found.ToArray()

    /// Whether there is nothing to do: all stays and nothing is scaled.
    let private isWhole (rows: bool[]) (columns: bool[]) (factors: float[] voption) =
        factors.IsNone && Array.forall id rows && Array.forall id columns

    /// The weights of a layer that reads: rows by output channel, each a block of `taps` numbers for
    /// every input channel of its group. `factors` multiply rows (by their old index). The array
    /// itself where nothing changes.
    let weights<'T when 'T :> INumberBase<'T>>
        groups
        taps
        (rows: bool[])
        (columns: bool[])
        (factors: float[] voption)
        (data: 'T[])
        : 'T[] =
        if isWhole rows columns factors then
            data
        else
            let each = columns.Length / groups
            let eachOut = rows.Length / groups
            let byGroup = Array.init groups (fun g -> runs columns (g * each) each)

            let widths = byGroup |> Array.map (Array.sumBy (fun (struct (_, n)) -> n * taps))

            let total =
                rows
                |> Array.indexed
                |> Array.sumBy (fun (o, k) -> if k then widths[o / eachOut] else 0)

            let result = GC.AllocateUninitializedArray<'T> total
            let mutable at = 0

            for o in 0 .. rows.Length - 1 do
                if rows[o] then
                    let row = at

                    for struct (start, length) in byGroup[o / eachOut] do
                        let from = (o * each + start) * taps
                        data.AsSpan(from, length * taps).CopyTo(result.AsSpan at)
                        at <- at + length * taps

                    match factors with
                    | ValueSome factors when factors[o] <> 1.0 ->
                        let factor = 'T.CreateTruncating factors[o]

                        for i in row .. at - 1 do
                            result[i] <- result[i] * factor
                    | _ -> ()

            result

    /// One number per channel, changed by `change` (old index, value) where given. The array itself
    /// where nothing changes.
    let channels<'T when 'T :> INumberBase<'T>>
        (rows: bool[])
        (change: (int -> float -> float) voption)
        (data: 'T[])
        : 'T[] =
        match change with
        | ValueNone when Array.forall id rows -> data
        | ValueNone -> indices rows |> Array.map (fun o -> data[o])
        | ValueSome change ->
            indices rows
            |> Array.map (fun o ->
                'T.CreateTruncating(change o (Double.CreateTruncating<'T> data[o]))
            )
