namespace Sss.Tests.Import

open System
open System.IO
open Xunit
open Xunit.Abstractions
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Torch

/// Networks that torchvision exports, imported: the published counts, and the file's scores.
[<Collection("LibTorch")>]
type TorchvisionImportTests(output: ITestOutputHelper) =

    /// The function in torchvision, the opset, and the parameters that torchvision states (the two with
    /// further outputs in training: without what only those need; `convnext_thin`: those that PyTorch counts).
    static let networks = [
        "resnet18", 13, 11_689_512L
        "resnet50", 11, 25_557_032L
        "mobilenet_v2", 13, 3_504_872L
        "vgg11_bn", 9, 132_868_840L
        "densenet121", 13, 7_978_856L
        "googlenet", 13, 6_624_904L
        "inception_v3", 13, 23_834_568L
        "squeezenet1_1", 10, 1_235_496L
        "shufflenet_v2_x1_0", 12, 2_278_604L
        "mobilenet_v3_small", 14, 2_542_856L
        "efficientnet_b0", 14, 5_288_548L
        "regnet_y_400mf", 15, 4_344_144L
        "convnext_thin", 16, 783_904L
        "convnext_tiny", 16, 28_589_128L
        "vit_b_16", 14, 86_567_656L
    ]

    let options = {
        Name = None
        Input = None
        Scales = Set.ofList [ Neuron; Group; Block ]
        Classes = None
    }

    /// Networks whose weights are mapped too, and whether the order of the names is the network's.
    static let mapped =
        Map.ofList [
            "resnet18", true
            "resnet50", true
            "mobilenet_v2", true
            "densenet121", true
            "shufflenet_v2_x1_0", true
            "mobilenet_v3_small", true
            "efficientnet_b0", true
            "regnet_y_400mf", false
            "inception_v3", false
            "convnext_thin", false
            "convnext_tiny", false
        ]

    /// PyTorch's own weights, mapped by shape and order, are those of the ONNX file; or nothing is mapped.
    let checkMapped (name: string) (made: ProvedImport) (weights: string) =
        let file = Folders.ok (Safetensors.read weights)

        match ForeignWeights.map made.Network file with
        | Error reasons ->
            output.WriteLine(String.concat "\n" reasons)
            Assert.False(mapped[name], String.concat "\n" (List.truncate 5 reasons))
        | Ok found ->
            Assert.True(mapped[name])

            for KeyValue(key, tensor) in made.Weights do
                // Tens of millions of numbers: xunit would compare them one by one as objects.
                Assert.True(
                    tensor.Data.AsSpan().SequenceEqual(found.Weights[key].Data),
                    ArrayKey.text key
                )

            output.WriteLine $"{name}: {found.Names.Length} layers, {found.ByOrder} by order"

    let imported (name: string) (opset: int) (layers: string) =
        Folders.within (fun folder ->
            let file = Path.Combine(folder, $"{name}.onnx")

            let weights = Path.Combine(folder, "weights.safetensors")

            let isMapped = layers = "keep" && Map.containsKey name mapped

            let code, said =
                Python.script
                    "torchvision_export.py"
                    ([ name; string opset; layers; file ] @ (if isMapped then [ weights ] else []))

            Assert.True((code = 0), said)

            match ModelImport.run (Engine.get ()) options file with
            | Error error -> failwith (PipelineError.message error)
            | Ok made ->
                output.WriteLine $"{name}: {made.Difference:g2} over {made.Images} images"

                if File.Exists weights then
                    checkMapped name made weights

                made
        )

    static member Names: TheoryData<string, int, int64> =
        let names = TheoryData<string, int, int64>()

        for name, opset, count in networks do
            // Up to half a minute each for the largest. Of their families the smaller ones are read each time (GoogLeNet for
            // Inception).
            if Sss.Tests.Repository.isLong || count < 20_000_000L then
                names.Add(name, opset, count)

        names

    [<Python.PythonTheory("torchvision"); MemberData("Names")>]
    member _.``a network of torchvision is imported whole``
        (name: string, opset: int, count: int64)
        =
        let made = imported name opset "keep"
        Assert.Equal(count, (Cost.ofNetwork made.Network).Params)
        Assert.InRange(made.Difference, 0.0, 1e-4)
        Assert.NotEmpty(Parameters.factors made.Network)

    [<Python.PythonTheory("torchvision")>]
    [<InlineData("resnet18", 13)>]
    [<InlineData("mobilenet_v3_small", 11)>]
    [<InlineData("shufflenet_v2_x1_0", 16)>]
    member _.``and with bn folded into convolutions``(name: string, opset: int) =
        let made = imported name opset "fold"
        Assert.InRange(made.Difference, 0.0, 1e-4)
