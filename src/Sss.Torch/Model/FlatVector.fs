namespace Sss.Torch

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open Sss.Core
open TorchSharp

/// Access to the memory of contiguous tensors on the CPU.
[<RequireQualifiedAccess>]
module internal Memory =

    /// The values of a tensor, not copied. Valid as long as the tensor lives.
    let span<'T when 'T: unmanaged and 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
        (tensor: Tensor)
        : Span<'T> =
        MemoryMarshal.Cast<byte, 'T> tensor.bytes

    /// One value of a tensor. (TorchSharp's `item` leaves stubs in native memory.)
    let item<'T when 'T: unmanaged and 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
        (tensor: Tensor)
        (index: int)
        : 'T =
        (span<'T> tensor)[index]

    /// Whether a tensor's memory can be read and written here.
    let isOnCpu (tensor: Tensor) = tensor.device_type = DeviceType.CPU

    /// A tensor that outlives the scope it was made in; page-locked where it `isPinned`, so that it can be
    /// copied to and from a device while the CPU continues.
    let kept (isPinned: bool) (tensor: Tensor) : Tensor =
        if isPinned then
            use pageable = tensor
            pageable.pin_memory().DetachFromDisposeScope()
        else
            tensor.DetachFromDisposeScope()

    /// Runs work on the values of a tensor wherever they are: on them, or on a copy that is written
    /// back.
    let update (tensor: Tensor) (work: Tensor -> unit) =
        if isOnCpu tensor then
            work tensor
        else
            use host =
                torch.empty (tensor.shape, dtype = Nullable tensor.dtype, device = torch.CPU)

            host.copy_ tensor |> ignore
            work host
            tensor.copy_ host |> ignore

    /// Writes all values of a tensor, wherever it is; what is there before is not read.
    let fill (tensor: Tensor) (work: Tensor -> unit) =
        if isOnCpu tensor then
            work tensor
        else
            use host =
                torch.zeros (tensor.shape, dtype = Nullable tensor.dtype, device = torch.CPU)

            work host
            tensor.copy_ host |> ignore

    /// Runs work on the values of a contiguous tensor, read only, wherever they are.
    let read (tensor: Tensor) (work: Tensor -> 'R) : 'R =
        if isOnCpu tensor then
            work tensor
        else
            use host = tensor.cpu ()
            work host

    /// Where a tensor's memory starts and ends; a window's may be stored with its inputs last.
    let range (tensor: Tensor) : struct (nativeint * nativeint) =
        let isLast = tensor.Dimensions = 4 && not (tensor.is_contiguous ())
        let bytes = (if isLast then tensor.permute (0L, 2L, 3L, 1L) else tensor).bytes

        if bytes.IsEmpty then
            struct (0n, 0n)
        else
            let start =
                &&MemoryMarshal.GetReference bytes |> NativeInterop.NativePtr.toNativeInt

            struct (start, start + nativeint bytes.Length)

/// One flat vector of parameters with its gradient. Layers see leaves: detached views, whose
/// `.grad` are views of the flat gradient; a backward pass adds into them in place. (Views of one
/// large leaf would make autograd fill a whole vector with zeros for each of them.)
[<Sealed>]
type internal FlatVector(slots: Slot list, length: int64, dtype: ScalarType, place: torch.Device) =
    let make () =
        torch.zeros([| length |], dtype = Nullable dtype, device = place).DetachFromDisposeScope()

    let values = make ()
    let gradient = make ()
    let leaves = Dictionary<ArrayKey, Tensor>()
    let zero = (0.0f).ToScalar()

    do
        use _ = torch.NewDisposeScope()

        let view (slot: Slot) (vector: Tensor) =
            let shape = slot.Shape |> List.map int64 |> Array.ofList
            let part = vector.narrow (0L, slot.Offset, slot.Count)

            match Slot.window slot with
            | ValueNone -> part.view shape
            | ValueSome _ ->
                part.view([| shape[0]; shape[2]; shape[3]; shape[1] |]).permute(0L, 3L, 1L, 2L)

        for slot in slots do
            let leaf = (view slot values).detach()
            leaf.requires_grad <- true
            leaf.grad <- view slot gradient
            leaves[slot.Key] <- leaf.DetachFromDisposeScope()

    /// Where each array is.
    member _.Slots = slots
    /// All values; needs no gradient itself, so it is updated in place between steps.
    member _.Values = values
    /// All gradients, laid out as the values.
    member _.Gradient = gradient
    /// Makes the gradient 0. (TorchSharp's `zero_` leaves a stub in native memory at each call.)
    member _.ClearGradient() = gradient.fill_ zero |> ignore
    /// The view of one array, a leaf of the autograd graph.
    member _.Leaf key = leaves[key]

    interface IDisposable with
        member _.Dispose() =
            for leaf in leaves.Values do
                leaf.Dispose()

            values.Dispose()
            gradient.Dispose()
            zero.Dispose()
