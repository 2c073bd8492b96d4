namespace Sss.Files

open System.Runtime.InteropServices
open Sss.Schema

/// A graph with `QuantizeLinear` and `DequantizeLinear` where a plan rounds values, which ONNX Runtime makes integer kernels
/// of. Names with `/q` are ours, and short: they are a good part of a small file.
[<RequireQualifiedAccess>]
module internal Int8Nodes =

    let private scale value = $"{value}/q/s"
    let private zero value = $"{value}/q/z"
    let private codes value = $"{value}/q"

    /// What the codes of a value stand for: what all who read it read.
    let private restored value = $"{value}/q/v"

    let private restore value zeros output attributes graph =
        OnnxGraph.add
            "DequantizeLinear"
            (restored value)
            ([ codes value; scale value ] @ zeros)
            output
            attributes
            graph

    /// Rounds a value, under the name `value`; `raw`: what is rounded, before an activation that rounding does.
    let private round (q: Quantizer) (raw: string) (value: string) graph =
        graph
        |> OnnxGraph.constant (Proto.floats (scale value) [] [| q.Scale |])
        |> OnnxGraph.constant (Proto.bytes (zero value) [] [| q.Zero |])
        |> OnnxGraph.add
            "QuantizeLinear"
            (codes value)
            [ raw; scale value; zero value ]
            (codes value)
            []
        |> restore value [ zero value ] (restored value) []

    /// Codes of weights or of a bias, and the values that they stand for under the old name. `zeros`: the name of the zero
    /// points; without them the code of 0 is 0.
    let private constant (name: string) codesOf zeros (scales: float32[]) graph =
        graph
        |> OnnxGraph.constant codesOf
        |> OnnxGraph.constant (Proto.floats (scale name) [ scales.Length ] scales)
        |> restore name zeros name [ Proto.int "axis" 0 ]

    let private floats (tensor: TensorProto) =
        MemoryMarshal.Cast<byte, float32>(tensor.RawData.Span).ToArray()

    /// The weights and the bias of a node in whole numbers. Output channels are the first axis of both.
    let private weights
        (arrays: Map<string, TensorProto>)
        (input: Quantizer)
        (node: NodeProto)
        graph
        =
        let weight = arrays[node.Input[1]]
        let dims = weight.Dims |> Seq.map int |> List.ofSeq
        let name = weight.Name

        let bias =
            if node.Input.Count > 2 then
                floats arrays[node.Input[2]]
            else
                [||]

        let rounded = Quantization.weights dims.Head input.Scale bias (floats weight)

        // The kernels take weights with zero points only.
        let zeros = Proto.sbytes (zero name) [ dims.Head ] (Array.zeroCreate dims.Head)

        let graph =
            graph
            |> OnnxGraph.constant zeros
            |> constant
                name
                (Proto.sbytes (codes name) dims rounded.Codes)
                [ zero name ]
                rounded.Scales

        if bias.Length = 0 then
            graph
        else
            let name = node.Input[2]
            let whole = Quantization.bias input.Scale rounded.Scales bias

            constant
                name
                (Proto.int32s (codes name) [ bias.Length ] whole)
                []
                (rounded.Scales |> Array.map ((*) input.Scale))
                graph

    /// The node as it reads codes' values.
    let private reading (plan: Int8Plan) (node: NodeProto) =
        let copy = node.Clone()

        for i in 0 .. copy.Input.Count - 1 do
            if plan.Rounded.Contains copy.Input[i] then
                copy.Input[i] <- restored copy.Input[i]

        copy

    let private add (plan: Int8Plan) quantizer arrays graph (node: NodeProto) =
        let rounding graph raw value =
            if plan.Rounded.Contains value then
                round (quantizer value) raw value graph
            else
                graph

        if plan.Fused.Contains node.Output[0] then
            rounding graph node.Input[0] node.Output[0]
        else
            let graph =
                if plan.Weighted.Contains node.Output[0] then
                    weights arrays (quantizer node.Input[0]) node graph
                else
                    graph

            let graph = {
                graph with
                    Nodes = reading plan node :: graph.Nodes
            }

            (graph, node.Output)
            ||> Seq.fold (fun graph output -> rounding graph output output)

    /// The graph of a plan. `ranges`: of every value that the plan has measured.
    let rewrite
        (plan: Int8Plan)
        (ranges: Map<string, ValueRange>)
        (graph: GraphProto)
        : GraphProto =
        let arrays = graph.Initializer |> Seq.map (fun t -> t.Name, t) |> Map.ofSeq

        let quantizers = ranges |> Map.map (fun _ range -> Quantization.quantizer range)

        let quantizer value = quantizers[Int8Plan.source plan value]

        let start =
            (OnnxGraph.empty, graph.Input)
            ||> Seq.fold (fun made input ->
                if plan.Rounded.Contains input.Name then
                    round (quantizer input.Name) input.Name input.Name made
                else
                    made
            )

        let made = (start, graph.Node) ||> Seq.fold (add plan quantizer arrays)
        let read = made.Nodes |> Seq.collect _.Input |> Set.ofSeq
        let written = made.Nodes |> Seq.collect _.Output |> Set.ofSeq
        let result = GraphProto(Name = graph.Name)
        result.Node.AddRange(List.rev made.Nodes)

        // Arrays that are still read, and not made of codes.
        result.Initializer.AddRange(
            graph.Initializer
            |> Seq.filter (fun t -> read.Contains t.Name && not (written.Contains t.Name))
        )

        result.Initializer.AddRange(List.rev made.Constants)
        result.Input.AddRange graph.Input
        result.Output.AddRange graph.Output
        result
