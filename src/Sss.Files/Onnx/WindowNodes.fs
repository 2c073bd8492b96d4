namespace Sss.Files

open Sss.Core

/// The settings of ONNX's `Conv`.
type internal Convolution = {
    Kernel: Size
    Stride: Size
    Pad: Padding
    Dilation: Size
    Groups: int
    Bias: bool
}

/// Layers whose windows slide over an image as ONNX operations.
[<RequireQualifiedAccess>]
module internal WindowNodes =

    /// A convolution.
    let convolution weights (layer: Layer) output (c: Convolution) x graph =
        let keys = LayerArrays.biased layer c.Bias
        let graph, x = OnnxGraph.spatial layer.Name x graph

        graph
        |> LayerArrays.weightAll weights keys
        |> OnnxGraph.add "Conv" layer.Name (LayerArrays.inputs x.Name keys) output [
            LayerArrays.sizes "kernel_shape" c.Kernel
            LayerArrays.sizes "strides" c.Stride
            LayerArrays.pads (Padding.sides c.Kernel c.Stride c.Dilation layer.Input c.Pad)
            LayerArrays.sizes "dilations" c.Dilation
            Proto.int "group" c.Groups
        ],
        Spatial

    /// The weights with their two channel axes in ONNX's order: in × out/groups × kernel.
    let private turned (d: Deconv) (layer: Layer) (data: float32[]) =
        let taps = d.Kernel.H * d.Kernel.W
        let ins, outs = layer.Input.Channels / d.Groups, d.Out / d.Groups

        Array.init
            data.Length
            (fun at ->
                let tap, row = at % taps, at / taps
                let out, input = row % outs, row / outs
                let group, input = input / ins, input % ins
                data[(((group * outs + out) * ins) + input) * taps + tap]
            )

    /// A transposed convolution.
    let deconv (weights: Weights<float32>) (layer: Layer) output (d: Deconv) x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph
        let key = ArrayKey.make ArrayPart.Weight layer.Name
        let bias = List.tail (LayerArrays.biased layer d.Bias)

        let shape = [ layer.Input.Channels; d.Out / d.Groups; d.Kernel.H; d.Kernel.W ]

        graph
        |> OnnxGraph.constant (
            Proto.floats (ArrayKey.text key) shape (turned d layer weights[key].Data)
        )
        |> LayerArrays.weightAll weights bias
        |> OnnxGraph.add "ConvTranspose" layer.Name (LayerArrays.inputs x.Name (key :: bias)) output [
            LayerArrays.sizes "kernel_shape" d.Kernel
            LayerArrays.sizes "strides" d.Stride
            Proto.ints "pads" [ d.Pad.H; d.Pad.W; d.Pad.H; d.Pad.W ]
            LayerArrays.sizes "output_padding" d.OutPad
            Proto.int "group" d.Groups
        ],
        Spatial

    /// An image a whole number of times as high and wide.
    let upsample (layer: Layer) output (u: Upsample) x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph
        let scales = $"{layer.Name}/scales"
        let factor = float32 u.Factor

        let mode, coordinates =
            match u.Mode with
            | UpsampleMode.Nearest -> "nearest", "asymmetric"
            | UpsampleMode.Bilinear -> "linear", "half_pixel"

        graph
        |> OnnxGraph.constant (Proto.floats scales [ 4 ] [| 1.0f; 1.0f; factor; factor |])
        // The empty name stands for a region of interest, which only another mode looks at.
        |> OnnxGraph.add "Resize" layer.Name [ x.Name; ""; scales ] output [
            Proto.text "mode" mode
            Proto.text "coordinate_transformation_mode" coordinates
            Proto.text "nearest_mode" "floor"
        ],
        Spatial

    /// A pool over windows.
    let pool (layer: Layer) output (p: Pool) x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph

        let settings = [
            LayerArrays.sizes "kernel_shape" p.Kernel
            LayerArrays.sizes "strides" p.Stride
            LayerArrays.pads (PoolWindows.sides p layer.Input layer.Output)
        ]

        match p.Kind with
        | Max -> OnnxGraph.add "MaxPool" layer.Name [ x.Name ] output settings graph, Spatial
        | Average ->
            let settings =
                Proto.int "count_include_pad" (if p.CountPad then 1 else 0) :: settings

            // Where padding is not counted, ONNX counts positions as we do.
            match
                (if p.CountPad then
                     PoolWindows.correction p layer.Input layer.Output
                 else
                     None)
            with
            | None ->
                OnnxGraph.add "AveragePool" layer.Name [ x.Name ] output settings graph, Spatial
            | Some factors ->
                let pooled, correction = $"{layer.Name}/pooled", $"{layer.Name}/correction"

                graph
                |> OnnxGraph.constant (
                    Proto.floats
                        correction
                        [ layer.Output.Height; layer.Output.Width ]
                        (Array.map float32 factors)
                )
                |> OnnxGraph.add "AveragePool" pooled [ x.Name ] pooled settings
                |> OnnxGraph.add "Mul" layer.Name [ pooled; correction ] output [],
                Spatial

    /// One window over all positions.
    let globalPool (layer: Layer) output kind x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph

        let op =
            match kind with
            | Max -> "GlobalMaxPool"
            | Average -> "GlobalAveragePool"

        OnnxGraph.add op layer.Name [ x.Name ] output [] graph, Spatial
