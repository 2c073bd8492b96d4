/// What training took, in multiply-adds.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.ComputeTests

open System.Threading
open Xunit
open Sss.Core
open Sss.Torch
open Sss.Tests.Torch.Small

[<Fact>]
let ``without cuts it is images times macs`` () =
    let trained = Engine.ok (train { recipe with Epochs = 2 } None)
    let steps = dataset.Value.Train.Count / 64
    Assert.Equal(2L * int64 steps * 64L, trained.Images)

    Assert.Equal(
        float trained.Images * float (Cost.ofNetwork network).Macs,
        trained.State.TrainMacs
    )

[<Fact>]
let ``each epoch counts with the network that it trained`` () =
    let cutting = {
        recipe with
            Epochs = 6
            Target = { Target.none with Macs = Some 0.4 }
            ShrinkEvery = Some 1
    }

    let mutable macs = (Cost.ofNetwork network).Macs
    let mutable expected = 0.0
    let mutable images = 0
    let mutable cuts = 0

    let watch event =
        match event with
        | Started start -> images <- start.Images
        // An epoch is reported before the cut after it.
        | EpochDone _ -> expected <- expected + float images * float macs
        | CutDone cut ->
            cuts <- cuts + 1
            macs <- cut.After.Macs
        | _ -> ()

    let trained =
        Engine.ok (
            Train.run (settings None) network dataset.Value cutting watch CancellationToken.None
        )

    Assert.True(cuts > 0, "nothing was cut")
    Assert.Equal(expected, trained.State.TrainMacs)
    Assert.True(trained.State.TrainMacs < 6.0 * float images * float (Cost.ofNetwork network).Macs)
