module Sss.Tests.Files.OnnxTests

open System
open System.IO
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Tests.Shapes
open Sss.Files
open Sss.Schema

[<Property(MaxTest = 400)>]
let ``ONNX Runtime gives the scores that the network defines`` (seed: int) =
    Prop.forAll
        (Arb.fromGen OnnxNets.networks)
        (fun network ->
            let weights = OnnxNets.weights seed network
            let images = OnnxNets.images seed network 2
            let scores = OnnxNets.exported OnnxNets.plain network weights 2 images
            let difference = OnnxNets.difference (OnnxNets.oracle network weights images) scores
            difference <= 1e-4 |> Prop.label $"relative difference {difference}"
        )

/// Every pool on one axis that fits, with another pool on the other axis.
let private pools = [
    for size in 1..7 do
        for kernel in 1..4 do
            for stride in 1..4 do
                for before in 0 .. kernel / 2 do
                    for after in 0 .. kernel / 2 do
                        for ceil in [ false; true ] do
                            if size + before + after >= kernel then
                                size, kernel, stride, before, after, ceil
]

[<Theory>]
[<InlineData(true, true)>]
[<InlineData(true, false)>]
[<InlineData(false, false)>]
let ``pools of every size, stride, padding and rounding are PyTorch's`` (average: bool) countPad =
    let layers =
        pools
        |> List.choose (fun (size, kernel, stride, before, after, ceil) ->
            let pool = {
                Kind = if average then Average else Max
                Kernel = { H = kernel; W = 3 }
                Stride = { H = stride; W = 2 }
                Pad =
                    Padding.Sides {
                        Top = before
                        Left = 1
                        Bottom = after
                        Right = 1
                    }
                Ceil = ceil
                CountPad = countPad
            }

            let input = Shape.create 1 size 6
            let output = outputShape (Op.Pool pool) input

            if output.Height < 1 then
                None
            else
                Some {
                    Name = "pool1"
                    Op = Op.Pool pool
                    Scale = None
                    Input = input
                    Output = output
                }
        )

    Assert.True(layers.Length > 600)

    for layer in layers do
        let network = {
            Name = "P"
            Input = layer.Input
            Classes = int (Shape.count layer.Output)
            OutputKind = OutputKind.Classes
            Body = [ Node.Layer layer ]
        }

        let images = OnnxNets.images 1 network 2
        let scores = OnnxNets.exported OnnxNets.plain network Map.empty 2 images
        let expected = OnnxNets.oracle network Map.empty images
        Assert.True(OnnxNets.difference expected scores <= 1e-6, string layer)

let private conv out inputs = {
    Name = "stem.conv1"
    Op =
        Op.Conv {
            Out = out
            Kernel = Size.square 3
            Stride = Size.square 1
            Pad = Padding.square 1
            Dilation = Size.square 1
            Groups = 1
            Bias = true
        }
    Scale =
        Some {
            Kind = Neuron
            Owner = None
            Count = out
            Gamma = 1.0
            Init = 1.0
            Min = 0
            Keep = false
        }
    Input = Shape.create inputs 4 4
    Output = Shape.create out 4 4
}

let private small: Network =
    let shape = Shape.create 3 4 4

    let layer name op input output =
        Node.Layer {
            Name = name
            Op = op
            Scale = None
            Input = input
            Output = output
        }

    {
        Name = "Small"
        Input = Shape.create 2 4 4
        Classes = 5
        OutputKind = OutputKind.Classes
        Body = [
            Node.Layer(conv 3 2)
            layer "scores" (Op.Activation Relu) shape shape
            layer "drop1" (Op.Dropout 0.5) shape shape
            layer "dense1" (Op.Dense { Out = 5; Bias = false }) shape (Shape.vector 5)
        ]
    }

let private options = {
    Text = "network Small { }"
    Classes = [ "a"; "b" ]
    Preparation =
        Some {
            Pictures = PictureOptions.standard
            Range = PixelRange.bytes
            Scale = 1.0f / 255.0f
            Mean = [| 0.5f; 0.25f |]
            Deviation = [| 0.125f; 0.5f |]
            IsGiven = false
        }
    Probabilities = Sss.Core.Probabilities.Softmax
    Raw = true
}

