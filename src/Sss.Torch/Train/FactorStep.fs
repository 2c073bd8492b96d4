namespace Sss.Torch

open System
open Sss.Core

/// The factors' side of training, on LibTorch's memory. The model holds the probe, at which gradients
/// are taken; the state, with the iterate that selection reads, is a value that each step replaces. Where
/// the model is on a device, so do the steps of `apg`, and the state is copied from there when it is
/// requested. `start`: the state to continue from.
[<Sealed>]
type internal FactorStep
    (vector: FlatVector, start: FactorState<float32>, first: PressedRule<float32>, ?onTensors: bool)
    =
    let length = start.Iterate.Length

    let isOnTensors =
        first.Rule.Method = FactorMethod.Apg
        && length > 0
        && Option.defaultWith (fun () -> not (Memory.isOnCpu vector.Values)) onTensors

    let show (probe: float32[]) =
        Memory.fill vector.Values (fun host -> probe.AsSpan().CopyTo(Memory.span<float32> host))

    do show start.Probe

    let tensors =
        if isOnTensors then
            Some(new FactorTensors(vector, start, first))
        else
            None

    let mutable pressed = first
    let mutable state = start
    /// Whether steps on tensors have made `state` out of date.
    let mutable isBehind = false

    let onArrays (rate: float) =
        let gradient =
            Memory.read
                vector.Gradient
                (fun host -> (Memory.span<float32> host).Slice(0, length).ToArray())

        state <- FactorRule.step pressed rate gradient state
        show state.Probe
        vector.ClearGradient()

    /// The state of this moment.
    member _.State: FactorState<float32> =
        match tensors with
        | Some onDevice when isBehind ->
            state <- onDevice.Download()
            isBehind <- false
        | Some _
        | None -> ()

        state

    /// The rule with the γs and floors of the next step.
    member _.Pressed = pressed

    /// Other γs and floors, from the next step on.
    member _.Press(next: PressedRule<float32>) =
        pressed <- next
        tensors |> Option.iter _.Press(next)

    /// One step of size η with the gradient that the backward pass left; the gradient is zero after.
    member _.Step(rate: float) =
        match tensors with
        | Some onDevice ->
            onDevice.Step rate
            isBehind <- true
        | None when length > 0 -> onArrays rate
        | None -> ()

    interface IDisposable with
        member _.Dispose() =
            tensors |> Option.iter (fun t -> (t :> IDisposable).Dispose())
