namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss

/// Arrays by key to and from flat vectors.
[<RequireQualifiedAccess>]
module internal Numbers =

    /// Copies the array of every slot into a flat vector; extra arrays are ignored.
    let copyIn<'T when 'T: unmanaged and 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
        (weights: Weights<'T>)
        (flat: Tensor)
        (slots: Slot list)
        =
        slots
        |> List.traverseResultM (fun slot ->
            match Map.tryFind slot.Key weights with
            | None -> Error(MissingArray slot.Key)
            | Some array when array.Shape <> slot.Shape ->
                Error(WrongArrayShape(slot.Key, slot.Shape, array.Shape))
            | Some array ->
                let target = (Memory.span<'T> flat).Slice(int slot.Offset, int slot.Count)
                array.Data.AsSpan().CopyTo target
                Ok()
        )
        |> Result.ignore

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
