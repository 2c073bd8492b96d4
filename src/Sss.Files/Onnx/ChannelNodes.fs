namespace Sss.Files

open Sss.Core

/// Layers with one number for each channel as ONNX operations.
[<RequireQualifiedAccess>]
module internal ChannelNodes =

    /// One number for each channel, so that it goes with a value of this form.
    let perChannel form key (values: float32[]) =
        let dims =
            match form with
            | Flat -> [ values.Length ]
            | Spatial -> [ values.Length; 1; 1 ]

        Proto.floats key dims values

    /// `kind` of the value and of the layer's numbers: `Mul` or `PRelu`.
    let add (weights: Weights<float32>) kind (layer: Layer) output (x: Value) graph =
        let key = ArrayKey.make ArrayPart.Weight layer.Name

        graph
        |> OnnxGraph.constant (perChannel x.Form (ArrayKey.text key) weights[key].Data)
        |> OnnxGraph.add kind layer.Name [ x.Name; ArrayKey.text key ] output [],
        x.Form
