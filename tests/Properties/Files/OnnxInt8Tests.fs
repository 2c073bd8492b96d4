module Sss.Tests.Files.OnnxInt8Tests

open System
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Microsoft.ML.OnnxRuntime
open Microsoft.ML.OnnxRuntime.Tensors
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

/// The file with the sizes of what its last layer sums in place of its scores: terms may cancel, and what rounding does is as
/// large as they are, not as their sum.
let private sizes (model: byte[]) : byte[] =
    let parsed = ModelProto.Parser.ParseFrom model
    let nodes = parsed.Graph.Node
    let sums = [ "Conv"; "ConvTranspose"; "Gemm"; "MatMul" ]

    match nodes |> Seq.tryFindIndexBack (fun node -> List.contains node.OpType sums) with
    | None -> model
    | Some at ->
        let last = nodes[at]

        for i in 0 .. last.Input.Count - 1 do
            let size = NodeProto(OpType = "Abs", Name = $"{last.Name}/size/{i}")
            size.Input.Add last.Input[i]
            size.Output.Add size.Name
            nodes.Insert(at, size)
            last.Input[i] <- size.Name

        Google.Protobuf.MessageExtensions.ToByteArray parsed

/// Whether a file divides values by their deviation within an image: where that is as small as a step, rounding decides.
let private normalisesImages (model: byte[]) =
    (ModelProto.Parser.ParseFrom model).Graph.Node
    |> Seq.exists (fun node ->
        node.OpType = "LayerNormalization" || node.OpType = "InstanceNormalization"
    )

/// The scores of the codes of a file in 8 bits, without integer kernels: ONNX Runtime makes these when it optimizes.
let private scoresOfCodes (network: Network) (images: float32[]) (model: byte[]) =
    use options =
        new SessionOptions(GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL)

    use session = new InferenceSession(model, options)
    let s = network.Input
    let shape = [| 4; s.Channels; s.Height; s.Width |]

    let input =
        NamedOnnxValue.CreateFromTensor("images", DenseTensor<float32>(images, shape))

    use values = session.Run [ input ]

    values
    |> Seq.find (fun v -> v.Name = "scores")
    |> _.AsEnumerable<float32>()
    |> Array.ofSeq

/// In 8 bits, a network has the scores of its codes, and where no rounding is magnified, scores like those of float32.
let private runsIn8Bits (seed: int) =
    Prop.forAll
        (Arb.fromGen OnnxNets.networks)
        (fun network ->
            let network, weights = Inference.fold network (OnnxNets.weights seed network)
            let keys = NetworkFile.keys network |> List.map fst |> Set.ofList
            let weights = weights |> Map.filter (fun key _ -> keys.Contains key)
            let images = OnnxNets.images seed network 4
            let model = Folders.ok (Onnx.export OnnxNets.plain network weights)

            let size =
                scores network images (sizes model) |> Array.map abs |> Array.max |> max 1e-3f

            let rounded = quantized network.Input images model
            let int8 = scores network images rounded

            let difference (other: float32[]) =
                (Array.map2 (fun a b -> abs (a - b)) other int8 |> Array.max) / size

            let ofCodes = difference (scoresOfCodes network images rounded)
            let ofFloat = difference (scores network images model)

            let most = if normalisesImages model then 0.5f else 0.1f

            (ofCodes <= 0.05f && ofFloat <= most)
            |> Prop.label
                $"from the codes {ofCodes}, from float32 {ofFloat}, of the size of what is summed"
        )

[<Property(MaxTest = 200)>]
let ``every network runs in 8 bits, with the scores of its codes and like those of float32``
    (seed: int)
    =
    runsIn8Bits seed

[<Property(MaxTest = 1, Replay = "18158095366628779757,15982066136526554795,60")>]
let ``a network with a layer of zeros, which once gave 0 where float32 does not, runs like any other``
    (seed: int)
    =
    runsIn8Bits seed

[<Property(MaxTest = 1, Replay = "11440275028556237981,12874575766832150865,53")>]
let ``a network whose one score is a small sum of large terms is judged by these`` (seed: int) =
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
let ``a layer that reads zeros keeps its bias`` () =
    let network = network "network N { input 1x1x1; classes 2\n dense classes }"
    let weights = OnnxNets.weights 1 network
    let model = Folders.ok (Onnx.export OnnxNets.plain network weights)
    let images = Array.zeroCreate<float32> 4
    let float = scores network images model
    let int8 = scores network images (quantized network.Input images model)
    Assert.All(Array.zip float int8, fun (a, b) -> Assert.Equal(a, b, 1e-4f))

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

    let graph = (ModelProto.Parser.ParseFrom int8).Graph

    /// The types of what a rounding reads: codes, and zero points if there are any.
    let typesOf isOf =
        let node = graph.Node |> Seq.find isOf

        [
            for t in graph.Initializer do
                if node.Input.Contains t.Name && not (t.Name.EndsWith "/s") then
                    enum<TensorProto.Types.DataType> t.DataType
        ]

    let restores (name: string) (node: NodeProto) = node.Output.Contains name
    let int8Type = TensorProto.Types.DataType.Int8
    Assert.Equal<_ list>([ int8Type; int8Type ], typesOf (restores "conv2.weight"))
    Assert.Equal<_ list>([ TensorProto.Types.DataType.Int32 ], typesOf (restores "conv2.bias"))
    Assert.Equal<_ list>([ TensorProto.Types.DataType.Uint8 ], typesOf _.Input.Contains("images"))
    Assert.DoesNotContain(graph.Initializer, fun t -> t.Name = "conv2.weight")

[<Fact>]
let ``names of layers do not stand again in the names of their codes`` () =
    let size (layer: string) =
        let network =
            network
                $"network N {{ input 1x8x8; classes 10\n {layer}: conv 8 3x3; relu; conv 8 3x3; avgpool global; dense classes }}"

        let images = OnnxNets.images 1 network 4

        OnnxNets.weights 1 network
        |> Onnx.export OnnxNets.plain network
        |> Folders.ok
        |> quantized network.Input images
        |> _.Length

    let name = String('n', 100)
    // Its node, its output, what reads that, and its weights and bias, each written and read; the text in the metadata.
    Assert.InRange(size name - size "n", 99 * 5, 99 * 10)
