namespace Sss.Files

open Sss.Core

/// The operations of layers over positions in a row.
[<RequireQualifiedAccess>]
module internal PositionNodes =

    let private part (layer: Layer) name = $"{layer.Name}/{name}"

    /// One operation with one input, named as its output.
    let private step kind name input attributes =
        OnnxGraph.add kind name [ input ] name attributes

    /// A tensor in another shape; 0 stands for the input's own extent, −1 for what is left.
    let private reshape name input (shape: int list) graph =
        graph
        |> OnnxGraph.constant (Proto.wholes $"{name}/shape" shape)
        |> OnnxGraph.add "Reshape" name [ input; $"{name}/shape" ] name []

    /// batch × C × H × W as batch × positions × C.
    let private rows (layer: Layer) (x: Value) graph =
        let name = part layer "rows"

        graph
        |> reshape (part layer "columns") x.Name [ 0; layer.Input.Channels; -1 ]
        |> step "Transpose" name (part layer "columns") [ Proto.ints "perm" [ 0; 2; 1 ] ],
        name

    /// batch × positions × C as the layer's output.
    let private positions (layer: Layer) output rows graph =
        let s = layer.Output

        graph
        |> step "Transpose" (part layer "back") rows [ Proto.ints "perm" [ 0; 2; 1 ] ]
        |> OnnxGraph.constant (
            Proto.wholes (part layer "output/shape") [ 0; s.Channels; s.Height; s.Width ]
        )
        |> OnnxGraph.add
            "Reshape"
            layer.Name
            [ part layer "back"; part layer "output/shape" ]
            output
            []

    let private transposed (rows: int) (columns: int) (data: float32[]) =
        Array.init data.Length (fun i -> data[i % rows * columns + i / rows])

    /// A projection split into heads, its axes in this order of batch, positions, heads, width.
    let private projection
        (weights: Weights<float32>)
        (layer: Layer)
        heads
        name
        (weightPart, biasPart)
        axes
        rows
        graph
        =
        let weightKey = ArrayKey.make weightPart layer.Name
        let biasKey = ArrayKey.make biasPart layer.Name
        let weight, bias = ArrayKey.text weightKey, ArrayKey.text biasKey
        let outs, ins = layer.Output.Channels, layer.Input.Channels
        let at step = part layer $"{name}/{step}"

        graph
        |> OnnxGraph.constant (
            Proto.floats weight [ ins; outs ] (transposed outs ins weights[weightKey].Data)
        )
        |> OnnxGraph.constant (Proto.floats bias [ outs ] weights[biasKey].Data)
        |> OnnxGraph.add "MatMul" (at "product") [ rows; weight ] (at "product") []
        |> OnnxGraph.add "Add" (at "sum") [ at "product"; bias ] (at "sum") []
        |> reshape (at "heads") (at "sum") [ 0; 0; heads; -1 ]
        |> step "Transpose" (part layer name) (at "heads") [ Proto.ints "perm" axes ]

    /// softmax(Q·Kᵀ/√width)·V for each head.
    let attention weights (layer: Layer) output (a: Attention) x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph
        let graph, rows = rows layer x graph
        let width = layer.Output.Channels / a.Heads
        let part = part layer

        graph
        |> projection
            weights
            layer
            a.Heads
            "query"
            (ArrayPart.Query, ArrayPart.QueryBias)
            [ 0; 2; 1; 3 ]
            rows
        |> projection
            weights
            layer
            a.Heads
            "key"
            (ArrayPart.Key, ArrayPart.KeyBias)
            [ 0; 2; 3; 1 ]
            rows
        |> projection
            weights
            layer
            a.Heads
            "value"
            (ArrayPart.Weight, ArrayPart.Bias)
            [ 0; 2; 1; 3 ]
            rows
        |> OnnxGraph.constant (
            Proto.floats (part "scale") [] [| float32 (1.0 / sqrt (float width)) |]
        )
        |> OnnxGraph.add
            "Mul"
            (part "query/scaled")
            [ part "query"; part "scale" ]
            (part "query/scaled")
            []
        |> OnnxGraph.add
            "MatMul"
            (part "scores")
            [ part "query/scaled"; part "key" ]
            (part "scores")
            []
        |> step "Softmax" (part "shares") (part "scores") [ Proto.int "axis" -1 ]
        |> OnnxGraph.add "MatMul" (part "mixed") [ part "shares"; part "value" ] (part "mixed") []
        |> step "Transpose" (part "joined") (part "mixed") [ Proto.ints "perm" [ 0; 2; 1; 3 ] ]
        |> reshape (part "joined/rows") (part "joined") [ 0; 0; layer.Output.Channels ]
        |> positions layer output (part "joined/rows"),
        Spatial

    /// The token of every image in front of its positions.
    let private withToken (weights: Weights<float32>) (layer: Layer) rows graph =
        let key = ArrayKey.make ArrayPart.Token layer.Name
        let token = ArrayKey.text key
        let part = part layer
        let channels = layer.Input.Channels

        graph
        |> OnnxGraph.constant (Proto.floats token [ 1; 1; channels ] weights[key].Data)
        // As many as there are images: the batch, 1, C.
        |> step "Shape" (part "size") rows []
        |> OnnxGraph.constant (Proto.wholes (part "first") [ 0 ])
        |> OnnxGraph.add "Gather" (part "batch") [ part "size"; part "first" ] (part "batch") []
        |> OnnxGraph.constant (Proto.wholes (part "one") [ 1; channels ])
        |> OnnxGraph.add
            "Concat"
            (part "tokens/shape")
            [ part "batch"; part "one" ]
            (part "tokens/shape")
            [ Proto.int "axis" 0 ]
        |> OnnxGraph.add "Expand" (part "tokens") [ token; part "tokens/shape" ] (part "tokens") []
        |> OnnxGraph.add "Concat" (part "all") [ part "tokens"; rows ] (part "all") [
            Proto.int "axis" 1
        ],
        part "all"

    let tokens (weights: Weights<float32>) (layer: Layer) output (t: Tokens) x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph
        let graph, rows = rows layer x graph

        let graph, all =
            if t.WithClass then
                withToken weights layer rows graph
            else
                graph, rows

        let key = ArrayKey.make ArrayPart.Position layer.Name
        let position = ArrayKey.text key
        let count, channels = layer.Output.Height, layer.Input.Channels

        graph
        |> OnnxGraph.constant (
            Proto.floats position [ count; channels ] (transposed channels count weights[key].Data)
        )
        |> OnnxGraph.add "Add" (part layer "sum") [ all; position ] (part layer "sum") []
        |> positions layer output (part layer "sum"),
        Spatial

    let pick (layer: Layer) output x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph
        let part = part layer

        graph
        |> OnnxGraph.constant (Proto.wholes (part "from") [ 0; 0 ])
        |> OnnxGraph.constant (Proto.wholes (part "to") [ 1; 1 ])
        |> OnnxGraph.constant (Proto.wholes (part "axes") [ 2; 3 ])
        |> OnnxGraph.add "Slice" layer.Name [ x.Name; part "from"; part "to"; part "axes" ] output [],
        Spatial
