namespace Sss.Tests.Torch

open System
open System.IO
open System.Text.Json.Nodes
open Xunit
open Xunit.Abstractions
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Language.Support

/// The layers of a network with their arrays, as `torchvision_reference.py` reads them.
module internal Layers =

    let private list (values: JsonNode seq) : JsonNode = JsonArray(Array.ofSeq values)

    let private numbers (values: int seq) : JsonNode =
        values |> Seq.map (fun n -> JsonValue.Create n :> JsonNode) |> list

    let private text (value: string) : JsonNode =
        JsonValue.Create value |> nonNull :> JsonNode

    let private made (pairs: (string * JsonNode) list) : JsonNode =
        let result = JsonObject()

        for name, value in pairs do
            result.Add(name, value)

        result

    let private layer (l: Layer) (arrays: ArraySpec list) =
        made [
            "op", text (Op.word l.Op)
            "name", text l.Name
            "arrays",
            list [
                for a in arrays do
                    made [
                        "part",
                        text (
                            (ArrayKey.text (ArrayKey.make a.Part l.Name))
                                .Substring(l.Name.Length + 1)
                        )
                        "shape", numbers a.Shape
                    ]
            ]
        ]

    let json (network: Network) : string =
        let s = network.Input

        let layers = [
            for l in Network.layers network do
                match Op.arrays l.Op l.Input with
                | [] -> ()
                | arrays -> layer l arrays
        ]

        (made [ "input", numbers [ s.Channels; s.Height; s.Width ]; "layers", list layers ])
            .ToJsonString()

/// Networks of the zoo against torchvision's, with the same weights: the text says what the paper's authors and
/// torchvision built, LibTorch and ONNX Runtime compute it.
[<Collection("LibTorch")>]
type TorchvisionTests(output: ITestOutputHelper) =

    /// The text, its function in torchvision, and whether it takes long.
    static let networks = [
        "mobilenetv3-large", "mobilenet_v3_large", false
        "mobilenetv3-small", "mobilenet_v3_small", false
        "efficientnet-b0", "efficientnet_b0", false
        "efficientnetv2-s", "efficientnet_v2_s", true
        "regnety-400mf", "regnet_y_400mf", false
        "shufflenetv2", "shufflenet_v2_x1_0", false
        "convnext-tiny", "convnext_tiny", false
        "vit-b16", "vit_b_16", true
        "inceptionv3", "inception_v3", false
        "resnet50", "resnet50", false
        "resnext50", "resnext50_32x4d", true
        "vgg16", "vgg16", true
    ]

    let arrays folder name : Map<string, Tensor<float32>> =
        let file =
            Folders.ok (Safetensors.read (Path.Combine(folder, name + ".safetensors")))

        Map.map (fun _ tensor -> StoredTensor.single tensor) file.Tensors

    /// What the reference knows nothing of: factors of 1.
    let factors (network: Network) : Weights<float32> =
        Parameters.factors network
        |> List.map (fun f ->
            f.Key,
            {
                Shape = [ f.Scale.Count ]
                Data = Array.create f.Scale.Count 1.0f
            }
        )
        |> Map.ofList

    /// The largest difference, relative to the largest score.
    let difference (expected: float32[]) (found: float32[]) : float =
        Assert.Equal(expected.Length, found.Length)
        Assert.All(found, fun score -> Assert.True(Single.IsFinite score))
        let largest = expected |> Array.map abs |> Array.max
        float ((Array.map2 (fun a b -> abs (a - b)) expected found |> Array.max) / largest)

    let predicted network weights (images: float32[]) : float32[] =
        match Predictor.create (Engine.get ()) None network weights with
        | Error error -> failwith (ModelError.message error)
        | Ok predictor ->
            use predictor = predictor

            let scores =
                Array.zeroCreate (images.Length / int (Shape.count network.Input) * network.Classes)

            predictor.Run(ReadOnlySpan images, Span scores)
            scores

    static member Names: TheoryData<string, string> =
        let names = TheoryData<string, string>()

        for text, reference, takesLong in networks do
            if Sss.Tests.Repository.isLong || not takesLong then
                names.Add(text, reference)

        names

    [<Python.PythonTheory("torchvision"); MemberData("Names")>]
    member _.``LibTorch and ONNX Runtime give torchvision's scores``
        (name: string, reference: string)
        =
        let network = network (read (path [ "examples"; "zoo"; name + ".sss" ]))

        Folders.within (fun folder ->
            File.WriteAllText(Path.Combine(folder, "layers.json"), Layers.json network)
            let code, said = Python.script "torchvision_reference.py" [ reference; folder ]
            output.WriteLine said
            Assert.True((code = 0), said)

            let trained =
                arrays folder "weights"
                |> Map.toList
                |> List.map (fun (name, array) -> Option.get (ArrayKey.tryParse name), array)
                |> Map.ofList

            let weights = Map.foldBack Map.add (factors network) trained

            Assert.Empty(NetworkFile.faults network weights)
            let images = (arrays folder "images" |> Map.find "images").Data
            let expected = (arrays folder "scores" |> Map.find "scores").Data
            let count = images.Length / int (Shape.count network.Input)
            let own = difference expected (predicted network weights images)

            let exported =
                OnnxNets.exported OnnxNets.plain network weights count images
                |> difference expected

            output.WriteLine $"{name}: {own:g2} in LibTorch, {exported:g2} in ONNX Runtime"
            Assert.InRange(own, 0.0, 1e-4)
            Assert.InRange(exported, 0.0, 1e-4)
        )
