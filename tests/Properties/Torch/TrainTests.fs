/// Optimizers, the loop, and what it promises.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.TrainTests

open System
open System.Diagnostics
open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Torch.Small

[<Fact>]
let ``same seed, same bits; another seed, other bits`` () =
    let short = { recipe with Epochs = 1 }
    let first = Engine.ok (train short None)
    let second = Engine.ok (train short None)
    let other = Engine.ok (train { short with Seed = 2 } None)
    Assert.Equal<TrainState>(timeless first.State, timeless second.State)
    Assert.NotEqual<TrainState>(timeless first.State, timeless other.State)

[<Fact>]
let ``stopped and gone on gives the bits of one go`` () =
    let whole = Engine.ok (train recipe None)
    use stop = new CancellationTokenSource()
    let mutable steps = 0

    let count event =
        match event with
        | Stepped _ ->
            steps <- steps + 1

            if steps = 30 then
                stop.Cancel()
        | _ -> ()

    match Train.run (settings None) network dataset.Value recipe count stop.Token with
    | Error(Stopped state) ->
        Assert.Equal(30L, state.Step)
        let rest = Engine.ok (train recipe (Some state))
        Assert.Equal<TrainState>(timeless whole.State, timeless rest.State)
    | other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``digits are learned, and the loss and counts are reported`` () =
    let trained = Engine.ok (train { recipe with Epochs = 6 } None)
    let last = List.last trained.Epochs
    Assert.Equal(6, trained.Epochs.Length)
    Assert.True(last.Accuracy > 0.9, $"training accuracy {last.Accuracy}")
    Assert.True(last.Loss < trained.Epochs.Head.Loss)

    Assert.Equal<(FactorKind * int) list>(
        [ Block, 2; Neuron, 24 ],
        last.Factors |> List.map (fun f -> f.Kind, f.Total) |> List.sort |> List.rev
    )

    use model = Engine.ok (Model.create (Engine.get ()) network trained.Numbers)
    let result = Engine.ok (Evaluate.run model dataset.Value dataset.Value.Test)
    Assert.Equal(359, result.Count)
    Assert.True(result.Accuracy > 0.9, $"test accuracy {result.Accuracy}")
    // The same numbers in another model give the same bits.
    use again = Engine.ok (Model.create (Engine.get ()) network (Model.weights model))
    Assert.Equal(result, Engine.ok (Evaluate.run again dataset.Value dataset.Value.Test))

[<Fact>]
let ``a loss that is no number is an outcome`` () =
    match train { recipe with Lr = 1e20 } None with
    | Error(Diverged(epoch, loss)) ->
        Assert.False(Double.IsFinite loss)
        Assert.InRange(epoch, 0, 2)
    | other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``batch normalisation over one value is refused before training`` () =
    let network =
        Nets.network (Shape.create 1 8 8) [
            Nets.plain "dense1" (Nets.dense 4)
            Nets.plain "bn1" Nets.bn
            Nets.plain "dense2" (Nets.dense 10)
        ]

    let attempt batch images =
        let few = Dataset.limit images dataset.Value

        Train.run
            (settings None)
            network
            few
            {
                recipe with
                    Epochs = 1
                    Batch = batch
            }
            (fun event -> Assert.Fail $"%A{event}")
            CancellationToken.None
        |> function
            | Error error -> TrainError.message error
            | Ok _ -> "trained"

    Assert.Equal(
        "`bn1` normalises over one value: a batch is 1 image, and its input is 1x1. One value has no \
         variance. Use a `batch` of 2 or more, or remove the `bn`.",
        attempt 1 8
    )

    Assert.Equal(
        "`bn1` normalises over one value: a batch is 1 image, and its input is 1x1. One value has no \
         variance. The training set has only one image; use more, or remove the `bn`.",
        attempt 64 1
    )

[<Fact>]
let ``memory does not grow with the steps`` () =
    let resident () =
        GC.Collect()
        use self = Process.GetCurrentProcess()
        float self.WorkingSet64 / 1048576.0

    let mutable early = 0.0
    let mutable late = 0.0
    let mutable steps = 0

    let watch event =
        match event with
        | Stepped _ ->
            steps <- steps + 1

            if steps = 100 then
                early <- resident ()
            elif steps = 400 then
                late <- resident ()
        | _ -> ()

    let recipe = {
        recipe with
            Epochs = 100
            Batch = 14 * 10
    }

    use stop = new CancellationTokenSource()

    let watchAndStop event =
        watch event

        if steps = 400 then
            stop.Cancel()

    Train.run (settings None) network dataset.Value recipe watchAndStop stop.Token
    |> ignore
    // One leaked activation a step would be 140 x 8 x 8 x 8 x 4 bytes x 300 = 82 MiB.
    Assert.True(late - early < 30.0, $"{early} MiB after 100 steps, {late} after 400")

[<Fact>]
let ``a network without weights is a message`` () =
    let network = Nets.network (Shape.create 1 8 8) [ Nets.plain "flatten" Op.Flatten ]

    match Train.run (settings None) network dataset.Value recipe ignore CancellationToken.None with
    | Ok _ -> Assert.Fail "it trained"
    | Error error ->
        Assert.Equal(
            "The network has no weights, so there is nothing to train. Add a layer that has some, such as `conv` or \
             `dense`.",
            TrainError.message error
        )
