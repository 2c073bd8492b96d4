module Sss.Tests.Files.OnnxInt8Tests

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Schema

let private quantized shape images model =
    let ranges =
        Folders.ok (OnnxInt8.ranges 1 "model" RangeRule.MinMax shape [ images ] model)

    OnnxInt8.quantize ranges model

let private scores (network: Network) images (model: byte[]) =
    use session = Folders.ok (OnnxRun.ofBytes 1 "model" model)
    let count = images |> Array.length |> fun n -> n / int (Shape.count network.Input)
    Folders.ok (OnnxRun.run session network.Input count images)

/// In 8 bits, a network has scores like those of float32.
let private runsIn8Bits (seed: int) =
    Prop.forAll
        (Arb.fromGen OnnxNets.networks)
        (fun network ->
            let network, weights = Inference.fold network (OnnxNets.weights seed network)
            let keys = NetworkFile.keys network |> List.map fst |> Set.ofList
            let weights = weights |> Map.filter (fun key _ -> keys.Contains key)
            let images = OnnxNets.images seed network 4
            let model = Folders.ok (Onnx.export OnnxNets.plain network weights)
            let float = scores network images model
            let int8 = scores network images (quantized network.Input images model)
            let difference = OnnxNets.difference (Array.map double float) int8

            (float.Length = int8.Length && difference <= 0.3)
            |> Prop.label $"difference {difference}"
        )

[<Property(MaxTest = 200)>]
let ``every network runs in 8 bits, with scores like those of float32`` (seed: int) =
    runsIn8Bits seed

[<Property(MaxTest = 1, Replay = "18158095366628779757,15982066136526554795,60")>]
let ``a network with a layer of zeros, which once gave 0 where float32 does not, runs like any other``
    (seed: int)
    =
    runsIn8Bits seed

let private network text =
    match Language.parse text with
    | Ok parsed -> parsed.Network
    | Error errors -> failwithf "%A" errors

/// The kinds of the nodes of a graph in 8 bits, in their order.
let private kinds text =
    let network = network text
    let weights = OnnxNets.weights 1 network
    let images = OnnxNets.images 1 network 4
    let model = Folders.ok (Onnx.export OnnxNets.plain network weights)

    let graph =
        (ModelProto.Parser.ParseFrom(quantized network.Input images model)).Graph

    [ for node in graph.Node -> node.OpType ]

let private short (kinds: string list) =
    kinds
    |> List.map (
        function
        | "QuantizeLinear" -> "Q"
        | "DequantizeLinear" -> "D"
        | kind -> kind
    )
    |> String.concat " "

[<Fact>]
let ``a residual block computes with codes, and rounding does its activations`` () =
    let text =
        "network N { input 1x4x4; classes 2\n conv 3 3x3; relu\n residual { conv 3 3x3; relu6; conv 3 3x3 }; relu\n\
         avgpool global; dense classes }"

    Assert.Equal(
        "Q D D D Conv Q D D D Conv Q D D D Conv Q D Add Q D GlobalAveragePool Q D Flatten Q D D D Gemm",
        short (kinds text)
    )

[<Fact>]
let ``what has no integer kernel stays in float32`` () =
    let text =
        "network N { input 1x4x4; classes 2\n conv 3 3x3; gelu; layernorm; conv 3 3x3; sigmoid; avgpool global; dense classes }"

    let kinds = kinds text
    Assert.Contains("Erf", kinds)
    Assert.Contains("LayerNormalization", kinds)
    Assert.Contains("Sigmoid", kinds)
    // The image, both convolutions, what the second one reads, and what the dense layer reads.
    Assert.Equal(5, kinds |> List.filter ((=) "QuantizeLinear") |> List.length)

[<Fact>]
let ``a conv that gives the scores stays in float32`` () =
    let kinds =
        kinds "network N { input 1x4x4; classes 2\n conv 3 3x3; relu; conv classes 1x1 }"

    Assert.Equal("Q D D D Conv Q D Conv", short kinds)

[<Fact>]
let ``weights take a byte and the file says that it is int8`` () =
    let network =
        network
            "network N { input 1x8x8; classes 10\n conv 64 3x3; relu; conv 64 3x3; avgpool global; dense classes }"

    let weights = OnnxNets.weights 1 network
    let images = OnnxNets.images 1 network 4
    let model = Folders.ok (Onnx.export OnnxNets.plain network weights)
    let int8 = quantized network.Input images model
    Assert.InRange(int8.Length, model.Length / 4, model.Length * 30 / 100)
    use session = Folders.ok (OnnxRun.ofBytes 1 "model" int8)
    let metadata = OnnxRun.metadata session
    Assert.Equal("int8", metadata["sss.precision"])
    Assert.False(metadata.ContainsKey "sss.exactness")

    let tensors = (ModelProto.Parser.ParseFrom int8).Graph.Initializer

    let typeOf name =
        (tensors |> Seq.find (fun t -> t.Name = name)).DataType

    Assert.Equal(int TensorProto.Types.DataType.Int8, typeOf "conv2.weight/q")
    Assert.Equal(int TensorProto.Types.DataType.Int32, typeOf "conv2.bias/q")
    Assert.Equal(int TensorProto.Types.DataType.Uint8, typeOf "images/q/z")
    Assert.DoesNotContain(tensors, fun t -> t.Name = "conv2.weight")
