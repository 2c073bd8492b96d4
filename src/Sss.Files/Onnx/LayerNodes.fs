namespace Sss.Files

open Sss.Core

/// The settings of ONNX's `Conv`.
type private Convolution = {
    Kernel: Size
    Stride: Size
    Pad: Padding
    Dilation: Size
    Groups: int
    Bias: bool
}

/// The operations that one layer becomes.
[<RequireQualifiedAccess>]
module internal LayerNodes =

    let private sizes name (size: Size) = Proto.ints name [ size.H; size.W ]

    /// ONNX's order is ours: above, left, below, right.
    let private pads (sides: Sides) =
        Proto.ints "pads" [ sides.Top; sides.Left; sides.Bottom; sides.Right ]

    /// A trained array of the layer as a constant of the same name.
    let private weight (weights: Weights<float32>) key (graph: OnnxGraph) =
        let tensor = weights[key]
        OnnxGraph.constant (Proto.floats (ArrayKey.text key) tensor.Shape tensor.Data) graph

    let private weightAll weights keys graph =
        (graph, keys) ||> List.fold (fun graph key -> weight weights key graph)

    /// Inputs of an operation: a value, and constants with the names of arrays.
    let private inputs (value: string) keys = value :: List.map ArrayKey.text keys

    let private biased (layer: Layer) bias = [
        ArrayKey.make ArrayPart.Weight layer.Name
        if bias then
            ArrayKey.make ArrayPart.Bias layer.Name
    ]

    let private convolution weights (layer: Layer) output (c: Convolution) x graph =
        let keys = biased layer c.Bias
        let graph, x = OnnxGraph.spatial layer.Name x graph

        graph
        |> weightAll weights keys
        |> OnnxGraph.add "Conv" layer.Name (inputs x.Name keys) output [
            sizes "kernel_shape" c.Kernel
            sizes "strides" c.Stride
            pads (Padding.sides c.Kernel c.Stride c.Dilation layer.Input c.Pad)
            sizes "dilations" c.Dilation
            Proto.int "group" c.Groups
        ],
        Spatial

    let private dense weights (layer: Layer) output bias x graph =
        let keys = biased layer bias
        let graph, x = OnnxGraph.flat layer.Name x graph

        graph
        |> weightAll weights keys
        |> OnnxGraph.add "Gemm" layer.Name (inputs x.Name keys) output [ Proto.int "transB" 1 ],
        Flat

    let private reorder (layer: Layer) output (r: Reorder) (x: Value) graph =
        let order = $"{layer.Name}/order"
        let channels = Reorder.order r layer.Input.Channels |> List.ofArray

        graph
        |> OnnxGraph.constant (Proto.wholes order channels)
        |> OnnxGraph.add "Gather" layer.Name [ x.Name; order ] output [ Proto.int "axis" 1 ],
        x.Form

    let private batchNorm weights (layer: Layer) output (bn: BatchNorm) (x: Value) graph =
        let keys =
            [ ArrayPart.Weight; ArrayPart.Bias; ArrayPart.Mean; ArrayPart.Variance ]
            |> List.map (fun part -> ArrayKey.make part layer.Name)

        graph
        |> weightAll weights keys
        |> OnnxGraph.add "BatchNormalization" layer.Name (inputs x.Name keys) output [
            Proto.float "epsilon" bn.Eps
        ],
        x.Form

    /// Opset 17 knows no group normalisation: groups become the channels of an instance normalisation.
    let private groupNorm (weights: Weights<float32>) (layer: Layer) output (g: GroupNorm) x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph
        let part name = $"{layer.Name}/{name}"
        let s = layer.Input

        let perChannel key graph =
            graph
            |> OnnxGraph.constant (
                Proto.floats (ArrayKey.text key) [ s.Channels; 1; 1 ] weights[key].Data
            )

        let ones, zeros = Array.create g.Groups 1.0f, Array.create g.Groups 0.0f
        let scale = ArrayKey.make ArrayPart.Weight layer.Name
        let shift = ArrayKey.make ArrayPart.Bias layer.Name

        graph
        // 0 and −1 stand for the input's batch and all that is left.
        |> OnnxGraph.constant (Proto.wholes (part "groups") [ 0; g.Groups; -1 ])
        |> OnnxGraph.constant (Proto.wholes (part "shape") [ 0; s.Channels; s.Height; s.Width ])
        |> OnnxGraph.constant (Proto.floats (part "ones") [ g.Groups ] ones)
        |> OnnxGraph.constant (Proto.floats (part "zeros") [ g.Groups ] zeros)
        |> perChannel scale
        |> perChannel shift
        |> OnnxGraph.add "Reshape" (part "grouped") [ x.Name; part "groups" ] (part "grouped") []
        |> OnnxGraph.add
            "InstanceNormalization"
            (part "normalised")
            [ part "grouped"; part "ones"; part "zeros" ]
            (part "normalised")
            [ Proto.float "epsilon" g.Eps ]
        |> OnnxGraph.add "Reshape" (part "image") [ part "normalised"; part "shape" ] (part "image") []
        |> OnnxGraph.add "Mul" (part "gained") (inputs (part "image") [ scale ]) (part "gained") []
        |> OnnxGraph.add "Add" layer.Name (inputs (part "gained") [ shift ]) output [],
        Spatial

    /// Over the last axis, so that channels go there and back.
    let private layerNorm weights (layer: Layer) output (l: LayerNorm) x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph
        let last, normalised = $"{layer.Name}/last", $"{layer.Name}/normalised"
        let keys = biased layer true

        graph
        |> weightAll weights keys
        |> OnnxGraph.add "Transpose" last [ x.Name ] last [ Proto.ints "perm" [ 0; 2; 3; 1 ] ]
        |> OnnxGraph.add "LayerNormalization" normalised (inputs last keys) normalised [
            Proto.int "axis" -1
            Proto.float "epsilon" l.Eps
        ]
        |> OnnxGraph.add "Transpose" layer.Name [ normalised ] output [
            Proto.ints "perm" [ 0; 3; 1; 2 ]
        ],
        Spatial

    let private pool (layer: Layer) output (p: Pool) x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph

        let settings = [
            sizes "kernel_shape" p.Kernel
            sizes "strides" p.Stride
            pads (PoolWindows.sides p layer.Input layer.Output)
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

    let private globalPool (layer: Layer) output kind x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph

        let op =
            match kind with
            | Max -> "GlobalMaxPool"
            | Average -> "GlobalAveragePool"

        OnnxGraph.add op layer.Name [ x.Name ] output [] graph, Spatial

    /// Multiplies by the factors of `owner`; a group's factor stands for each of its channels.
    let private factor (weights: Weights<float32>) owner (shape: Shape) form input output graph =
        let key = ArrayKey.make ArrayPart.Factor owner
        let factors = weights[key].Data
        let each = shape.Channels / factors.Length
        let values = Array.init shape.Channels (fun c -> factors[c / each])

        graph
        |> OnnxGraph.constant (ChannelNodes.perChannel form (ArrayKey.text key) values)
        |> OnnxGraph.add "Mul" $"{owner}/scaled" (inputs input [ key ]) output []

    /// The branch of a residual multiplied by its factor.
    let scaled
        (weights: Weights<float32>)
        (owner: string)
        (x: Value)
        (graph: OnnxGraph)
        : OnnxGraph * Value =
        let output = $"{owner}/scaled"
        factor weights owner x.Shape x.Form x.Name output graph, { x with Name = output }

    /// Adds a layer, its factors included, and gives its value.
    let add
        (weights: Weights<float32>)
        (layer: Layer)
        (x: Value)
        (graph: OnnxGraph)
        : OnnxGraph * Value =
        let final = OnnxGraph.valueName layer.Name
        let output = if layer.Scale.IsSome then $"{layer.Name}/plain" else final

        let made (graph, form) =
            let graph =
                if layer.Scale.IsSome then
                    factor weights layer.Name layer.Output form output final graph
                else
                    graph

            graph,
            {
                Name = final
                Form = form
                Shape = layer.Output
            }

        let convolved c =
            convolution weights layer output c x graph |> made

        match layer.Op with
        | Op.Conv c ->
            {
                Kernel = c.Kernel
                Stride = c.Stride
                Pad = c.Pad
                Dilation = c.Dilation
                Groups = c.Groups
                Bias = c.Bias
            }
            |> convolved
        | Op.DepthwiseConv c ->
            {
                Kernel = c.Kernel
                Stride = c.Stride
                Pad = c.Pad
                Dilation = c.Dilation
                Groups = layer.Input.Channels
                Bias = c.Bias
            }
            |> convolved
        | Op.Dense d -> dense weights layer output d.Bias x graph |> made
        | Op.BatchNorm bn -> batchNorm weights layer output bn x graph |> made
        | Op.GroupNorm g -> groupNorm weights layer output g x graph |> made
        | Op.LayerNorm l -> layerNorm weights layer output l x graph |> made
        | Op.Activation a -> made (ActivationNodes.add a layer.Name output x.Name graph, x.Form)
        | Op.PRelu -> ChannelNodes.add weights "PRelu" layer output x graph |> made
        | Op.LayerScale _ -> ChannelNodes.add weights "Mul" layer output x graph |> made
        | Op.Pool p -> pool layer output p x graph |> made
        | Op.GlobalPool kind -> globalPool layer output kind x graph |> made
        // Nothing at all in evaluation.
        | Op.Dropout _ -> graph, x
        | Op.Flatten -> OnnxGraph.flat layer.Name x graph
        | Op.Reorder r -> reorder layer output r x graph |> made
        | Op.Attention a -> PositionNodes.attention weights layer output a x graph |> made
        | Op.Tokens t -> PositionNodes.tokens weights layer output t x graph |> made
        | Op.Pick -> PositionNodes.pick layer output x graph |> made
