namespace Sss.Files

open Sss.Core

/// Normalisations as ONNX operations.
[<RequireQualifiedAccess>]
module internal NormNodes =

    /// Batch normalisation in evaluation.
    let batchNorm weights (layer: Layer) output (bn: BatchNorm) (x: Value) graph =
        let keys =
            [ ArrayPart.Weight; ArrayPart.Bias; ArrayPart.Mean; ArrayPart.Variance ]
            |> List.map (fun part -> ArrayKey.make part layer.Name)

        graph
        |> LayerArrays.weightAll weights keys
        |> OnnxGraph.add "BatchNormalization" layer.Name (LayerArrays.inputs x.Name keys) output [
            Proto.float "epsilon" bn.Eps
        ],
        x.Form

    /// Opset 17 knows no group normalisation: groups become the channels of an instance normalisation.
    let groupNorm (weights: Weights<float32>) (layer: Layer) output (g: GroupNorm) x graph =
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
        |> OnnxGraph.add
            "Mul"
            (part "gained")
            (LayerArrays.inputs (part "image") [ scale ])
            (part "gained")
            []
        |> OnnxGraph.add "Add" layer.Name (LayerArrays.inputs (part "gained") [ shift ]) output [],
        Spatial

    /// Over the last axis, so that channels go there and back.
    let layerNorm weights (layer: Layer) output (l: LayerNorm) x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph
        let last, normalised = $"{layer.Name}/last", $"{layer.Name}/normalised"
        let keys = LayerArrays.biased layer true

        graph
        |> LayerArrays.weightAll weights keys
        |> OnnxGraph.add "Transpose" last [ x.Name ] last [ Proto.ints "perm" [ 0; 2; 3; 1 ] ]
        |> OnnxGraph.add "LayerNormalization" normalised (LayerArrays.inputs last keys) normalised [
            Proto.int "axis" -1
            Proto.float "epsilon" l.Eps
        ]
        |> OnnxGraph.add "Transpose" layer.Name [ normalised ] output [
            Proto.ints "perm" [ 0; 3; 1; 2 ]
        ],
        Spatial

    /// The sum over neighbours as a mean of a window over the channels. ONNX's own operation has its
    /// larger half behind, and ONNX Runtime takes odd sizes only.
    let private evenResponse (layer: Layer) output (l: LocalResponse) (x: Value) graph =
        let part name = $"{layer.Name}/{name}"
        let s = layer.Input

        let scalar name value =
            Proto.floats (part name) [] [| float32 value |]

        let add kind name inputs attributes =
            OnnxGraph.add kind name inputs name attributes

        graph
        |> OnnxGraph.constant (Proto.wholes (part "columns") [ 0; 1; s.Channels; -1 ])
        |> OnnxGraph.constant (Proto.wholes (part "shape") [ 0; s.Channels; s.Height; s.Width ])
        |> OnnxGraph.constant (scalar "alpha" l.Alpha)
        |> OnnxGraph.constant (scalar "beta" l.Beta)
        |> OnnxGraph.constant (scalar "k" l.K)
        |> add "Mul" (part "squares") [ x.Name; x.Name ] []
        |> add "Reshape" (part "flat") [ part "squares"; part "columns" ] []
        |> add "AveragePool" (part "means") [ part "flat" ] [
            Proto.ints "kernel_shape" [ l.Size; 1 ]
            Proto.ints "strides" [ 1; 1 ]
            Proto.ints "pads" [ l.Size / 2; 0; (l.Size - 1) / 2; 0 ]
            Proto.int "count_include_pad" 1
        ]
        |> add "Reshape" (part "image") [ part "means"; part "shape" ] []
        |> add "Mul" (part "times") [ part "image"; part "alpha" ] []
        |> add "Add" (part "base") [ part "times"; part "k" ] []
        |> add "Pow" (part "power") [ part "base"; part "beta" ] []
        |> OnnxGraph.add "Div" layer.Name [ x.Name; part "power" ] output []

    /// Local response normalisation.
    let localResponse (layer: Layer) output (l: LocalResponse) x graph =
        let graph, x = OnnxGraph.spatial layer.Name x graph

        (if l.Size % 2 = 0 then
             evenResponse layer output l x graph
         else
             OnnxGraph.add
                 "LRN"
                 layer.Name
                 [ x.Name ]
                 output
                 [
                     Proto.int "size" l.Size
                     Proto.float "alpha" l.Alpha
                     Proto.float "beta" l.Beta
                     Proto.float "bias" l.K
                 ]
                 graph),
        Spatial
