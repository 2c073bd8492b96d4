/// Weights of one network as the start of another.
module Sss.Tests.Import.StartWeightsTests

open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch
open Sss.Tests.Language

let private textOf width classes scale =
    $"network N {{\n  input 1x8x8\n  classes {classes}\n\n  conv {width} 3x3; bn{scale}; relu\n"
    + "  conv 6 3x3; bn; relu\n  avgpool global\n  dense classes\n}\n"

let private network width classes scale =
    Support.network (textOf width classes scale)

let private saved (network: Network) : SavedNetwork = {
    Text = Language.print network
    Classes = List.init network.Classes (fun i -> $"class {i}")
    Preparation = None
    Probabilities = Sss.Core.Probabilities.Softmax
    Weights = Init.weights 7 network
    Strangers = []
}

let private fit target source =
    StartWeights.fit "w.safetensors" 3 target (saved source)

let private fitted target source =
    match fit target source with
    | Ok start -> start
    | Error error -> failwith (FileError.message error)

let private message target source =
    match fit target source with
    | Ok _ -> failwith "it fits"
    | Error error -> FileError.message error

[<Fact>]
let ``weights of the same network are taken as they are`` () =
    let net = network 8 10 " @scale(neuron)"
    let start = fitted net net
    Assert.Equal<Weights<float32>>((saved net).Weights, start.Weights)
    Assert.Equal(None, start.NewHead)
    Assert.Empty start.NewFactors

[<Fact>]
let ``another number of classes gives a last layer that starts at random`` () =
    let net = network 8 3 ""
    let start = fitted net (network 8 10 "")
    Assert.Equal(Some "dense1", start.NewHead)
    let random, old = Init.weights 3 net, (saved (network 8 10 "")).Weights

    for KeyValue(key, tensor) in start.Weights do
        let expected = if key.Owner = "dense1" then random[key] else old[key]
        Assert.Equal(expected, tensor)

    Assert.Empty(NetworkFile.faults net start.Weights)

[<Fact>]
let ``factors that the file does not have start at their init`` () =
    let net = network 8 10 " @scale(neuron, init=0.5)"
    let start = fitted net (network 8 10 "")
    Assert.Equal(None, start.NewHead)
    Assert.Equal<string list>([ "bn1" ], start.NewFactors)

    Assert.Equal<float32[]>(
        Array.create 8 0.5f,
        start.Weights[ArrayKey.make ArrayPart.Factor "bn1"].Data
    )

[<Fact>]
let ``any other layer has to fit, whatever the last one is`` () =
    let said = message (network 9 3 "") (network 8 10 "")
    Assert.Contains("conv1.weight", said)
    Assert.Contains("conv2.weight", said)
    Assert.DoesNotContain("dense1", said)

[<Fact>]
let ``factors of the file that the network does not have are an error`` () =
    Assert.Contains("bn1.factor", message (network 8 10 "") (network 8 10 " @scale(neuron)"))

[<Fact>]
let ``a network of one layer takes nothing from another`` () =
    let one classes =
        Support.network $"network N {{\n  input 1x8x8\n  classes {classes}\n\n  dense classes\n}}\n"

    Assert.Contains("names in `sss.classes`", message (one 3) (one 10))

[<Fact>]
let ``the head is the layer that gives the scores`` () =
    let head text =
        Network.head (Support.network text) |> Option.map _.Name

    let net body =
        $"network N {{\n  input 1x8x8\n  classes 4\n\n{body}\n}}\n"

    Assert.Equal(Some "dense1", head (net "  conv 4 3x3; relu; dense classes"))
    Assert.Equal(Some "conv1", head (net "  conv 4 1x1; relu; avgpool global"))

    Assert.Equal(None, head (net "  conv 4 3x3; residual { conv 4 3x3; bn }\n  avgpool global"))

[<Xunit.Collection "LibTorch">]
type ChannelOrderTests() =

    [<Fact>]
    member _.``a network of blue first gives the same for red first``() =
        let net =
            Support.network
                "network N {\n  input 3x8x8\n  classes 4\n\n  bn; relu\n  conv 6 3x3; relu\n  avgpool global\n  dense classes\n}\n"

        let weights = Sss.Tests.Files.OnnxNets.weights 5 net

        let turned =
            match ChannelOrder.reversed "m.onnx" net weights with
            | Ok turned -> turned
            | Error error -> failwith (PipelineError.message error)

        let image = Exactness.randomImages 3 1 net
        let other = Array.chunkBySize 64 image |> Array.rev |> Array.concat

        let scores weights images =
            match Model.create (Sss.Tests.Torch.Engine.get ()) net weights with
            | Ok model ->
                use model = model
                Evaluate.scores model (System.ReadOnlyMemory images)
            | Error error -> failwith (ModelError.message error)

        Array.iter2
            (fun (a: float32) b -> Assert.Equal(a, b, 4))
            (scores weights image)
            (scores turned other)

let private withOutput text =
    Support.network (
        (textOf 8 10 " @scale(neuron)").Replace("  conv 6 3x3", $"  {text}\n  conv 6 3x3")
    )

[<Fact>]
let ``an output that the file does not have starts at random, and one that only the file has is left out``
    ()
    =
    let plain = network 8 10 " @scale(neuron)"

    let early =
        withOutput "output early { conv 4 1x1; bn @scale(neuron); relu; avgpool global; dense 3 }"

    let more = fitted early plain
    Assert.Equal<string list>([ "early" ], more.NewOutputs)
    Assert.Equal(None, more.NewHead)
    Assert.Empty more.NewFactors
    Assert.Empty(NetworkFile.faults early more.Weights)
    let random, old = Init.weights 3 early, (saved plain).Weights

    for KeyValue(key, tensor) in more.Weights do
        let expected =
            if key.Owner.StartsWith "early." then
                random[key]
            else
                old[key]

        Assert.Equal(expected, tensor)

    let less = fitted plain early
    Assert.Empty less.NewOutputs
    Assert.Empty(NetworkFile.faults plain less.Weights)

    // Another one of the same name has to fit.
    let other =
        withOutput "output early { conv 5 1x1; bn; relu; avgpool global; dense 3 }"

    Assert.Contains("early.conv1.weight", message other early)
