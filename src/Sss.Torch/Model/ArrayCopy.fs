namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core

/// Arrays by key to and from flat vectors.
[<RequireQualifiedAccess>]
module internal ArrayCopy =

    /// Hands the array of every slot to `put`; extra arrays are ignored.
    let private each (weights: Weights<'T>) (slots: Slot list) (put: Slot -> 'T[] -> unit) =
        slots
        |> List.traverseResultM (fun slot ->
            match Map.tryFind slot.Key weights with
            | None -> Error(MissingArray slot.Key)
            | Some array when array.Shape <> slot.Shape ->
                Error(WrongArrayShape(slot.Key, slot.Shape, array.Shape))
            | Some array -> Ok(put slot array.Data)
        )
        |> Result.ignore

    /// Writes one array, row-major, into its slot.
    let private put (slot: Slot) (data: ReadOnlySpan<'T>) (flat: Span<'T>) =
        match Slot.window slot with
        | ValueNone -> data.CopyTo(flat.Slice(int slot.Offset))
        | ValueSome(inputs, taps) ->
            let mutable source = 0
            let mutable start = int slot.Offset

            while source < data.Length do
                for i in 0 .. inputs - 1 do
                    for tap in 0 .. taps - 1 do
                        flat[start + tap * inputs + i] <- data[source]
                        source <- source + 1

                start <- start + inputs * taps

    /// Reads it back.
    let private take (slot: Slot) (flat: ReadOnlySpan<'T>) : 'T[] =
        match Slot.window slot with
        | ValueNone -> flat.Slice(int slot.Offset, int slot.Count).ToArray()
        | ValueSome(inputs, taps) ->
            let data = Array.zeroCreate (int slot.Count)
            let mutable target = 0
            let mutable start = int slot.Offset

            while target < data.Length do
                for i in 0 .. inputs - 1 do
                    for tap in 0 .. taps - 1 do
                        data[target] <- flat[start + tap * inputs + i]
                        target <- target + 1

                start <- start + inputs * taps

            data

    /// Copies the array of every slot into a flat vector.
    let copyIn<'T when 'T: unmanaged and 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
        (weights: Weights<'T>)
        (flat: Tensor)
        (slots: Slot list)
        =
        let mutable outcome = Ok()

        Memory.fill
            flat
            (fun host ->
                outcome <-
                    each
                        weights
                        slots
                        (fun slot data ->
                            put slot (Span.op_Implicit (data.AsSpan())) (Memory.span<'T> host)
                        )
            )

        outcome

    /// The same into an array.
    let copyInto (weights: Weights<'T>) (flat: 'T[]) (slots: Slot list) =
        each weights slots (fun slot data -> data.CopyTo(flat, int slot.Offset))

    /// A copy of the array of every slot.
    let copyOut<'T when 'T: unmanaged and 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
        (flat: Tensor)
        (slots: Slot list)
        =
        Memory.read
            flat
            (fun host ->
                slots
                |> List.map (fun slot ->
                    slot.Key,
                    {
                        Shape = slot.Shape
                        Data = take slot (Span.op_Implicit (Memory.span<'T> host))
                    }
                )
            )
