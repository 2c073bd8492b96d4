/// Training with every penalty: states that continue bit for bit, cuts, and what is refused.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.PenaltyTrainTests

open System
open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Torch.Small

let private of' penalty gamma = {
    Small.recipe with
        Epochs = 3
        Batch = 32
        Penalty = penalty
        ShrinkEvery = Some 1
        Gamma = {
            Neuron = gamma
            Group = 0.0
            Block = gamma
            Shared = gamma
        }
}

/// Strengths at which something happens within some dozen steps.
let private cases = [
    FactorPenalty.NonNegative, 0.2
    FactorPenalty.L1, 0.2
    FactorPenalty.Mcp 1.5, 0.2
    FactorPenalty.Scad 3.7, 0.2
    FactorPenalty.L0, 4.0
    FactorPenalty.GroupL2, 0.2
]

let private dataset = lazy (Dataset.limit 512 Small.dataset.Value)

[<Fact>]
let ``a state in the middle of training goes on with the same bits, under every penalty`` () =
    for penalty, gamma in cases do
        let recipe = of' penalty gamma
        let states = ResizeArray<TrainState>()

        let keeper = {
            Epoch = fun _ -> Ok()
            State =
                fun state ->
                    states.Add state
                    Ok()
            Every = TimeSpan.FromHours 1.0
        }

        let run settings =
            Train.run settings network dataset.Value recipe ignore CancellationToken.None
            |> Engine.ok

        let whole =
            run {
                settings None with
                    Keeper = Some keeper
            }

        let rest = run (settings (Some states[0]))
        Assert.Equal(1, states[0].Epoch)
        Assert.Equal<TrainState>(timeless whole.State, timeless rest.State)

        let job = {
            job network recipe dataset.Value with
                Begin = Begin.Trained whole
        }

        match Pipeline.run job (Listener.ofTraining ignore) CancellationToken.None with
        | Ok { Selected = Some(outcome, ()) } -> Assert.Equal(Exact, outcome.Exactness.Verdict)
        | Ok { Selected = None } -> Assert.Fail "nothing was selected"
        | Error error -> Assert.Fail $"{FactorPenalty.word penalty}: {PipelineError.message error}"

/// What `Train.run` says, before it does anything.
let private refused method recipe =
    let settings = { settings None with Method = method }

    match Train.run settings network dataset.Value recipe ignore CancellationToken.None with
    | Ok _ -> "it trained"
    | Error error ->
        Assert.True(TrainError.isBeforeFirstStep error)
        TrainError.message error

[<Fact>]
let ``a target, a published rule or a parameter that a penalty cannot have is refused`` () =
    let targeted penalty = {
        of' penalty 0.1 with
            Target = { Target.none with Macs = Some 0.5 }
    }

    for penalty, _ in cases do
        let word = FactorPenalty.word penalty

        if penalty <> FactorPenalty.NonNegative then
            Assert.Equal(
                $"`penalty` is {word}; it must be nonneg where there is a target.",
                refused FactorMethod.Apg (targeted penalty)
            )

        if not (FactorPenalty.isPublished penalty) then
            for method in [ Clamp.AfterMomentum; Clamp.Never ] |> List.map FactorMethod.Published do
                Assert.Equal(
                    $"`penalty` is {word}; it must be nonneg or l1 where the method is {FactorMethod.name method}.",
                    refused method (of' penalty 0.1)
                )

    Assert.Equal(
        "mcp: theta must be more than 0, not 0.",
        refused FactorMethod.Apg (of' (FactorPenalty.Mcp 0.0) 0.1)
    )

    Assert.Equal(
        "scad: a must be more than 2, not 1.5.",
        refused FactorMethod.Apg (of' (FactorPenalty.Scad 1.5) 0.1)
    )

    Assert.Equal(
        "weightedL1: gammas[0] must be 0 or more, not -1.",
        refused FactorMethod.Apg (of' FactorPenalty.L1 -1.0)
    )
