namespace Sss.Tests.Torch

open System
open System.IO
open System.Threading
open Xunit
open Xunit.Abstractions
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Language.Support

/// Every network of the zoo, at the smallest input that it can take: selection changes nothing, and
/// ONNX Runtime computes what LibTorch computes.
[<Collection("LibTorch")>]
type ZooTests(output: ITestOutputHelper) =

    static let all =
        Directory.GetFiles(path [ "examples"; "zoo" ], "*.sss")
        |> Array.sort
        |> Array.map (fun file -> string (Path.GetFileNameWithoutExtension file))

    /// Of these the exports take long. `TorchvisionTests` runs exports of the families of the first five, and of
    /// ResNet-50; the others are larger forms of networks that are exported here, or have grouped convolutions, as RegNet has.
    static let large =
        set [
            "vit-b16"
            "vgg16"
            "convnext-tiny"
            "resnext50"
            "inceptionv3"
            "resnet50"
            "resnet50-preact"
            "resnet164-cifar"
            "resnext164-cifar"
            "resnext20-cifar"
        ]

    static let data (names: string seq) : TheoryData<string> =
        let data = TheoryData<string>()

        for name in names do
            data.Add name

        data

    /// Large networks take seconds a trial: twenty trials each with --long.
    let trials = if Sss.Tests.Repository.isLong then 20 else 1

    let network (name: string) =
        match Language.parse (File.ReadAllText(path [ "examples"; "zoo"; name + ".sss" ])) with
        | Ok parsed -> Resize.reduced 32 parsed.Network
        | Error diagnostics -> invalidOp diagnostics.Head.Message

    /// Of these one trial takes half a minute or so. What they consist of is in the random networks of the laws.
    static let huge = set [ "vit-b16"; "vgg16" ]

    static member Names: TheoryData<string> =
        all
        |> Array.filter (fun name -> Sss.Tests.Repository.isLong || not (huge.Contains name))
        |> data

    [<Theory>]
    [<MemberData("Names")>]
    member _.``selection changes nothing``(name: string) =
        let network = network name

        let settings = {
            Trials = trials
            Seed = 7
            Select = Selection.defaults
        }

        let report =
            VerifyRun.run (Engine.get ()) settings network ignore CancellationToken.None

        output.WriteLine
            $"{name}: {report.Trials} trials, {report.MaxDouble:g2} double, {report.MaxSingle:g2} single"

        Assert.Equal(trials, report.Trials)
        Assert.True(report.Failure.IsNone, $"%A{report.Failure}")

    /// All but one that random numbers make chaotic: what single precision rounds moves its scores by a
    /// thousandth. `TorchvisionTests` exports it with numbers like a trained network's.
    static member Exported: TheoryData<string> =
        all
        |> Array.filter (fun name ->
            name <> "efficientnetv2-s"
            && (Sss.Tests.Repository.isLong || not (large.Contains name))
        )
        |> data

    [<Theory>]
    [<MemberData("Exported")>]
    member _.``ONNX Runtime gives the same scores``(name: string) =
        let network = network name
        let struct (weights, _) = VerifyNumbers.weights network (Rng.create 11)

        let loaded = {
            Path = name
            Network = network
            Weights = VerifyNumbers.single weights
            Classes = []
            Preparation = None
            Probabilities = Sss.Core.Probabilities.Softmax
        }

        Folders.within (fun folder ->
            let file = Path.Combine(folder, name + ".onnx")

            match OnnxExport.write (Engine.get ()) true loaded file with
            | Ok exactness -> Assert.Equal(Exact, exactness.Verdict)
            | Error error -> Assert.Fail(PipelineError.message error)

            if Python.lacks "onnx" = "" then
                let code, output = Python.checkOnnx [ file ]
                Assert.True((code = 0), output)
            else
                output.WriteLine(Python.lacks "onnx")
        )
