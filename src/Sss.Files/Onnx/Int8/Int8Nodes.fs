namespace Sss.Files

open System.Runtime.InteropServices
open Sss.Schema

/// A graph with `QuantizeLinear` and `DequantizeLinear` where a plan rounds values, which ONNX Runtime makes integer kernels
/// of. Each value is rounded once, so its number in the graph names what belongs to its codes, and roundings have no names:
/// with the value's own name they took a sixth of a small network's file.
[<RequireQualifiedAccess>]
module internal Int8Nodes =

    /// The numbers of a graph's values, by name.
    let private numbers (graph: GraphProto) =
        [
            yield! graph.Input |> Seq.map _.Name
            yield! graph.Initializer |> Seq.map _.Name
            yield! graph.Node |> Seq.collect _.Output
        ]
        |> List.mapi (fun i name -> name, i)
        |> Map.ofList

    let private scale (number: int) = $"{number}/s"
    let private zero (number: int) = $"{number}/z"
    let private codes (number: int) = $"{number}/q"

    /// What the codes of a value stand for: what all who read it read.
    let private restored (number: int) = $"{number}/v"

    let private unnamed = ""

    let private restore value zeros output attributes graph =
        OnnxGraph.add
            "DequantizeLinear"
            unnamed
            ([ codes value; scale value ] @ zeros)
            output
            attributes
            graph

    /// Rounds `raw`, which is the value itself, or what it is before an activation that rounding does.
    let private round (q: Quantizer) (raw: string) value graph =
        graph
        |> OnnxGraph.constant (Proto.floats (scale value) [] [| q.Scale |])
        |> OnnxGraph.constant (Proto.bytes (zero value) [] [| q.Zero |])
        |> OnnxGraph.add "QuantizeLinear" unnamed [ raw; scale value; zero value ] (codes value) []
        |> restore value [ zero value ] (restored value) []

    /// Codes of weights or of a bias, and the values that they stand for under the old name. `zeros`: the name of the zero
    /// points; without them the code of 0 is 0.
    let private constant (name: string) number codesOf zeros (scales: float32[]) graph =
        graph
        |> OnnxGraph.constant codesOf
        |> OnnxGraph.constant (Proto.floats (scale number) [ scales.Length ] scales)
        |> restore number zeros name [ Proto.int "axis" 0 ]

    let private floats (tensor: TensorProto) =
        MemoryMarshal.Cast<byte, float32>(tensor.RawData.Span).ToArray()

    /// The weights and the bias of a node in whole numbers. Output channels are the first axis of both.
    let private weights
        (numbers: Map<string, int>)
        (arrays: Map<string, TensorProto>)
        (input: Quantizer)
        (node: NodeProto)
        graph
        =
        let weight = arrays[node.Input[1]]
        let dims = weight.Dims |> Seq.map int |> List.ofSeq
        let name = weight.Name
        let number = numbers[name]

        let bias =
            if node.Input.Count > 2 then
                floats arrays[node.Input[2]]
            else
                [||]

        let rounded = Quantization.weights dims.Head input.Scale bias (floats weight)

        // The kernels take weights with zero points only.
        let zeros = Proto.sbytes (zero number) [ dims.Head ] (Array.zeroCreate dims.Head)

        let graph =
            graph
            |> OnnxGraph.constant zeros
            |> constant
                name
                number
                (Proto.sbytes (codes number) dims rounded.Codes)
                [ zero number ]
                rounded.Scales

        if bias.Length = 0 then
            graph
        else
            let name = node.Input[2]
            let number = numbers[name]
            let whole = Quantization.bias input.Scale rounded.Scales bias

            constant
                name
                number
                (Proto.int32s (codes number) [ bias.Length ] whole)
                []
                (rounded.Scales |> Array.map ((*) input.Scale))
                graph

    /// The node as it reads codes' values.
    let private reading (plan: Int8Plan) (numbers: Map<string, int>) (node: NodeProto) =
        let copy = node.Clone()

        for i in 0 .. copy.Input.Count - 1 do
            if plan.Rounded.Contains copy.Input[i] then
                copy.Input[i] <- restored numbers[copy.Input[i]]

        copy

    let private add (plan: Int8Plan) numbers quantizer arrays graph (node: NodeProto) =
        let rounding graph raw value =
            if plan.Rounded.Contains value then
                round (quantizer value) raw (Map.find value numbers) graph
            else
                graph

        if plan.Fused.Contains node.Output[0] then
            rounding graph node.Input[0] node.Output[0]
        else
            let graph =
                if plan.Weighted.Contains node.Output[0] then
                    weights numbers arrays (quantizer node.Input[0]) node graph
                else
                    graph

            let graph = {
                graph with
                    Nodes = reading plan numbers node :: graph.Nodes
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
        let numbers = numbers graph

        let quantizers = ranges |> Map.map (fun _ range -> Quantization.quantizer range)

        let quantizer value = quantizers[Int8Plan.source plan value]

        let start =
            (OnnxGraph.empty, graph.Input)
            ||> Seq.fold (fun made input ->
                if plan.Rounded.Contains input.Name then
                    round (quantizer input.Name) input.Name numbers[input.Name] made
                else
                    made
            )

        let made = (start, graph.Node) ||> Seq.fold (add plan numbers quantizer arrays)
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
