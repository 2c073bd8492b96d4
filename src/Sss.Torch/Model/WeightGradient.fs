namespace Sss.Torch

open System
open System.Collections.Generic
open System.Runtime.Intrinsics.X86
open Sss.Core
open TorchSharp

/// How a window slides over an image.
type internal Window = {
    Stride: int64[]
    Pad: int64[]
    Dilation: int64[]
}

/// The gradient of a convolution's weights as one product of matrices.
[<RequireQualifiedAccess>]
module internal WeightGradient =

    /// Bytes of the unfolded images that are held at once.
    let private chunk = 32_000_000L

    /// Whether a limit lets oneDNN use instructions with one of these names.
    let allows (limit: string option) (names: string list) : bool =
        limit
        |> Option.forall (fun isa ->
            "ALL" :: "DEFAULT" :: names
            |> List.exists (fun (name: string) ->
                isa.Contains(name, StringComparison.OrdinalIgnoreCase)
            )
        )

    let private mayUse = allows (CpuLimit.inForce ())

    /// Whether oneDNN has fast kernels for all convolutions in float32: with AVX-512 it has, and they need no unfolded images.
    let private hasAvx512 = Avx512F.IsSupported && mayUse [ "AVX512"; "AVX10" ]

    /// Whether it multiplies matrices of bf16 by AMX. Products are fast then, and its weight gradients (3.7) are not.
    let private hasAmx = BFloat16Units.ofMachine () = Matrices && mayUse [ "AMX" ]

    /// Whether LibTorch's own way is fast for every convolution of these numbers. oneDNN does not compute double precision.
    let ownWayIsFast isLow isDouble =
        if isDouble then false
        elif isLow then not hasAmx
        else hasAvx512

    /// Whether the product is faster where the own way is slow (oneDNN 3.7): where many channels meet few positions. Measured
    /// with AVX2 in float32, and with AMX in bf16, at 128 to 512 channels from 2×2 to 32×32.
    let pays (c: Conv) (input: Shape) (output: Shape) =
        let area = Shape.area output

        c.Groups = 1
        && c.Kernel.H * c.Kernel.W > 1
        && (input.Channels >= 128 && area <= 64L || input.Channels >= 256 && area <= 256L)

    /// A row a position that the window stands on, with the values under it.
    let private unfolded (window: Window) (kernel: int64[]) rows columns (x: Tensor) : Tensor =
        let count, channels, height, width = x.size 0, x.size 1, x.size 2, x.size 3
        let high, wide = height + 2L * window.Pad[0], width + 2L * window.Pad[1]

        let padded =
            torch.zeros ([| count; high; wide; channels |], dtype = x.dtype, device = x.device)

        let inner =
            padded.narrow(1L, window.Pad[0], height).narrow(2L, window.Pad[1], width)

        inner.copy_ (x.permute (0L, 2L, 3L, 1L)) |> ignore
        let line = wide * channels

        padded
            .as_strided(
                [| count; rows; columns; kernel[0]; kernel[1]; channels |],
                [|
                    high * line
                    window.Stride[0] * line
                    window.Stride[1] * channels
                    window.Dilation[0] * line
                    window.Dilation[1] * channels
                    1L
                |]
            )
            .reshape
            [| count * rows * columns; kernel[0] * kernel[1] * channels |]

    /// The sum of `part first count` over all images, `each` at a time. bf16 would round after each addition, so it is added
    /// up in float32.
    let private added (images: int64) (each: int64) (part: int64 -> int64 -> Tensor) : Tensor =
        let first = part 0L (min each images)

        if each >= images then
            first
        else
            let sum =
                if first.dtype = torch.ScalarType.BFloat16 then
                    first.``to`` torch.ScalarType.Float32
                else
                    first

            for start in each..each .. images - 1L do
                use next = part start (min each (images - start))
                sum.add_ next |> ignore

            sum.``to`` first.dtype

    /// dL/dW (out × in × kh × kw, inputs last in memory) of a convolution without groups, from its
    /// input and the gradient at its output: with a row a position, W's gradient is the output's
    /// gradient, transposed, times the unfolded input.
    let product (window: Window) (kernel: int64[]) (x: Tensor) (gradient: Tensor) : Tensor =
        use _ = torch.NewDisposeScope()
        let images, channels = x.size 0, x.size 1
        let filters, rows, columns = gradient.size 1, gradient.size 2, gradient.size 3
        let size = kernel[0] * kernel[1] * channels

        let part first count =
            use _ = torch.NewDisposeScope()

            let flat =
                gradient
                    .narrow(0L, first, count)
                    .permute(0L, 2L, 3L, 1L)
                    .reshape([| count * rows * columns; filters |])
                    .t()

            let unfolded = unfolded window kernel rows columns (x.narrow (0L, first, count))
            flat.mm(unfolded).MoveToOuterDisposeScope()

        let each = max 1L (chunk / (x.ElementSize * rows * columns * size))

        (added images each part)
            .view([| filters; kernel[0]; kernel[1]; channels |])
            .permute(0L, 3L, 1L, 2L)
            .MoveToOuterDisposeScope()

/// Hands an output on as it is, and on the way back computes the weights' gradient.
[<Sealed>]
type internal WeightGradientFunction() =
    inherit torch.autograd.SingleTensorFunction<WeightGradientFunction>()

    override _.Name = "WeightGradientFunction"

    /// The output, the input, the weights, the window.
    override _.forward(context, arguments) =
        let output, input = arguments[0] :?> Tensor, arguments[1] :?> Tensor
        let weight, window = arguments[2] :?> Tensor, arguments[3] :?> Window
        context.save_for_backward (List [ input ])
        context.save_data ("window", window)
        context.save_data ("kernel", [| weight.size 2; weight.size 3 |])
        output.alias ()

    override _.backward(context, gradient) =
        use _ = torch.NewDisposeScope()
        let window = context.get_data "window" :?> Window
        let kernel = context.get_data "kernel" :?> int64[]
        let input = context.get_saved_variables()[0]
        let weights = WeightGradient.product window kernel input gradient
        let results = List<Tensor>()
        results.Add gradient
        // The input gets its own from the convolution.
        results.Add Unchecked.defaultof<Tensor>
        results.Add(weights.MoveToOuterDisposeScope())
        // The window has none.
        results.Add Unchecked.defaultof<Tensor>
        results
