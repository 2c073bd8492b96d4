/// Steps of training as a device makes them.
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
                    Pad = Padding.none
                    Ceil = false
                    CountPad = false
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
        ArrayCopy.copyOut<float32> model.Weights.Values model.Layout.Weights

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

    /// The same of layers with kernels and arrays of their own.
    let further =
        let one = Sss.Core.Padding.square 1

        Nets.network (Shape.create 2 5 6) [
            Nets.plain "conv1" (Nets.conv 6 3 1 true)
            Nets.plain "mish1" (Op.Activation Mish)
            Nets.withFactors Neuron 6 "deconv1" (Nets.deconv 6 2 1)
            Nets.plain "elu1" (Op.Activation(Elu 1.0))
            Nets.plain "lrn1" (Nets.response 3)
            Nets.plain "avgpool1" (Nets.average 3 2 Sss.Core.Padding.Same)
            Nets.residual "residual1" true [
                Nets.plain "conv2" (Nets.padded 6 2 Sss.Core.Padding.Same)
                Nets.plain "layerscale1" (Op.LayerScale { Init = 0.5 })
            ] [ Nets.plain "prelu1" Op.PRelu ]
            Nets.plain
                "upsample1"
                (Op.Upsample {
                    Factor = 2
                    Mode = UpsampleMode.Bilinear
                })
            Nets.plain
                "upsample2"
                (Op.Upsample {
                    Factor = 2
                    Mode = UpsampleMode.Nearest
                })
            Nets.plain "avgpool2" (Nets.average 2 2 one)
            Nets.withFactors Group 2 "deconv2" (Nets.deconv 4 1 2)
            Nets.plain "pool" (Op.GlobalPool Average)
            Nets.plain "dense" (Nets.dense 5)
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
            use vector = Engine.factors n
            start.AsSpan().CopyTo(Memory.span<float32> vector.Values)
            let gammas = part 6 |> Array.map abs
            let rule = Engine.rule FactorPenalty.NonNegative

            use step =
                new FactorStep(
                    vector,
                    FactorState.start start,
                    Engine.pressed [ n ] gammas rule,
                    onTensors
                )

            [
                for t in 1..5 do
                    if t = 3 then
                        let floors = Array.init n (fun i -> if i = 1 then 0.25f else 0.0f)

                        FactorRule.press [ n ] (Array.updateAt 0 100.0f gammas) floors rule
                        |> Engine.ok
                        |> step.Press

                    (part t).AsSpan().CopyTo(Memory.span<float32> vector.Gradient)
                    step.Step(0.3 / float t)

                    step.State,
                    (Memory.span<float32> vector.Values).ToArray(),
                    (Memory.span<float32> vector.Gradient).ToArray()
            ]

        Assert.Equal<_ list>(run false, run true)

    /// Of every penalty, with groups of 7 and of 12 factors.
    [<Property(MaxTest = 60)>]
    member _.``the tensors' form of every penalty is the arrays'``(seed: int) =
        use _ = Engine.scope ()
        let n, counts = 19, [ 7; 12 ]
        let struct (draws, _) = Rng.many Rng.normal (n * 12) (Rng.create seed)

        let part k =
            draws[n * k .. n * k + n - 1] |> Array.map float32

        let gammas =
            part 10 |> Array.mapi (fun i g -> if i % 5 = 4 then 0.0f else 0.5f * abs g)

        for penalty in Engine.penalties do
            let run onTensors =
                use vector = Engine.factors n

                use step =
                    new FactorStep(
                        vector,
                        FactorState.start (part 0),
                        Engine.pressed counts gammas (Engine.rule penalty),
                        onTensors
                    )

                [
                    for t in 1..9 do
                        (part t).AsSpan().CopyTo(Memory.span<float32> vector.Gradient)
                        step.Step(0.9 / float t)

                        Assert.Equal<float32[]>(
                            step.State.Probe,
                            (Memory.span<float32> vector.Values).ToArray()
                        )

                        step.State
                ]

            let arrays, tensors = run false, run true

            match penalty with
            | FactorPenalty.GroupL2 ->
                // Sums of squares in another order.
                let close (a: float32) (b: float32) =
                    Assert.True(abs (a - b) <= 1e-6f * (1.0f + abs a), $"{a} {b}")

                for a, b in List.zip arrays tensors do
                    Array.iter2 close a.Iterate b.Iterate
                    Array.iter2 close a.Probe b.Probe
                    Assert.Equal<int[]>(a.ZeroSteps, b.ZeroSteps)
            | _ -> Assert.Equal<_ list>(arrays, tensors)

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
                Trainer.import
                    (metaEngine precision)
                    (FactorRule.ofRecipe FactorMethod.Apg recipe)
                    recipe
                    state
                |> Engine.ok

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

        // Those that can run, as they run. (`meta` has no `where`, which the other penalties need.)
        let penalties = [ FactorPenalty.NonNegative; FactorPenalty.L1 ]

        for precision, penalty in List.allPairs Precision.all penalties do
            let state = TrainState.start onMeta (Init.weights 1 onMeta)
            let recipe = { recipe with Penalty = penalty }

            use trainer =
                Trainer.import
                    (metaEngine precision)
                    (FactorRule.ofRecipe FactorMethod.Apg recipe)
                    recipe
                    state
                |> Engine.ok

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

        for network in [ smooth; further ] do
            let exact, _ = gradients network Precision.Float32 seed
            let low, weights = gradients network Precision.BFloat16 seed
            let apart = norm (Array.map2 (-) exact low) / norm exact
            // 8 bits of mantissa, through a dozen roundings one after the other.
            Assert.True(apart < 0.08, $"{apart}")
            Assert.True(apart > 1e-5, "it did not compute at bf16 at all")
            // The numbers that are trained are not rounded.
            for key, start in Map.toSeq (Init.weights seed network) do
                match List.tryFind (fun (k, _) -> k = key) weights with
                | Some(_, kept) -> Assert.Equal<float32[]>(start.Data, kept.Data)
                | None -> ()

    [<Fact>]
    member _.``training at bf16 ends in exact zeros, an exact verdict and the same accuracy``() =
        let run precision =
            // Enough γ that structures go within some dozen steps.
            let recipe = {
                Small.recipe with
                    Epochs = 4
                    Batch = 32
                    Gamma = {
                        Neuron = 0.2
                        Group = 0.0
                        Block = 0.2
                        Shared = 0.2
                    }
            }

            let dataset = Dataset.limit 512 Small.dataset.Value

            let job = Small.job Small.network recipe dataset

            let job = {
                job with
                    Computing = {
                        job.Computing with
                            Precision = PrecisionChoice.Always precision
                    }
            }

            Pipeline.run job (Listener.ofTraining ignore) CancellationToken.None
            |> Engine.ok
            |> fun finished -> fst finished.Selected.Value

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
