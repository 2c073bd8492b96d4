namespace Sss.Torch

open System
open Sss.Core

/// The update rule of the factors.
[<RequireQualifiedAccess>]
type FactorMethod =
    /// Iterate and probe apart, non-negative L1: the default.
    | Apg
    /// The recursion of the paper on one array, or that of its released code, which clamps at 0.
    | Published of Clamp

/// Names of update rules.
[<RequireQualifiedAccess>]
module FactorMethod =

    /// What the command line and `result.json` call it.
    let name method =
        match method with
        | FactorMethod.Apg -> "apg"
        | FactorMethod.Published Clamp.AfterMomentum -> "published"
        | FactorMethod.Published Clamp.Never -> "published-unclamped"

    /// All of them, the default first.
    let all = [
        FactorMethod.Apg
        FactorMethod.Published Clamp.AfterMomentum
        FactorMethod.Published Clamp.Never
    ]

    /// The rule of a name.
    let tryParse (text: string) =
        all |> List.tryFind (fun method -> name method = text)

/// The factors' side of training, on LibTorch's memory. The model holds the probe, at which gradients
/// are taken; the iterate is kept here and is what selection reads. (The published recursions keep one
/// array that is both, and a velocity.) Where the model lies on a device, so do the steps of `apg`.
/// `start`: λ before the first step.
[<Sealed>]
type internal FactorStep
    (
        vector: FlatVector,
        start: float32[],
        method: FactorMethod,
        gammas: float32[],
        momentum: float,
        ?onTensors: bool
    ) =
    let iterate = Array.copy start
    let velocity: float32[] = Array.zeroCreate iterate.Length
    let zeroSteps: int[] = Array.zeroCreate iterate.Length
    let squares: float32[] = Array.zeroCreate iterate.Length
    let floors: float32[] = Array.zeroCreate iterate.Length
    let momentum = float32 momentum

    let isOnTensors =
        method = FactorMethod.Apg
        && iterate.Length > 0
        && Option.defaultWith (fun () -> not (Memory.isOnCpu vector.Values)) onTensors

    /// Made at the first step, from arrays that may have been filled until then.
    let mutable tensors: FactorTensors option = None
    /// Whether steps on tensors have left the arrays behind.
    let mutable isBehind = false

    let catchUp () =
        match tensors with
        | Some t when isBehind ->
            t.Download(iterate, zeroSteps, squares)
            isBehind <- false
        | _ -> ()

    let stepOnTensors rate =
        let t =
            tensors
            |> Option.defaultWith (fun () ->
                let made = new FactorTensors(vector, iterate, zeroSteps, squares)
                tensors <- Some made
                made
            )

        t.Step(rate, momentum, gammas, floors)
        isBehind <- true

    let stepOnArrays (rate: float32) (probe: Span<float32>) (gradient: ReadOnlySpan<float32>) =
        let gammas = ReadOnlySpan gammas

        for i in 0 .. squares.Length - 1 do
            squares[i] <-
                squares[i] * FactorMean.Kept + gradient[i] * gradient[i] * FactorMean.Fresh

        match method with
        | FactorMethod.Apg ->
            ApgKernel.step
                rate
                momentum
                gammas
                (ReadOnlySpan floors)
                gradient
                (iterate.AsSpan())
                probe
        | FactorMethod.Published clamp ->
            Published.stepInPlace
                clamp
                rate
                momentum
                momentum
                gammas
                gradient
                probe
                (velocity.AsSpan())

            probe.CopyTo(iterate.AsSpan())

        for i in 0 .. iterate.Length - 1 do
            zeroSteps[i] <- if iterate[i] = 0.0f then zeroSteps[i] + 1 else 0

    /// λ: exactly sparse. Good until the next step; to be written before the first one only.
    member _.Iterate =
        catchUp ()
        iterate

    /// The published recursions' v; zeros for `apg`, whose velocity is the iterate's last move.
    member _.Velocity = velocity

    /// For how many steps each factor of the iterate has been 0 without a break.
    member _.ZeroSteps =
        catchUp ()
        zeroSteps

    /// The running mean of the square of each factor's gradient (`Saliency.memory`), from 0 at the first step.
    member _.Squares =
        catchUp ()
        squares

    /// γ of each factor; may be written between steps.
    member _.Gammas = gammas

    /// The least that each factor may be, 0 at first; may be written between steps. The published
    /// recursions know none.
    member _.Floors = floors

    /// The rule.
    member _.Method = method

    /// One step of size η with the gradient that the backward pass left; the gradient is zero after.
    member _.Step(rate: float) =
        if isOnTensors then
            stepOnTensors (float32 rate)
        elif iterate.Length > 0 then
            Memory.update
                vector.Values
                (fun probe ->
                    Memory.read
                        vector.Gradient
                        (fun gradient ->
                            stepOnArrays
                                (float32 rate)
                                (Memory.span<float32> probe)
                                (Span.op_Implicit (Memory.span<float32> gradient))
                        )
                )

            vector.ClearGradient()

    interface IDisposable with
        member _.Dispose() =
            tensors |> Option.iter (fun t -> (t :> IDisposable).Dispose())