[<Fact>]
let ``values, operations and constants have the network's names`` () =
    let model =
        OnnxNets.weights 1 small
        |> Onnx.export options small
        |> Folders.ok
        |> ModelProto.Parser.ParseFrom

    let nodes =
        model.Graph.Node
        |> Seq.map (fun n ->
            $"""{n.OpType} {n.Name}: {String.Join(" ", n.Input)} -> {n.Output[0]}"""
        )

    let expected =
        """Conv stem.conv1: images stem.conv1.weight stem.conv1.bias -> stem.conv1/plain
Mul stem.conv1/scaled: stem.conv1/plain stem.conv1.factor -> stem.conv1
Relu scores: stem.conv1 -> scores/value
Flatten dense1/scores/value/flat: scores/value -> dense1/scores/value/flat
Gemm dense1: dense1/scores/value/flat dense1.weight -> scores"""

    Assert.Equal(expected, String.Join("\n", nodes))
    Assert.Equal((8L, 17L), (model.IrVersion, model.OpsetImport[0].Version))

    Assert.Equal<string list>(
        [ "dense1.weight"; "stem.conv1.bias"; "stem.conv1.factor"; "stem.conv1.weight" ],
        model.Graph.Initializer |> Seq.map (fun t -> t.Name) |> List.ofSeq |> List.sort
    )

[<Fact>]
let ``normalisation inside the graph is the one outside`` () =
    let weights = OnnxNets.weights 2 small
    let random = Random 3
    let pixels = Array.init (2 * 32) (fun _ -> float32 (random.Next 256))
    let n = options.Preparation.Value

    let normalised =
        pixels
        |> Array.mapi (fun i p ->
            let c = i / 16 % 2
            (p * n.Scale - n.Mean[c]) / n.Deviation[c]
        )

    let inside = OnnxNets.exported { options with Raw = false } small weights 2 pixels

    let outside = OnnxNets.exported options small weights 2 normalised
    Assert.Equal<float32[]>(outside, inside)

[<Fact>]
let ``the file tells text, classes and what its input must be`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "small.onnx")

        let metadata raw =
            OnnxNets.weights 1 small
            |> Onnx.write path { options with Raw = raw } small
            |> Folders.ok

            use session = Folders.ok (OnnxRun.load 1 path)
            OnnxRun.metadata session

        let shown = metadata true
        Assert.Equal("network Small { }", shown["sss.network"])
        Assert.Equal("[\"a\",\"b\"]", shown["sss.classes"])

        Assert.Equal(
            "(pixel * 0.003921569 - mean) / deviation per channel; mean 0.5, 0.25; deviation 0.125, 0.5; pixels from 0 to 255 (black to white)",
            shown["sss.input"]
        )

        Assert.Equal("images", shown["sss.takes"])
        Assert.Equal("0.1.0", shown["sss.version"])
        let shown = metadata false
        Assert.Equal("numbers", shown["sss.takes"])

        Assert.Equal(
            "numbers as the training data stores them, 0 to 255 (black to white); normalised inside",
            shown["sss.input"]
        )
    )

[<Fact>]
let ``weights of another network are refused with what differs`` () =
    let weights = OnnxNets.weights 1 small

    let wrong =
        weights
        |> Map.remove (ArrayKey.make ArrayPart.Weight "dense1")
        |> Map.add (ArrayKey.make ArrayPart.Bias "other") { Shape = [ 1 ]; Data = [| 0.0f |] }
        |> Map.add (ArrayKey.make ArrayPart.Bias "stem.conv1") {
            Shape = [ 2 ]
            Data = [| 0.0f; 0.0f |]
        }

    let expected =
        """Small: the weights do not belong to this network
  `stem.conv1.bias` is 2, the network needs 3
  `dense1.weight` is missing
  `other.bias` belongs to no layer"""

    Assert.Equal(expected, Folders.message (Onnx.export options small wrong))

[<Fact>]
let ``a file that is no model is an error`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.onnx")

        Assert.Equal(
            "x.onnx: no such file or folder",
            Folders.messageIn folder (OnnxRun.load 1 path)
        )

        File.WriteAllText(path, "no model")

        Assert.StartsWith(
            "x.onnx: ONNX Runtime cannot use it: ",
            Folders.messageIn folder (OnnxRun.load 1 path)
        )
    )
