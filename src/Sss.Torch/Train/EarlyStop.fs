namespace Sss.Torch

open System
open System.Buffers.Binary
open Sss.Core

/// What `stop after=N` looks at.
type LastProgress = {
    /// From 0: the last epoch with a lower loss on the images held out, or a smaller network, than all before it.
    Epoch: int
    /// The lowest loss so far; infinite before there was one.
    Loss: float
    /// The fewest macs so far of the network that selection would have left.
    Macs: int64
}

/// Ending a training before its last epoch: once N epochs in a row have given no lower loss on the images held out.
/// An epoch that has made the network smaller counts as progress, and so does every epoch until a target holds:
/// selection moves the loss then.
[<RequireQualifiedAccess>]
module EarlyStop =

    /// The same after a further epoch.
    let after (before: LastProgress option) epoch (loss: float) (macs: int64) : LastProgress =
        let loss = if Double.IsNaN loss then infinity else loss

        match before with
        | None -> {
            Epoch = epoch
            Loss = loss
            Macs = macs
          }
        | Some last -> {
            Epoch =
                if loss < last.Loss || macs < last.Macs then
                    epoch
                else
                    last.Epoch
            Loss = min loss last.Loss
            Macs = min macs last.Macs
          }

    /// Whether training has ended, after this many epochs.
    let isOver (recipe: Recipe) (epochs: int) (last: LastProgress option) : bool =
        match recipe.StopAfter, last with
        | Some most, Some last -> epochs - (last.Epoch + 1) >= most
        | Some _, None
        | None, _ -> false

    /// For other ranks.
    let internal toBytes (last: LastProgress option) : byte[] =
        match last with
        | None -> [||]
        | Some last ->
            let bytes = Array.zeroCreate 20
            BinaryPrimitives.WriteInt32LittleEndian(Span(bytes, 0, 4), last.Epoch)
            BinaryPrimitives.WriteDoubleLittleEndian(Span(bytes, 4, 8), last.Loss)
            BinaryPrimitives.WriteInt64LittleEndian(Span(bytes, 12, 8), last.Macs)
            bytes

    /// What `toBytes` has written.
    let internal ofBytes (bytes: byte[]) : LastProgress option =
        if bytes.Length = 0 then
            None
        else
            Some {
                Epoch = BinaryPrimitives.ReadInt32LittleEndian(ReadOnlySpan(bytes, 0, 4))
                Loss = BinaryPrimitives.ReadDoubleLittleEndian(ReadOnlySpan(bytes, 4, 8))
                Macs = BinaryPrimitives.ReadInt64LittleEndian(ReadOnlySpan(bytes, 12, 8))
            }
