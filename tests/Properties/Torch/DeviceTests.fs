/// Which device is had, and that nothing of a network in training is forgotten elsewhere.
namespace Sss.Tests.Torch

open System
open System.Threading
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open TorchSharp

/// The decision on facts.
module DeviceTests =

    let private gpu: CudaDevice = {
        Name = "a GPU"
        MemoryBytes = 1L <<< 30
    }

    let private facts: CudaFacts = {
        Folder = "/torch/lib"
        IsCudaBuild = true
        Wanted = Some "12.8"
        Driver =
            Ok {
                Version = "12.9"
                Devices = [ gpu; gpu ]
            }
        Usable = 2
    }

    let private fault f device =
        match Device.decide f device with
        | Error fault -> LibTorchError.message (NoDevice(device, fault))
        | Ok() -> "none"

    [<Fact>]
    let ``CUDA that cannot be had is told with its nearest cause`` () =
        let driver d = { facts with Driver = d }

        let said = [
            fault { facts with IsCudaBuild = false } (Cuda 0)
            fault (driver (Error(NoDriver "libcuda.so.1"))) (Cuda 0)
            fault (driver (Error(DriverFails 999))) (Cuda 0)
            fault (driver (Ok { Version = "12.9"; Devices = [] })) (Cuda 1)
            fault
                {
                    driver (Ok { Version = "11.4"; Devices = [ gpu ] }) with
                        Usable = 0
                }
                (Cuda 0)
            fault facts (Cuda 2)
            fault { facts with Usable = 1 } (Cuda 1)
        ]

        let expected = [
            "The device cuda:0 cannot be had: the LibTorch in /torch/lib is built without CUDA; set \
             SSS_LIBTORCH to a LibTorch with CUDA: see docs/gpu.md."
            "The device cuda:0 cannot be had: the driver of NVIDIA is not installed: libcuda.so.1 was \
             not found. In a container, start it with access to the GPU."
            "The device cuda:0 cannot be had: the driver of NVIDIA fails with error 999; `nvidia-smi` \
             says more."
            "The device cuda:1 cannot be had: the driver of NVIDIA sees no device. \
             CUDA_VISIBLE_DEVICES may hide it; `nvidia-smi` lists what is there."
            "The device cuda:0 cannot be had: LibTorch is built for CUDA 12.8 and cannot use the \
             driver, which supports CUDA 11.4; update the driver, or set SSS_LIBTORCH to a LibTorch \
             with CUDA: see docs/gpu.md."
            "The device cuda:2 cannot be had: there is no device 2: there are 2, cuda:0 to cuda:1."
            "The device cuda:1 cannot be had: there is no device 1: there is one, cuda:0."
        ]

        Assert.Equal<string list>(expected, said)

    [<Property>]
    let ``a device is had exactly if LibTorch can use it, and the CPU always``
        (NonNegativeInt index)
        =
        let isHad = Result.isOk (Device.decide facts (Cuda index))
        Assert.Equal(index < 2, isHad)
        Assert.Equal(Ok(), Device.decide { facts with IsCudaBuild = false } Cpu)

    [<Property>]
    let ``names of devices read back`` (NonNegativeInt index) =
        for device in [ Cpu; Cuda index ] do
            Assert.Equal(Some device, Device.tryParse (Device.name device))

        Assert.Equal(Some(Cuda 0), Device.tryParse "cuda")

        for text in [ "gpu"; "cuda:"; "cuda:-1"; "cuda: 1"; "cuda:99999999999"; "CUDA"; "" ] do
            Assert.Equal(None, Device.tryParse text)

    [<Fact>]
    let ``TF32 is for training on a GPU alone`` () =
        for device, purpose, expected in
            [
                Cpu, ForTraining, false
                Cpu, ForVerdict, false
                Cuda 0, ForTraining, true
                Cuda 0, ForVerdict, false
            ] do
            Assert.Equal(expected, Device.allowsTf32 device purpose)

