namespace Sss.Files

open Sss.Core
open Sss.Schema

/// The preparation of an image inside a graph, between the graph's own input and the value `images`, which
/// is the input of the network alone; and the probabilities at the other end.
[<RequireQualifiedAccess>]
module internal PreparationNodes =

    /// The names of all nodes and constants begin so. No layer of the language can have a slash.
    let private prefix = "prepare/"

    /// The name of the second output.
    let probabilities = "probabilities"

    /// (pixel · scale − mean) / deviation, after the conversion to the units of the training data: in the order
    /// and the precision of training. Its last value is `images`.
    let add (takes: OnnxTakes) (p: Preparation) (graph: OnnxGraph) : OnnxGraph =
        let channels = [ p.Mean.Length; 1; 1 ]

        let units =
            match takes with
            | OnnxTakes.Pixels -> Units.between PixelRange.bytes p.Range
            | OnnxTakes.Numbers
            | OnnxTakes.Images -> None

        let conversion =
            match units with
            | Some u when not u.IsSame -> [
                "Mul", "span", [], [| u.ToSpan |]
                "Div", "white", [], [| u.Span |]
                "Add", "black", [], [| u.ToBlack |]
              ]
            | Some _
            | None -> []

        let steps =
            conversion
            @ [
                "Mul", "scale", [], [| p.Scale |]
                "Sub", "mean", channels, p.Mean
                "Div", "deviation", channels, p.Deviation
            ]

        let last = steps.Length - 1

        ((graph, OnnxTakes.word takes), List.indexed steps)
        ||> List.fold (fun (graph, value) (i, (kind, name, dims, numbers)) ->
            let constant = prefix + name
            let made = if i = last then OnnxGraph.input else $"{prefix}by {name}"

            graph
            |> OnnxGraph.constant (Proto.floats constant dims numbers)
            |> OnnxGraph.add kind $"{prefix}by {name}" [ value; constant ] made [],
            made
        )
        |> fst

    /// The softmax of the scores over classes, or the sigmoid of each.
    let addProbabilities (kind: Probabilities) (graph: OnnxGraph) : OnnxGraph =
        let operator, attributes =
            match kind with
            | Probabilities.Softmax -> "Softmax", [ Proto.int "axis" 1 ]
            | Probabilities.Sigmoid -> "Sigmoid", []

        OnnxGraph.add operator probabilities [ OnnxGraph.output ] probabilities attributes graph

    /// Takes both ends off a graph: what is left is the graph of the network alone. Other graphs stay.
    let strip (graph: GraphProto) : unit =
        let isOwn (name: string) =
            name.StartsWith(prefix, System.StringComparison.Ordinal)

        if graph.Input.Count = 1 && graph.Node |> Seq.exists (fun node -> isOwn node.Name) then
            let keep (isKept: 'T -> bool) (items: Google.Protobuf.Collections.RepeatedField<'T>) =
                let kept = items |> Seq.filter isKept |> List.ofSeq
                items.Clear()
                items.AddRange kept

            graph.Node
            |> keep (fun node -> not (isOwn node.Name) && node.Name <> probabilities)

            graph.Initializer |> keep (fun constant -> not (isOwn constant.Name))
            graph.Output |> keep (fun output -> output.Name <> probabilities)
            graph.Input[0].Name <- OnnxGraph.input
