/// The weights' gradient as a product of matrices against LibTorch's own.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.WeightGradientTests

open System
open Xunit
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Torch
open TorchSharp

/// Images, channels in and out, height, width, and two numbers an axis for kernel, stride, pad and
/// dilation.
type private Geometry = {
    Images: int64
    From: int64
    Into: int64
    Extent: int64[]
    Kernel: int64[]
    Window: Window
}

let private geometry =
    gen {
        let pair low high =
            Gen.arrayOfLength 2 (Gen.choose (low, high) |> Gen.map int64)

        let! images = Gen.choose (1, 3)
        let! from = Gen.choose (1, 4)
        let! into = Gen.choose (1, 4)
        let! kernel = pair 1 3
        let! stride = pair 1 2
        let! pad = pair 0 2
        let! dilation = pair 1 2
        let! more = pair 0 4

        return {
            Images = int64 images
            From = int64 from
            Into = int64 into
            Extent = Array.map3 (fun k d m -> (k - 1L) * d + 1L + m) kernel dilation more
            Kernel = kernel
            Window = {
                Stride = stride
                Pad = pad
                Dilation = dilation
            }
        }
    }

let private random (shape: int64[]) =
    torch.randn (shape, dtype = Nullable ScalarType.Float64)

let private farthest (a: Tensor) (b: Tensor) = (a - b).abs().max().item<float>()

[<Fact>]
let ``the product is LibTorch's gradient, whatever the window`` () =
    let law (g: Geometry) =
        use _ = Engine.scope ()
        torch.manual_seed 7L |> ignore
        let x = random [| g.Images; g.From; g.Extent[0]; g.Extent[1] |]
        let w = random [| g.Into; g.From; g.Kernel[0]; g.Kernel[1] |]
        w.requires_grad <- true

        let y =
            functional.conv2d (x, w, null, g.Window.Stride, g.Window.Pad, g.Window.Dilation)

        let gradient = random y.shape
        let expected = torch.autograd.grad([| y |], [| w |], [| gradient |])[0]
        let apart = farthest expected (WeightGradient.product g.Window g.Kernel x gradient)
        apart < 1e-10 |> Prop.label $"{apart}"

    let config =
        Config.QuickThrowOnFailure
            .WithMaxTest(200)
            .WithReplay(Some { Rnd = Rnd(3UL, 1UL); Size = None })

    Check.One(config, Prop.forAll (Arb.fromGen geometry) law)

/// The farthest that rounding to bf16 may move a sum: half of a last bit of its value, and of each part of it that is added.
let private roundings = 2.0 ** -8.0

[<Theory>]
[<InlineData(3L, "one product")>]
[<InlineData(1800L, "several, whose sum is not rounded in between")>]
let ``in bf16 the product is that of its rounded inputs`` (images: int64, _what: string) =
    use _ = Engine.scope ()
    torch.manual_seed 5L |> ignore

    let window = {
        Stride = [| 1L; 1L |]
        Pad = [| 1L; 1L |]
        Dilation = [| 1L; 1L |]
    }

    let kernel = [| 3L; 3L |]
    let low (x: Tensor) = x.``to`` ScalarType.BFloat16
    let double (x: Tensor) = x.``to`` ScalarType.Float64
    let x = low (random [| images; 64L; 4L; 4L |])
    let gradient = low (random [| images; 8L; 4L; 4L |])
    let product = WeightGradient.product window kernel x gradient
    let exact = WeightGradient.product window kernel (double x) (double gradient)
    Assert.Equal(ScalarType.BFloat16, product.dtype)

    Assert.InRange(
        farthest exact (double product),
        0.0,
        roundings * exact.abs().max().item<float>()
    )

/// A convolution whose opposite sides are not padded alike.
let private uneven =
    match Nets.conv 128 3 1 false with
    | Op.Conv c ->
        Op.Conv {
            c with
                Pad =
                    Padding.Sides {
                        Top = 0
                        Left = 1
                        Bottom = 2
                        Right = 1
                    }
        }
    | op -> op

/// 128 channels on 4×4: what the product is taken for.
let private wide =
    Nets.network (Shape.create 128 4 4) [
        Nets.plain "conv1" (Nets.conv 128 3 1 false)
        Nets.plain "relu1" (Op.Activation Relu)
        Nets.plain "uneven" uneven
        Nets.withFactors Neuron 4 "conv2" (Nets.conv 4 3 1 true)
        Nets.plain "relu2" (Op.Activation Relu)
        Nets.plain "pool" (Op.GlobalPool Average)
        Nets.plain "dense" (Nets.dense 3)
    ]

/// Fails where a network's gradients in training are farther from those of LibTorch's own way than this share of them.
let private compare (share: float) (images: Tensor) (model: Model) =
    /// The gradient of the loss; `Evaluation` takes LibTorch's own way.
    let gradients mode =
        for vector in [ model.Weights; model.Factors ] do
            vector.Gradient.zero_ () |> ignore

        model.Run(mode, images).square().sum().backward()

        [
            for vector in [ model.Weights; model.Factors ] ->
                vector.Gradient.``to`` ScalarType.Float64
        ]

    for own, product in List.zip (gradients Evaluation) (gradients Training) do
        Assert.True(own.abs().max().item<float>() > 0.0)
        Assert.InRange(farthest own product, 0.0, share * own.abs().max().item<float>())

[<Fact>]
let ``a network with wide layers gets the gradients of its definition`` () =
    use _ = Engine.scope ()

    for layer in Network.layers wide do
        match layer.Op with
        | Op.Conv c -> Assert.True(WeightGradient.pays c layer.Input layer.Output)
        | _ -> ()

    use model =
        Engine.ok (Model.createDouble (Engine.get ()) wide (Nets.randomWeights 3 wide))

    compare 1e-9 (random [| 5L; 128L; 4L; 4L |]) model

[<Fact>]
let ``in bf16 too, up to its rounding`` () =
    use _ = Engine.scope ()

    let engine =
        LibTorch.choose Cpu Precision.BFloat16 (Engine.get ()) |> Result.toOption

    use model = Engine.ok (Model.create engine.Value wide (Init.weights 3 wide))
    compare 0.02 (random([| 5L; 128L; 4L; 4L |]).``to`` ScalarType.Float32) model

[<Fact>]
let ``without gradients there is nothing to compute`` () =
    use _ = Engine.scope ()

    use model =
        Engine.ok (Model.createDouble (Engine.get ()) wide (Nets.randomWeights 3 wide))

    use _ = torch.no_grad ()
    let x = random [| 2L; 128L; 4L; 4L |]
    Assert.Equal(0.0, farthest (model.Run(Training, x)) (model.Run(Evaluation, x)))

/// The loader's limit for machines that hide their caches is `AVX`: oneDNN's way is slow there, whatever the processor has.
[<Theory>]
[<InlineData(null, true)>]
[<InlineData("ALL", true)>]
[<InlineData("avx512_core_amx", true)>]
[<InlineData("AVX2", false)>]
[<InlineData("AVX", false)>]
let ``a limit of oneDNN decides whether its own way is fast``
    (limit: string | null)
    (isFast: bool)
    =
    Assert.Equal(isFast, WeightGradient.allows (Option.ofObj limit) [ "AVX512"; "AVX10" ])