/// Steps on tensors, for devices, run on the CPU here, or on `meta`, where tensors have shapes and no
/// values and mixing devices is an error as on a GPU.
[<Collection "LibTorch">]
type DeviceStepTests() =

    /// What `meta` has kernels for: no convolution, no bn, no relu.
    let onMeta =
        Nets.network (Shape.create 4 6 6) [
            Nets.plain
                "pool"
                (Op.Pool {
                    Kind = Max
                    Kernel = Size.square 2
                    Stride = Size.square 2
                    Pad = Size.square 0
                    Ceil = false
                })
            Nets.concat "joined" [
                [ Nets.plain "silu" (Op.Activation Silu) ]
                [ Nets.plain "gelu" (Op.Activation Gelu) ]
            ]
            Nets.plain "mean" (Op.GlobalPool Average)
            Nets.plain "drop" (Op.Dropout 0.1)
            Nets.residual "block" true [
                Nets.withFactors Neuron 8 "within" (Nets.dense 8)
                Nets.plain "last" (Op.Activation Silu)
            ] []
            Nets.residual "second" true [ Nets.plain "inner" (Nets.dense 8) ] []
            Nets.withFactors Group 2 "dense" (Nets.dense 6)
        ]

    let metaEngine precision =
        Engine.get ()
        |> LibTorch.choose Cpu precision
        |> Engine.ok
        |> LibTorch.placed torch.META

    /// The gradients of a batch at a precision.
    let gradients network precision seed =
        let engine = Engine.get () |> LibTorch.choose Cpu precision |> Engine.ok
        use _ = torch.NewDisposeScope()

        use model =
            Model.createTrained engine network (Init.weights seed network) |> Engine.ok

        let s = network.Input
        let images = Exactness.randomImages seed 16 network

        let x =
            torch.tensor(images).reshape([| 16L; int64 s.Channels; int64 s.Height; int64 s.Width |])

        let labels = torch.arange(16L).remainder((int64 network.Classes).ToScalar())
        let scores = model.Run(Training, x)
        let loss = functional.cross_entropy (scores, labels)
        loss.backward ()

        let all (tensor: Tensor) =
            Assert.Equal(ScalarType.Float32, tensor.dtype)
            (Memory.span<float32> tensor).ToArray() |> Array.map float

        Array.append (all model.Weights.Gradient) (all model.Factors.Gradient),
        Numbers.copyOut<float32> model.Weights.Values model.Layout.Weights

    let norm (values: float[]) =
        sqrt (Array.sumBy (fun x -> x * x) values)

    /// Without kinks: a value on the other side of one has another derivative, however near it is.
    let smooth =
        Nets.network (Shape.create 2 6 6) [
            Nets.plain "conv1" (Nets.conv 8 3 1 true)
            Nets.withFactors Neuron 8 "bn1" Nets.bn
            Nets.plain "silu1" (Op.Activation Silu)
            Nets.residual "residual1" true [
                Nets.withFactors Group 2 "conv2" (Nets.grouped 8 3 2)
                Nets.plain "gelu" (Op.Activation Gelu)
            ] []
            Nets.residual "residual2" true [
                Nets.withFactors Neuron 8 "dw" (Nets.depthwise 3)
                Nets.plain "bn2" Nets.bn
            ] []
            Nets.plain "pool" (Op.GlobalPool Average)
            Nets.withFactors Neuron 5 "dense" (Nets.dense 5)
        ]

    [<Property(MaxTest = 60)>]
    member _.``factors step on tensors as they do on arrays, bit for bit``(seed: int) =
        use _ = Engine.scope ()
        let n = 19
        let struct (draws, _) = Rng.many Rng.normal (n * 7) (Rng.create seed)

        let part k =
            draws[n * k .. n * k + n - 1] |> Array.map float32

        let start = part 0 |> Array.map abs

        let run onTensors =
            let slots = [
                {
                    Key = "f"
                    Shape = [ n ]
                    Offset = 0L
                    Count = int64 n
                }
            ]

            use vector = new FlatVector(slots, int64 n, ScalarType.Float32, torch.CPU)
            start.AsSpan().CopyTo(Memory.span<float32> vector.Values)
            let gammas = part 6 |> Array.map abs
            use step = new FactorStep(vector, start, FactorMethod.Apg, gammas, 0.9, onTensors)

            [
                for t in 1..5 do
                    if t = 3 then
                        step.Gammas[0] <- 100.0f

                    (part t).AsSpan().CopyTo(Memory.span<float32> vector.Gradient)
                    step.Step(0.3 / float t)

                    Array.copy step.Iterate,
                    (Memory.span<float32> vector.Values).ToArray(),
                    Array.copy step.ZeroSteps,
                    (Memory.span<float32> vector.Gradient).ToArray()
            ]

        Assert.Equal<_ list>(run false, run true)

    [<Fact>]
    member _.``every tensor of a trainer and of its steps is on the device that was asked for``() =
        use _ = Engine.scope ()
        let recipe = { Recipe.defaults with Decay = 1e-4 }

        let check (tensor: Tensor) =
            Assert.Equal(DeviceType.META, tensor.device_type)

        // All layers, as they are made.
        for precision in Precision.all do
            let network = Nets.everything
            let state = TrainState.start network (Init.weights 1 network)

            use trainer =
                Trainer.import (metaEngine precision) FactorMethod.Apg recipe state |> Engine.ok

            let model = trainer.Model
            check model.Statistics

            for vector in [ model.Weights; model.Factors ] do
                check vector.Values
                check vector.Gradient

                for slot in vector.Slots do
                    let leaf = vector.Leaf slot.Key
                    check leaf
                    check (nonNull leaf.grad)

            trainer.Update 0.1

        // Those that can run, as they run.
        for precision in Precision.all do
            let state = TrainState.start onMeta (Init.weights 1 onMeta)

            use trainer =
                Trainer.import (metaEngine precision) FactorMethod.Apg recipe state |> Engine.ok

            for _ in 1..2 do
                use _ = torch.NewDisposeScope()
                let images = torch.zeros ([| 4L; 4L; 6L; 6L |], device = torch.META)

                let labels =
                    torch.zeros ([| 4L |], dtype = Nullable ScalarType.Int64, device = torch.META)

                let struct (loss, right) = trainer.Queue(images, labels, 0.1)
                check loss
                check right
                Assert.Equal(ScalarType.Float32, loss.dtype)

    [<Property(MaxTest = 15)>]
    member _.``gradients at bf16 are those at float32 up to its rounding``(PositiveInt seed) =
        use _ = Engine.scope ()
        let exact, _ = gradients smooth Precision.Float32 seed
        let low, weights = gradients smooth Precision.BFloat16 seed
        let apart = norm (Array.map2 (-) exact low) / norm exact
        // 8 bits of mantissa, through a dozen roundings one behind the other.
        Assert.True(apart < 0.08, $"{apart}")
        Assert.True(apart > 1e-5, "it did not compute at bf16 at all")
        // The numbers that are trained are not rounded.
        for key, start in Map.toSeq (Init.weights seed smooth) do
            match List.tryFind (fun (k, _) -> k = key) weights with
            | Some(_, kept) -> Assert.Equal<float32[]>(start.Data, kept.Data)
            | None -> ()

    [<Fact>]
    member _.``training at bf16 ends in exact zeros, an exact verdict and the same accuracy``() =
        let run precision =
            let settings = {
                Small.settings None with
                    Engine = Engine.get () |> LibTorch.choose Cpu precision |> Engine.ok
            }

            // Enough γ that structures go within some dozen steps.
            let recipe = {
                Small.recipe with
                    Epochs = 4
                    Batch = 32
                    Gamma = {
                        Neuron = 0.2
                        Group = 0.0
                        Block = 0.2
                    }
            }

            let dataset = Dataset.limit 512 Small.dataset.Value

            let trained =
                Train.run settings Small.network dataset recipe ignore CancellationToken.None
                |> Engine.ok

            Pipeline.select settings.Engine Selection.defaults dataset recipe trained
            |> Engine.ok

        let exact, low = run Precision.Float32, run Precision.BFloat16
        Assert.Equal("bf16", low.Trained.Arithmetic.Precision)
        Assert.False low.Trained.Arithmetic.Tf32
        Assert.Equal(Exact, low.Exactness.Verdict)
        // Zeros are those of the proximal step, at float32, and something went.
        let plan = low.Selected.Plan
        Assert.True(plan.Neuron.Kept < plan.Neuron.Total, $"%A{plan.Neuron}")
        // 359 test images: 0.08 is three deviations of a difference at this accuracy.
        Assert.True(
            abs (low.Test.Accuracy - exact.Test.Accuracy) < 0.08,
            $"{low.Test.Accuracy} {exact.Test.Accuracy}"
        )
