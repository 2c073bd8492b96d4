namespace Sss.Files

open Sss.Core
open Sss.Schema

/// How a value of shape C×H×W is laid out in ONNX.
type internal Form =
    /// batch × C × H × W.
    | Spatial
    /// batch × C, for values of height and width 1 after a dense layer.
    | Flat

/// A value inside the exported graph.
type internal Value = {
    Name: string
    Form: Form
    Shape: Shape
}

/// A graph under construction; both lists are newest first.
type internal OnnxGraph = {
    Nodes: NodeProto list
    Constants: TensorProto list
}

/// Growing of graphs. Names with a slash are ours: no layer of the language can have one.
[<RequireQualifiedAccess>]
module internal OnnxGraph =

    /// The name of the network's input: the graph's own, unless the graph prepares the image.
    let input = "images"

    /// The name of the graph's output.
    let output = "scores"

    /// Nothing yet.
    let empty = { Nodes = []; Constants = [] }

    let private taken = set [ input; output; "pixels"; "numbers"; "probabilities" ]

    /// A layer's value has the layer's name, unless that is what a graph's own input or output may be called.
    let valueName (layer: string) =
        if taken.Contains layer then layer + "/value" else layer

    /// Adds an operation with several outputs.
    let addMany kind name inputs outputs attributes (graph: OnnxGraph) : OnnxGraph = {
        graph with
            Nodes = Proto.node kind name inputs outputs attributes :: graph.Nodes
    }

    /// Adds an operation.
    let add kind name inputs (output: string) attributes graph : OnnxGraph =
        addMany kind name inputs [ output ] attributes graph

    /// Adds a constant.
    let constant tensor (graph: OnnxGraph) : OnnxGraph = {
        graph with
            Constants = tensor :: graph.Constants
    }

    /// The value as batch × C × H × W. `owner`: the node that needs it so.
    let spatial (owner: string) (value: Value) (graph: OnnxGraph) : OnnxGraph * Value =
        match value.Form with
        | Spatial -> graph, value
        | Flat ->
            let name, shape = $"{owner}/{value.Name}/spatial", $"{owner}/{value.Name}/shape"

            graph
            // An extent of 0 stands for the input's own: the batch.
            |> constant (Proto.wholes shape [ 0; value.Shape.Channels; 1; 1 ])
            |> add "Reshape" name [ value.Name; shape ] name [],
            {
                value with
                    Name = name
                    Form = Spatial
            }

    /// The value as batch × C·H·W.
    let flat (owner: string) (value: Value) (graph: OnnxGraph) : OnnxGraph * Value =
        match value.Form with
        | Flat -> graph, value
        | Spatial ->
            let name = $"{owner}/{value.Name}/flat"

            add "Flatten" name [ value.Name ] name [ Proto.int "axis" 1 ] graph,
            {
                Name = name
                Form = Flat
                Shape = Shape.vector (int (Shape.count value.Shape))
            }

    /// All values in one form: flat when all are, else batch × C × H × W.
    let alike (owner: string) (values: Value list) (graph: OnnxGraph) : OnnxGraph * Value list =
        if values |> List.forall (fun v -> v.Form = Flat) then
            graph, values
        else
            // Identity branches hand on the same value more than once: it is converted once.
            let graph, made =
                ((graph, Map.empty), values |> List.distinctBy (fun v -> v.Name))
                ||> List.fold (fun (graph, made) value ->
                    let graph, converted = spatial owner value graph
                    graph, Map.add value.Name converted made
                )

            graph, values |> List.map (fun v -> made[v.Name])
