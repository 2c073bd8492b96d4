namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core

/// Arrays by key to and from flat vectors.
[<RequireQualifiedAccess>]
module internal Numbers =

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

    /// Copies the array of every slot into a flat vector.
    let copyIn<'T when 'T: unmanaged and 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
        (weights: Weights<'T>)
        (flat: Tensor)
        (slots: Slot list)
        =
        each
            weights
            slots
            (fun slot data -> data.AsSpan().CopyTo((Memory.span<'T> flat).Slice(int slot.Offset)))

    /// The same into an array.
    let copyInto (weights: Weights<'T>) (flat: 'T[]) (slots: Slot list) =
        each weights slots (fun slot data -> data.CopyTo(flat, int slot.Offset))

    /// A copy of the array of every slot.
    let copyOut<'T when 'T: unmanaged and 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
        (flat: Tensor)
        (slots: Slot list)
        =
        slots
        |> List.map (fun slot ->
            let source = (Memory.span<'T> flat).Slice(int slot.Offset, int slot.Count)

            slot.Key,
            {
                Shape = slot.Shape
                Data = source.ToArray()
            }
        )
