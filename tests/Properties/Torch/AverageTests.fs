/// The moving average of weights, and training on mixed images: by formula, continued, cut and by several ranks.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.AverageTests

open System
open System.Collections.Generic
open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Torch.Small

let private few = lazy (Dataset.limit 500 dataset.Value)

let private averaged = {
    recipe with
        Epochs = 2
        Batch = 100
        Ema = Some 0.9
}

/// Everything that changes images and targets.
let private mixed = {
    averaged with
        Augment = {
            recipe.Augment with
                Erase = 0.3
                Mixup = 0.4
                Cutmix = 1.0
        }
}

let private run settings recipe =
    Train.run settings network few.Value recipe ignore CancellationToken.None
    |> Engine.ok

/// The states after all steps.
let private states recipe : TrainState list =
    let kept = List<TrainState>()

    let keeper = {
        Epoch = fun _ -> Ok()
        State =
            fun state ->
                kept.Add state
                Ok()
        Every = TimeSpan.Zero
    }

    run
        {
            settings None with
                Keeper = Some keeper
        }
        recipe
    |> ignore

    kept |> Seq.distinctBy _.Step |> Seq.sortBy _.Step |> List.ofSeq

[<Fact>]
let ``the average is that of the weights after each step, by its formula`` () =
    let states = states averaged
    Assert.Equal<int64 list>([ 1L .. 10L ], states |> List.map _.Step)
    let start = Init.weights averaged.Seed network

    let expected =
        (start, states)
        ||> List.fold (fun average state ->
            let t = float state.Step
            let d = min 0.9 ((1.0 + t) / (10.0 + t))

            average
            |> Map.map (fun key a -> {
                a with
                    Data =
                        Array.map2
                            (fun a w -> float32 (d * float a + (1.0 - d) * float w))
                            a.Data
                            state.Numbers[key].Data
            })
        )

    let last = List.last states
    let arrays = Map.filter (fun key _ -> not (ArrayKey.isPart ArrayPart.Factor key))

    Assert.Equal<ArrayKey list>(
        arrays start |> Map.keys |> List.ofSeq,
        last.Averages |> Map.keys |> List.ofSeq
    )

    for KeyValue(key, found) in last.Averages do
        for a, b in Array.zip expected[key].Data found.Data do
            Assert.Equal(float a, float b, 1e-4 * (1.0 + abs (float a)))

[<Fact>]
let ``training without an average does the same steps, and gives other numbers`` () =
    let plain = run (settings None) { averaged with Ema = None }
    let average = run (settings None) averaged
    Assert.Equal<Weights<float32>>(plain.Numbers, average.State.Numbers)
    Assert.Empty plain.State.Averages

    for KeyValue(key, array) in average.Numbers do
        if ArrayKey.isPart ArrayPart.Factor key then
            Assert.Equal<float32[]>(plain.Numbers[key].Data, array.Data)
        else
            Assert.Equal<float32[]>(average.State.Averages[key].Data, array.Data)
            Assert.NotEqual<float32[]>(plain.Numbers[key].Data, array.Data)

[<Fact>]
let ``a state in the middle, continued, comes to the same bits`` () =
    let whole = run (settings None) mixed

    for state in states mixed |> List.filter (fun s -> List.contains s.Step [ 3L; 5L; 8L ]) do
        let rest = run (settings (Some state)) mixed
        Assert.Equal(timeless whole.State, timeless rest.State)
        Assert.Equal<Weights<float32>>(whole.Numbers, rest.Numbers)

/// A target and cuts, so that arrays get smaller on the way.
let private steered = {
    mixed with
        Epochs = 8
        Target = { Target.none with Macs = Some 0.4 }
        ShrinkEvery = Some 1
}

[<Fact>]
let ``cuts take the average along, and the whole network is the one that was cut`` () =
    let trained = run (settings None) steered
    Assert.True(trained.State.Uncut.IsSome)
    let numbers = TrainState.averaged trained.State
    Assert.Equal(None, Selection.misfit trained.State.Network numbers)
    let images = Exactness.randomImages 1 32 trained.Network

    let report =
        Exactness.check
            (Engine.get ())
            (trained.State.Network, numbers)
            (trained.Network, trained.Numbers)
            images
        |> Engine.ok

    Assert.Equal(Exact, report.Verdict)

    match Selection.select Selection.defaults trained.Network trained.Numbers with
    | Error error -> Assert.Fail(SelectionError.message error)
    | Ok selected ->
        let report =
            Exactness.check
                (Engine.get ())
                (trained.Network, trained.Numbers)
                (selected.Network, selected.Weights)
                images
            |> Engine.ok

        Assert.Equal(Exact, report.Verdict)

/// Dropout has masks of its own on each rank.
let private still =
    let layer (l: Layer) =
        match l.Op with
        | Op.Dropout _ -> { l with Op = Op.Dropout 0.0 }
        | _ -> l

    Network.map layer id network

[<Fact>]
let ``ranks come to the same average, with mixed images and cuts`` () =
    let train team =
        Train.run
            { settings None with Team = Some team }
            still
            few.Value
            { steered with Epochs = 4 }
            ignore
            CancellationToken.None
        |> Engine.ok

    let found = ThreadTeam(2).Run train
    Assert.NotEmpty found[0].State.Averages
    Assert.Equal(timeless found[0].State, timeless found[1].State)
