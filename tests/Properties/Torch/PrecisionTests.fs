/// What `--precision auto` chooses.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.PrecisionTests

open System.Threading
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Torch

[<Property>]
let ``bf16 is chosen where it is at least a tenth faster`` (NormalFloat a) (NormalFloat b) =
    let float32, bf16 = abs a, abs b
    let isFaster = bf16 > 0.0 && float32 / bf16 >= 1.1

    Assert.Equal(
        (if isFaster then Precision.BFloat16 else Precision.Float32),
        PrecisionTrial.chosen (PrecisionTrial.Timed(float32, bf16))
    )

[<Property>]
let ``of CPUID's leaf 7 two bits count, and AMX before AVX-512`` (edx: uint32) (eax: uint32) =
    let expected =
        match edx / 4194304u % 2u = 1u, eax / 32u % 2u = 1u with
        | true, _ -> Matrices
        | false, true -> Vectors
        | false, false -> Nothing

    Assert.Equal(expected, BFloat16Units.ofLeaf7 (int edx) (int eax))

/// oneDNN has no kernels for bf16 below AVX-512, to which the loader limits it on some machines.
[<Fact>]
let ``where oneDNN is limited there are no instructions for bf16`` () =
    for units in [ Matrices; Vectors; Nothing; Unknown ] do
        Assert.Equal(Nothing, BFloat16Units.under (Some "AVX") units)
        Assert.Equal(units, BFloat16Units.under None units)

[<Fact>]
let ``both precisions are timed, whatever the processor`` () =
    use _ = Engine.scope ()

    match PrecisionTrial.race (Engine.get ()) 4 Small.network |> Engine.ok with
    | PrecisionTrial.Timed(float32, bf16) ->
        Assert.True(float32 > 0.0 && bf16 > 0.0, $"{float32} ms and {bf16} ms")
    | PrecisionTrial.NoUnits
    | PrecisionTrial.NoWeights as other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``a run computes with what its trial chose, and has the same bits as one that is told so`` () =
    let run precision =
        let heard = ResizeArray()
        let recipe = { Small.recipe with Epochs = 1 }
        let job = Small.job Small.network recipe (Dataset.limit 64 Small.dataset.Value)

        let job = {
            job with
                Computing = {
                    job.Computing with
                        Precision = precision
                }
        }

        let listener = {
            Listener.ofTraining ignore with
                Hear = heard.Add
        }

        let finished = Pipeline.run job listener CancellationToken.None |> Engine.ok
        let outcome, _ = finished.Selected.Value

        let trials = [
            for event in heard do
                match event with
                | PrecisionChosen trial -> trial
                | _ -> ()
        ]

        outcome.Trained, trials

    let auto, trials = run PrecisionChoice.Auto
    let chosen = PrecisionTrial.chosen (Assert.Single trials)
    Assert.Equal(Precision.name chosen, auto.Arithmetic.Precision)

    let told, none = run (PrecisionChoice.Always chosen)
    Assert.Empty none
    Assert.Equal<Weights<float32>>(told.State.Numbers, auto.State.Numbers)

[<Fact>]
let ``ranks do not choose`` () =
    Assert.Equal(
        "Several ranks need one precision: give --precision float32 or --precision bf16. With auto, each of them would \
         choose for itself.",
        PipelineError.message PrecisionForRanks
    )
