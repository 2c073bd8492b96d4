namespace Sss.Files

open Google.Protobuf
open Sss.Core
open Sss.Schema

/// Export to ONNX: opset 17, IR version 8, one input (batch × C × H × W) that is called what it takes, and the
/// outputs `scores` (batch × classes; before any softmax) and `probabilities`, as `OnnxOptions` says. The raw form has the input `images`
/// and the output `scores`. Values and constants have the names of the network's layers and weights. The
/// metadata are those of `NetworkFile`, `sss.takes`, `sss.input` and `sss.version`.
[<RequireQualifiedAccess>]
module Onnx =

    /// The version of the operators that every exported file needs.
    let opset = 17L

    /// The version of the ONNX format itself.
    let irVersion = 8L

    let rec private body weights nodes (x: Value) graph : OnnxGraph * Value =
        ((graph, x), nodes)
        ||> List.fold (fun (graph, x) node -> add weights node x graph)

    and private add weights node x graph =
        match node with
        | Node.Layer layer -> LayerNodes.add weights layer x graph
        | Node.Residual r -> residual weights r x graph
        | Node.Gate g -> gate weights g x graph
        | Node.Concat c -> concat weights c x graph
        | Node.Output o -> further weights o x graph, x

    and private residual weights (r: Residual) x graph =
        let graph, branch = body weights r.Branch x graph

        let graph, branch =
            if r.Scale.IsSome then
                LayerNodes.scaled weights r.Name branch graph
            else
                graph, branch

        let graph, shortcut = body weights r.Shortcut x graph
        let graph, sides = OnnxGraph.alike r.Name [ branch; shortcut ] graph
        let name = OnnxGraph.valueName r.Name

        OnnxGraph.add "Add" r.Name (sides |> List.map (fun v -> v.Name)) name [] graph,
        {
            Name = name
            Form = sides.Head.Form
            Shape = r.Output
        }

    and private gate weights (g: Gate) x graph =
        let graph, gate = body weights g.Body x graph
        let graph, sides = OnnxGraph.alike g.Name [ x; gate ] graph
        let name = OnnxGraph.valueName g.Name

        OnnxGraph.add "Mul" g.Name (sides |> List.map (fun v -> v.Name)) name [] graph,
        {
            Name = name
            Form = sides.Head.Form
            Shape = g.Output
        }

    /// What each branch of a concatenation reads.
    and private inputs (c: Concat) (x: Value) graph : OnnxGraph * Value list =
        match c.Reads with
        | Reads.All -> graph, c.Branches |> List.map (fun _ -> x)
        | Reads.Parts ->
            let sizes = c.Branches |> List.map (fun b -> b.Input.Channels)
            let parts = c.Branches |> List.map (fun b -> $"{c.Name}/{b.Name}/part")

            let graph =
                graph
                |> OnnxGraph.constant (Proto.wholes $"{c.Name}/parts" sizes)
                |> OnnxGraph.addMany "Split" $"{c.Name}/split" [ x.Name; $"{c.Name}/parts" ] parts [
                    Proto.int "axis" 1
                ]

            graph,
            List.map2
                (fun (b: Branch) name -> {
                    Name = name
                    Form = x.Form
                    Shape = b.Input
                })
                c.Branches
                parts

    and private concat weights (c: Concat) x graph =
        let graph, inputs = inputs c x graph

        let graph, reversed =
            ((graph, []), List.zip c.Branches inputs)
            ||> List.fold (fun (graph, values) (branch, input) ->
                let graph, value = body weights branch.Body input graph
                graph, value :: values
            )

        let graph, values = OnnxGraph.alike c.Name (List.rev reversed) graph
        let name = OnnxGraph.valueName c.Name
        let names = values |> List.map (fun v -> v.Name)

        OnnxGraph.add "Concat" c.Name names name [ Proto.int "axis" 1 ] graph,
        {
            Name = name
            Form = values.Head.Form
            Shape = c.Output
        }

    /// What a further output gives, under its name. The value that it reads goes on.
    and private further weights (o: Output) x graph : OnnxGraph =
        let before = List.length graph.Nodes
        let graph, value = body weights o.Body x graph
        let isImage = Shape.area (Network.outputOf o.Input o.Body) > 1L
        named o.Name isImage before value graph

    /// Makes a value an output of the graph: the last node's, where that was added after so many nodes.
    and private named name isImage before (value: Value) (graph: OnnxGraph) =
        let form = if isImage then OnnxGraph.spatial else OnnxGraph.flat
        let graph, value = form name value graph

        match graph.Nodes with
        | last :: _ when last.Output[0] = value.Name && graph.Nodes.Length > before ->
            last.Output[0] <- name
            graph
        | _ -> OnnxGraph.add "Identity" name [ value.Name ] name [] graph

    let private wrapped metadata (graph: GraphProto) : ModelProto =
        let model = ModelProto(IrVersion = irVersion, ProducerName = "sss", Graph = graph)
        model.OpsetImport.Add(OperatorSetIdProto(Domain = "", Version = opset))

        for key, value in metadata do
            model.MetadataProps.Add(StringStringEntryProto(Key = key, Value = value))

        model

    /// The extents of an output, without the batch.
    let private extents (shape: Shape) = [
        shape.Channels
        if Shape.area shape > 1L then
            shape.Height
            shape.Width
    ]

    /// The declarations of the outputs, with what each gives.
    let private outputs (options: OnnxOptions) (network: Network) hasProbabilities = [
        let dims = extents (Network.output network)
        let word = Probabilities.word options.Probabilities

        let scores =
            match network.OutputKind with
            | OutputKind.Classes -> $"before {word}"
            | OutputKind.Numbers -> "numbers"

        Proto.value OnnxGraph.output scores dims

        if hasProbabilities then
            Proto.value PreparationNodes.probabilities $"{word} of the scores" dims

        for name, shape in Network.outputs network do
            Proto.value name "a further output" (extents shape)
    ]

    let private model options (network: Network) weights =
        let images = {
            Name = OnnxGraph.input
            Form = Spatial
            Shape = network.Input
        }

        let takes, preparation = OnnxDescription.takes options network.Input

        let graph =
            match preparation with
            | Some p -> PreparationNodes.add takes p OnnxGraph.empty
            | None -> OnnxGraph.empty

        let graph, value = body weights network.Body images graph
        let isImage = not (Network.isClassifier network)
        let graph = named OnnxGraph.output isImage 0 value graph

        // Numbers are no scores, and have no softmax.
        let hasProbabilities = preparation.IsSome && network.OutputKind = OutputKind.Classes

        let graph =
            if hasProbabilities then
                PreparationNodes.addProbabilities options.Probabilities graph
            else
                graph

        let proto = GraphProto(Name = network.Name)
        proto.Node.AddRange(List.rev graph.Nodes)
        proto.Initializer.AddRange(List.rev graph.Constants)
        let inputDims = [ network.Input.Channels; network.Input.Height; network.Input.Width ]

        proto.Input.Add(
            Proto.value
                (OnnxTakes.word takes)
                (OnnxDescription.inputText options network.Input)
                inputDims
        )

        proto.Output.AddRange(outputs options network hasProbabilities)
        wrapped (OnnxDescription.metadata options network.Input) proto

    /// The bytes of one number.
    let private numberBytes = 4L

    /// The format's messages end at 2 GiB; everything other than weights takes far less than the margin.
    let private fits (weights: Weights<float32>) =
        let bytes =
            weights |> Map.fold (fun n _ t -> n + numberBytes * int64 t.Data.Length) 0L

        bytes < int64 System.Int32.MaxValue - 64L * 1024L * 1024L

    let private checkedModel options (network: Network) weights =
        match NetworkFile.faults network weights with
        | [] when fits weights -> Ok(model options network weights)
        | [] -> Error(Refused(network.Name, "ONNX", "the weights take more than 2 GiB"))
        | faults -> Error(WeightsDiffer(network.Name, faults))

    /// The file's bytes. Works for full networks (factors become multiplications by constants) and
    /// for selected ones.
    let export
        (options: OnnxOptions)
        (network: Network)
        (weights: Weights<float32>)
        : Result<byte[], FileError> =
        checkedModel options network weights
        |> Result.map (fun model -> model.ToByteArray())

    /// A file's bytes with one more entry in its metadata. The messages of the format may be continued.
    let withEntry (key: string) (value: string) (file: byte[]) : byte[] =
        let more = ModelProto()
        more.MetadataProps.Add(StringStringEntryProto(Key = key, Value = value))
        Array.append file (more.ToByteArray())

    /// Writes the file, whole or not at all.
    let write
        (path: string)
        (options: OnnxOptions)
        (network: Network)
        (weights: Weights<float32>)
        : Result<unit, FileError> =
        checkedModel options network weights
        |> Result.bind (fun model -> AtomicFile.write path (fun stream -> model.WriteTo stream))
