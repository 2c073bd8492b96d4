namespace Sss.Tests.Torch

open System
open System.IO
open System.Text.RegularExpressions
open Xunit
open Xunit.Abstractions
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Language.Support
open TorchSharp

/// Gradients of networks of the zoo against PyTorch's, with the same weights and images at double precision: of every array,
/// in training mode.
[<Collection("LibTorch")>]
type ZooGradientTests(output: ITestOutputHelper) =

    /// The text, its function in torchvision, the side of its images, and whether it takes long.
    static let networks = [
        "mobilenetv3-small", "mobilenet_v3_small", 64, false
        "shufflenetv2", "shufflenet_v2_x1_0", 64, false
        "regnety-400mf", "regnet_y_400mf", 64, false
        "mobilenetv3-large", "mobilenet_v3_large", 64, true
        "efficientnet-b0", "efficientnet_b0", 64, true
        "efficientnetv2-s", "efficientnet_v2_s", 64, true
        "convnext-tiny", "convnext_tiny", 64, true
        "vit-b16", "vit_b_16", 48, true
        "inceptionv3", "inception_v3", 107, true
        "resnet50", "resnet50", 64, true
        "resnext50", "resnext50_32x4d", 64, true
    ]

    /// A network of the zoo for smaller images, without what is random in training.
    let small name (side: int) =
        let text = read (path [ "examples"; "zoo"; name + ".sss" ])

        let without pattern (text: string) = Regex.Replace(text, pattern, "")

        Regex.Replace(text, @"input 3x\d+x\d+", $"input 3x{side}x{side}")
        |> without @";?\s*dropout [0-9.]+"
        |> without @"drop=\S+"
        |> network

    /// Factors of 1 at double precision, which change nothing.
    let factors (network: Network) : Weights<float> =
        Parameters.factors network
        |> List.map (fun f ->
            f.Key,
            {
                Shape = [ f.Scale.Count ]
                Data = Array.create f.Scale.Count 1.0
            }
        )
        |> Map.ofList

    let arrays folder name =
        Folders.ok (Safetensors.read (Path.Combine(folder, name + ".safetensors")))

    /// The gradients of all weights, by key.
    let own network weights (images: Tensor<float>) =
        use _ = Engine.scope ()
        use model = Engine.ok (Model.createDouble (Engine.get ()) network weights)
        let shape = images.Shape |> List.map int64 |> Array.ofList
        let x = torch.tensor(images.Data, dtype = Nullable ScalarType.Float64).reshape shape
        let scores = model.Run(Training, x)

        functional.cross_entropy(scores, torch.arange (4L, dtype = torch.int64)).backward()

        ArrayCopy.copyOut<float> model.Weights.Gradient model.Layout.Weights

    /// The largest difference in an array, relative to its largest value; a gradient that is 0 but for rounding (of a bias
    /// before a normalisation) is compared with the largest of all.
    let difference largest (expected: Tensor<float>) (found: Tensor<float>) : float =
        Assert.Equal<int list>(expected.Shape, found.Shape)
        let scale = expected.Data |> Array.map abs |> Array.max

        let apart =
            Array.map2 (fun a b -> abs (a - b)) expected.Data found.Data |> Array.max

        Assert.True(Double.IsFinite apart)
        apart / max scale (1e-6 * largest)

    static member Names: TheoryData<string, string, int> =
        let names = TheoryData<string, string, int>()

        for text, reference, side, takesLong in networks do
            if Sss.Tests.Repository.isLong || not takesLong then
                names.Add(text, reference, side)

        names

    [<Python.PythonTheory("torchvision"); MemberData("Names")>]
    member _.``all gradients are PyTorch's``(name: string, reference: string, side: int) =
        let network = small name side

        Folders.within (fun folder ->
            File.WriteAllText(Path.Combine(folder, "layers.json"), Layers.json network)
            let code, said = Python.script "torchvision_gradients.py" [ reference; folder ]
            Assert.True((code = 0), said)

            let weights =
                Map.foldBack
                    Map.add
                    (factors network)
                    (SafetensorsFile.weights64 (arrays folder "weights"))

            let images = (arrays folder "images").Tensors["images"] |> StoredTensor.double
            let expected = SafetensorsFile.weights64 (arrays folder "gradients")
            let found = own network weights images

            let largest =
                found
                |> List.map (fun (key, _) -> expected[key].Data |> Array.map abs |> Array.max)
                |> List.max

            let worst, apart =
                found
                |> List.map (fun (key, array) -> key, difference largest expected[key] array)
                |> List.maxBy snd

            output.WriteLine
                $"{said.Trim()}, {found.Length} gradients; farthest: {ArrayKey.text worst}, {apart:g2}"

            Assert.InRange(apart, 0.0, 1e-8)
        )
