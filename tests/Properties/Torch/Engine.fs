namespace Sss.Tests.Torch

open Xunit
open Sss.Core
open Sss.Torch
open TorchSharp

/// Tests that use LibTorch run one at a time: two computations at once on few cores would slow each
/// other down many times.
[<CollectionDefinition("LibTorch", DisableParallelization = true)>]
type LibTorchCollection() = class end

/// The loaded engine, on one thread.
module internal Engine =

    let private loaded =
        lazy
            (match LibTorch.load () with
             | Ok engine ->
                 torch.set_num_threads 1
                 engine
             | Error error -> invalidOp (LibTorchError.message error))

    /// The engine; a test that needs it fails with the loader's own message.
    let get () = loaded.Value

    /// A dispose scope; loads the engine first.
    let scope () =
        get () |> ignore
        torch.NewDisposeScope()

    /// The value of a result that must be one.
    let ok result =
        match result with
        | Ok value -> value
        | Error error -> invalidOp $"%A{error}"

    /// One penalty of each kind, with parameters near which values of size 1 lie.
    let penalties = [
        FactorPenalty.NonNegative
        FactorPenalty.L1
        FactorPenalty.Mcp 0.75
        FactorPenalty.Scad 2.25
        FactorPenalty.L0
        FactorPenalty.GroupL2
    ]

    /// The rule of training with a penalty, at a momentum of 0.9.
    let rule penalty : FactorRule = {
        Method = FactorMethod.Apg
        Penalty = penalty
        Momentum = 0.9
    }

    /// A rule with these γs and no floors.
    let pressed counts (gammas: float32[]) rule =
        FactorRule.press counts gammas (Array.zeroCreate gammas.Length) rule |> ok

    /// One flat vector of n factors, all 0; the engine is loaded.
    let factors n =
        let slots = [
            {
                Key = ArrayKey.make ArrayPart.Factor "f"
                Shape = [ n ]
                Offset = 0L
                Count = int64 n
            }
        ]

        new FlatVector(slots, int64 n, ScalarType.Float32, torch.CPU)
