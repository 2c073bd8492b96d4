namespace Sss.Files

open Sss.Core

/// Settings and arrays of single layers as ONNX has them.
[<RequireQualifiedAccess>]
module internal LayerArrays =

    /// Both axes as a setting.
    let sizes name (size: Size) = Proto.ints name [ size.H; size.W ]

    /// ONNX's order is ours: above, left, below, right.
    let pads (sides: Sides) =
        Proto.ints "pads" [ sides.Top; sides.Left; sides.Bottom; sides.Right ]

    /// A trained array of the layer as a constant of the same name.
    let weight (weights: Weights<float32>) key (graph: OnnxGraph) =
        let tensor = weights[key]
        OnnxGraph.constant (Proto.floats (ArrayKey.text key) tensor.Shape tensor.Data) graph

    /// Several of them.
    let weightAll weights keys graph =
        (graph, keys) ||> List.fold (fun graph key -> weight weights key graph)

    /// Inputs of an operation: a value, and constants with the names of arrays.
    let inputs (value: string) keys = value :: List.map ArrayKey.text keys

    /// The keys of weights and bias.
    let biased (layer: Layer) bias = [
        ArrayKey.make ArrayPart.Weight layer.Name
        if bias then
            ArrayKey.make ArrayPart.Bias layer.Name
    ]
