namespace Sss.Torch

open Sss.Core
open TorchSharp

/// Whether batch statistics and dropout act as in training or as in evaluation.
type internal Mode =
    | Training
    | Evaluation

/// One compiled part of a network. It never disposes its input.
type internal Part = {
    /// Gives a new tensor, or the input itself where there is nothing to do.
    Run: Mode -> Tensor -> Tensor
    /// Whether the next part may overwrite the output: nothing else reads it, neither another
    /// branch nor a backward pass.
    Fresh: bool
}

/// Where a network's numbers are found by key.
type internal Arrays = {
    Weight: ArrayKey -> Tensor
    Factor: ArrayKey -> Tensor
    Statistic: ArrayKey -> Tensor
    /// Whether activations and products are bfloat16. Weights, factors and statistics stay as they
    /// are; what a product reads of them is rounded for it, and its gradient comes back in float32.
    IsLow: bool
    /// Whether they are in double precision, which oneDNN does not compute.
    IsDouble: bool
    /// Whether it all is in the CPU's memory.
    IsOnCpu: bool
}

/// Layers with weights as functions on N×C×H×W tensors. A factor multiplies weights, and not the
/// activations, where that is less work: the same function, some percent faster.
[<RequireQualifiedAccess>]
module internal Products =

    /// Both axes as LibTorch takes them.
    let extents (size: Sss.Core.Size) = [| int64 size.H; int64 size.W |]

    /// The image with rows and columns of `value` around it; a new tensor.
    let padded (value: float) (sides: Sides) (x: Tensor) : Tensor =
        let around = [| int64 sides.Left; int64 sides.Right; int64 sides.Top; int64 sides.Bottom |]

        functional.pad (x, around, PaddingModes.Constant, value)

    /// A tensor rounded to what activations are made of; a new one.
    let lowered (x: Tensor) = x.``to`` ScalarType.BFloat16

    /// The factor of a layer as a vector over its output channels or a single number, from its own
    /// declaration and the factor of the scaled branch that it ends.
    let factorOf (arrays: Arrays) (layer: Layer) (block: Tensor option) =
        let own =
            layer.Scale
            |> Option.map (fun scale ->
                let factor = arrays.Factor(Parameters.factorKey layer scale)
                let channels = layer.Output.Channels

                if scale.Count = channels then
                    fun () -> factor.alias ()
                else
                    let groups = int64 scale.Count
                    let each = [| groups; int64 channels / groups |]

                    fun () ->
                        use column = factor.view ([| groups; 1L |])
                        use wide = column.expand each
                        wide.reshape ([| int64 channels |])
            )

        match own, block with
        | Some own, Some block ->
            Some(fun () ->
                use factor = own ()
                factor.mul block
            )
        | Some own, None -> Some own
        | None, Some block -> Some(fun () -> block.alias ())
        | None, None -> None

    /// A convolution while it trains, whose weights get their gradient from `WeightGradient`.
    let private trained (window: Window) (x: Tensor) (w: Tensor) (b: Tensor | null) =
        use fixedWeight = w.detach ()
        use input = x.detach ()

        use y =
            functional.conv2d (x, fixedWeight, b, window.Stride, window.Pad, window.Dilation)

        WeightGradientFunction.apply (y, input, w, window)

    /// A layer as `run` computes it from weights and a bias; the factor multiplies both.
    let weighted
        (arrays: Arrays)
        name
        bias
        (factor: (unit -> Tensor) option)
        (run: Mode -> Tensor -> Tensor -> (Tensor | null) -> Tensor)
        : Mode -> Tensor -> Tensor =
        let weight = arrays.Weight(ArrayKey.make ArrayPart.Weight name)

        let bias: Tensor | null =
            if bias then
                arrays.Weight(ArrayKey.make ArrayPart.Bias name)
            else
                null

        /// `run` with weights and bias as the activations are.
        let fit mode (x: Tensor) (w: Tensor) (b: Tensor | null) =
            if arrays.IsLow then
                use w = lowered w

                match b with
                | null -> run mode x w null
                | b ->
                    use b = lowered b
                    run mode x w b
            else
                run mode x w b

        match factor with
        | None -> fun mode (x: Tensor) -> fit mode x weight bias
        | Some factor ->
            fun mode x ->
                use f: Tensor = factor ()
                use column = f.view ([| -1L; 1L; 1L; 1L |])
                use w = weight.mul column

                match bias with
                | null -> fit mode x w null
                | bias ->
                    use b = bias.mul f
                    fit mode x w b

    let private convolution (arrays: Arrays) name bias (window: Window) groups byProduct factor =
        weighted
            arrays
            name
            bias
            factor
            (fun mode x w b ->
                if byProduct && mode = Training && torch.is_grad_enabled () then
                    trained window x w b
                else
                    functional.conv2d (x, w, b, window.Stride, window.Pad, window.Dilation, groups)
            )

    /// A convolution of a layer. LibTorch pads opposite sides alike; where they are not, the image is
    /// padded before it.
    let private slid arrays (layer: Layer) kernel stride pad dilation bias groups byProduct factor =
        let sides = Padding.sides kernel stride dilation layer.Input pad

        let make pad =
            let window = {
                Stride = extents stride
                Pad = pad
                Dilation = extents dilation
            }

            convolution arrays layer.Name bias window groups byProduct factor

        if sides.IsEven then
            make [| int64 sides.Top; int64 sides.Left |]
        else
            let run = make [| 0L; 0L |]

            fun mode x ->
                use wide = padded 0.0 sides x
                run mode wide

    /// Channels of a vector of AVX-512, the widest that oneDNN computes with.
    let private vector = 16

    /// Whether a convolution is one that oneDNN (3.7, in LibTorch 2.10) writes beyond its memory for: a strided
    /// 1×1 convolution whose groups have fewer input channels than a vector. On AVX2 the heap is
    /// corrupt after some steps with 2 to 6 channels.
    let private isUnsafe (arrays: Arrays) (layer: Layer) (c: Conv) =
        let sides = Padding.sides c.Kernel c.Stride c.Dilation layer.Input c.Pad

        arrays.IsOnCpu
        && c.Kernel.H * c.Kernel.W = 1
        && c.Stride.H * c.Stride.W > 1
        && layer.Input.Channels / c.Groups < vector
        && sides.Top + sides.Left + sides.Bottom + sides.Right = 0

    /// The positions that a window of one value with this stride stands on.
    let private strided (stride: Sss.Core.Size) (x: Tensor) : Tensor =
        use rows = x.slice (2L, 0L, x.size 2, int64 stride.H)
        rows.slice (3L, 0L, x.size 3, int64 stride.W)

    let conv arrays layer (c: Conv) byProduct factor =
        let groups = int64 c.Groups

        let by stride =
            slid arrays layer c.Kernel stride c.Pad c.Dilation c.Bias groups byProduct factor

        if isUnsafe arrays layer c then
            // The same sums: positions are picked first.
            let run = by { c.Stride with H = 1; W = 1 }

            fun mode x ->
                use picked = strided c.Stride x
                run mode picked
        else
            by c.Stride

    let depthwise arrays (layer: Layer) (c: DepthwiseConv) factor =
        let groups = int64 layer.Input.Channels
        slid arrays layer c.Kernel c.Stride c.Pad c.Dilation c.Bias groups false factor

    /// A dense layer; the factor multiplies the output, which is smaller than the weights.
    let dense (arrays: Arrays) (layer: Layer) (d: Dense) factor =
        let weight = arrays.Weight(ArrayKey.make ArrayPart.Weight layer.Name)

        let bias: Tensor | null =
            if d.Bias then
                arrays.Weight(ArrayKey.make ArrayPart.Bias layer.Name)
            else
                null

        let shape = [| -1L; int64 d.Out; 1L; 1L |]

        let product (flat: Tensor) =
            if arrays.IsLow then
                use w = lowered weight

                match bias with
                | null -> functional.linear (flat, w)
                | bias ->
                    use b = lowered bias
                    functional.linear (flat, w, b)
            else
                functional.linear (flat, weight, bias)

        fun (x: Tensor) ->
            use flat = x.flatten 1L
            use y = product flat

            match factor with
            | None -> y.view shape
            | Some factor ->
                use f: Tensor = factor ()
                // The product of bfloat16 and float32 is float32.
                use scaled = y.mul f
                use y = if arrays.IsLow then lowered scaled else scaled.alias ()
                y.view shape
