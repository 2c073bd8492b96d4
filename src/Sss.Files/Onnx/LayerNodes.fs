namespace Sss.Files

open Sss.Core

/// The operations that one layer becomes.
[<RequireQualifiedAccess>]
module internal LayerNodes =

    let private sizes name (size: Size) = Proto.ints name [ size.H; size.W ]

    /// A trained array of the layer as a constant of the same name.
    let private weight (weights: Weights<float32>) key (graph: Graph) =
        let tensor = weights[key]
        Graph.constant (Proto.floats key tensor.Shape tensor.Data) graph

    let private weightAll weights keys graph =
        (graph, keys) ||> List.fold (fun graph key -> weight weights key graph)

    let private biased (layer: Layer) bias = [
        ArrayKey.make ArrayPart.Weight layer.Name
        if bias then
            ArrayKey.make ArrayPart.Bias layer.Name
    ]

    let private convolution
        weights
        (layer: Layer)
        output
        groups
        kernel
        stride
        pad
        dilation
        bias
        x
        graph
        =
        let keys = biased layer bias
        let graph, x = Graph.spatial layer.Name x graph

        graph
        |> weightAll weights keys
        |> Graph.add "Conv" layer.Name (x.Name :: keys) output [
            sizes "kernel_shape" kernel
            sizes "strides" stride
            Proto.ints "pads" [ pad.H; pad.W; pad.H; pad.W ]
            sizes "dilations" dilation
            Proto.int "group" groups
        ],
        Spatial

    let private dense weights (layer: Layer) output bias x graph =
        let keys = biased layer bias
        let graph, x = Graph.flat layer.Name x graph

        graph
        |> weightAll weights keys
        |> Graph.add "Gemm" layer.Name (x.Name :: keys) output [ Proto.int "transB" 1 ],
        Flat

    let private batchNorm weights (layer: Layer) output (bn: BatchNorm) (x: Value) graph =
        let keys =
            [ ArrayPart.Weight; ArrayPart.Bias; ArrayPart.Mean; ArrayPart.Variance ]
            |> List.map (fun part -> ArrayKey.make part layer.Name)

        graph
        |> weightAll weights keys
        |> Graph.add "BatchNormalization" layer.Name (x.Name :: keys) output [
            Proto.float "epsilon" bn.Eps
        ],
        x.Form

    let private pool (layer: Layer) output (p: Pool) x graph =
        let graph, x = Graph.spatial layer.Name x graph

        let settings = [
            sizes "kernel_shape" p.Kernel
            sizes "strides" p.Stride
            Proto.ints "pads" (Pools.pads p layer.Input layer.Output)
        ]

        match p.Kind with
        | Max -> Graph.add "MaxPool" layer.Name [ x.Name ] output settings graph, Spatial
        | Average ->
            let settings = Proto.int "count_include_pad" 1 :: settings

            match Pools.correction p layer.Input layer.Output with
            | None -> Graph.add "AveragePool" layer.Name [ x.Name ] output settings graph, Spatial
            | Some factors ->
                let pooled, correction = $"{layer.Name}/pooled", $"{layer.Name}/correction"

                graph
                |> Graph.constant (
                    Proto.floats correction [ layer.Output.Height; layer.Output.Width ] factors
                )
                |> Graph.add "AveragePool" pooled [ x.Name ] pooled settings
                |> Graph.add "Mul" layer.Name [ pooled; correction ] output [],
                Spatial

    /// Multiplies by the factors of `owner`; a group's factor stands for each of its channels.
    let private factor (weights: Weights<float32>) owner (shape: Shape) form input output graph =
        let key = ArrayKey.make ArrayPart.Factor owner
        let factors = weights[key].Data
        let each = shape.Channels / factors.Length
        let values = Array.init shape.Channels (fun c -> factors[c / each])

        let dims =
            match form with
            | Flat -> [ shape.Channels ]
            | Spatial -> [ shape.Channels; 1; 1 ]

        graph
        |> Graph.constant (Proto.floats key dims values)
        |> Graph.add "Mul" $"{owner}/scaled" [ input; key ] output []

    /// The branch of a residual multiplied by its factor.
    let scaled
        (weights: Weights<float32>)
        (owner: string)
        (x: Value)
        (graph: Graph)
        : Graph * Value =
        let output = $"{owner}/scaled"
        factor weights owner x.Shape x.Form x.Name output graph, { x with Name = output }

    /// Adds a layer, its factors included, and gives its value.
    let add (weights: Weights<float32>) (layer: Layer) (x: Value) (graph: Graph) : Graph * Value =
        let final = Graph.valueName layer.Name
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

        match layer.Op with
        | Op.Conv c ->
            convolution
                weights
                layer
                output
                c.Groups
                c.Kernel
                c.Stride
                c.Pad
                c.Dilation
                c.Bias
                x
                graph
            |> made
        | Op.DepthwiseConv c ->
            let groups = layer.Input.Channels

            convolution
                weights
                layer
                output
                groups
                c.Kernel
                c.Stride
                c.Pad
                c.Dilation
                c.Bias
                x
                graph
            |> made
        | Op.Dense d -> dense weights layer output d.Bias x graph |> made
        | Op.BatchNorm bn -> batchNorm weights layer output bn x graph |> made
        | Op.Activation a -> made (ActivationNodes.add a layer.Name output x.Name graph, x.Form)
        | Op.Pool p -> pool layer output p x graph |> made
        | Op.GlobalPool kind ->
            let graph, x = Graph.spatial layer.Name x graph

            let op =
                match kind with
                | Max -> "GlobalMaxPool"
                | Average -> "GlobalAveragePool"

            made (Graph.add op layer.Name [ x.Name ] output [] graph, Spatial)
        // Nothing at all in evaluation.
        | Op.Dropout _ -> graph, x
        | Op.Flatten -> Graph.flat layer.Name x graph
