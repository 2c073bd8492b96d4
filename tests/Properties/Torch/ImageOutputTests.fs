namespace Sss.Tests.Torch

open System.Threading
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Torch
open Sss.Tests.Files

/// Networks whose output is an image, one value per class at each position.
[<Collection("LibTorch")>]
type ImageOutputTests() =

    /// A U-Net (O. Ronneberger et al., 2015): what a level gives is joined with what comes back from
    /// the level below.
    let text =
        "network UNet {
  input 1x16x16
  classes 2

  def double(width) {
    conv width 3x3; bn @scale(neuron); relu
    conv width 3x3; bn @scale(neuron); relu
  }

  double 8
  concat { } {
    maxpool 2x2
    double 16
    concat { } { maxpool 2x2; double 32; deconv 16 2x2 stride=2 @scale(neuron); relu }
    double 16
    residual @scale(block) { conv 16 3x3; bn @scale(neuron); relu; conv 16 3x3; bn }
    upsample 2 mode=bilinear
    conv 8 1x1 @scale(neuron); relu
  }
  double 8
  conv classes 1x1
}
"

    let network =
        match Language.parse text with
        | Ok parsed -> parsed.Network
        | Error diagnostics -> invalidOp diagnostics.Head.Message

    [<Fact>]
    member _.``a U-Net gives a value per class at each position, and selection changes none``() =
        Assert.Equal(Shape.create 2 16 16, Network.output network)

        let settings = {
            Trials = 40
            Seed = 3
            Select = Selection.defaults
        }

        let report =
            VerifyRun.run (Engine.get ()) settings network ignore CancellationToken.None

        Assert.True(report.Failure.IsNone, $"%A{report.Failure}")
        Assert.True(report.Died < 30, $"{report.Died} of 40 died")
        Assert.Contains(report.Plans, fun plan -> not plan.Goes.IsEmpty)

    [<Fact>]
    member _.``a selected U-Net is said, exported and run``() =
        let zeros =
            VerifyNumbers.structures network
            |> List.filter (fun s -> s.Index % 3 = 1)
            |> Set.ofList

        let weights =
            OnnxNets.weights 4 network
            |> Map.map (fun _ t -> {
                Shape = t.Shape
                Data = Array.map float t.Data
            })
            |> VerifyNumbers.withZeros zeros

        match Selection.select Selection.defaults network weights with
        | Error error -> Assert.Fail(SelectionError.message error)
        | Ok selected ->
            Assert.True((Cost.ofNetwork selected.Network).Macs * 2L < (Cost.ofNetwork network).Macs)

            match Language.parse (Language.print selected.Network) with
            | Error diagnostics -> Assert.Fail diagnostics.Head.Message
            | Ok parsed -> Assert.Equal(selected.Network, parsed.Network)

            let numbers = VerifyNumbers.single selected.Weights
            let images = OnnxNets.images 9 network 2
            let found = OnnxNets.exported OnnxNets.plain selected.Network numbers 2 images
            let expected = OnnxNets.oracle network (VerifyNumbers.single weights) images
            Assert.Equal(2 * 2 * 16 * 16, found.Length)
            Assert.InRange(OnnxNets.difference expected found, 0.0, 1e-4)

    [<Fact>]
    member _.``training says what it needs``() =
        Assert.Equal(
            "The network gives 2x16x16, one value per class at each position, and the data has one class for each \
              image. End the network with `avgpool global`, for example, or use data with a mask for each image.",
            TrainError.message (OutputIsImage(Network.output network))
        )
