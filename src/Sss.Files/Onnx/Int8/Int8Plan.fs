namespace Sss.Files

open Sss.Schema

/// Which values of a graph are rounded to 8 bits, by their names.
type internal Int8Plan = {
    /// Rounded to 8 bits, one quantizer each.
    Rounded: Set<string>
    /// Outputs of activations that rounding does by itself, since codes end where the activation does.
    Fused: Set<string>
    /// Values that only move those of another, with its quantizer: the other one.
    Moved: Map<string, string>
    /// Nodes whose weights are in 8 bits, by their first output.
    Weighted: Set<string>
}

/// What ONNX Runtime's integer kernels for CPUs take over: convolutions and dense layers, sums, products, concatenations
/// and average pools of rounded values, and what only moves values. Other operations stay as they are, and take the values
/// of codes.
[<RequireQualifiedAccess>]
module internal Int8Plan =

    /// What a node is to its values.
    type private Role =
        | Weighted
        | Sum
        | Product
        | Joined
        | Pooled
        | Moving
        | Clipping
        | Squashing
        | Other

    /// What the plan asks of a graph.
    type private Facts = {
        Constants: Set<string>
        Producers: Map<string, NodeProto>
        Consumers: Map<string, NodeProto list>
        Outputs: Set<string>
    }

    let private roles =
        Map.ofList [
            "Conv", Weighted
            "Gemm", Weighted
            "Add", Sum
            "Mul", Product
            "Concat", Joined
            "AveragePool", Pooled
            "GlobalAveragePool", Pooled
            "MaxPool", Moving
            "Flatten", Moving
            "Reshape", Moving
            "Split", Moving
            "Gather", Moving
            "Relu", Clipping
            // The only one of exported files is that between 0 and 6.
            "Clip", Clipping
            "Sigmoid", Squashing
            "HardSigmoid", Squashing
        ]

    let private role (facts: Facts) (node: NodeProto) =
        match Map.tryFind node.OpType roles with
        | Some Weighted when not (Seq.forall facts.Constants.Contains (Seq.tail node.Input)) ->
            Other
        | Some role -> role
        | None -> Other

    let private factsOf (graph: GraphProto) = {
        Constants = graph.Initializer |> Seq.map _.Name |> Set.ofSeq
        Producers =
            Map.ofSeq (
                seq {
                    for node in graph.Node do
                        for output in node.Output do
                            output, node
                }
            )
        Consumers =
            seq {
                for node in graph.Node do
                    for input in Seq.distinct node.Input do
                        input, node
            }
            |> Seq.groupBy fst
            |> Seq.map (fun (value, pairs) -> value, pairs |> Seq.map snd |> List.ofSeq)
            |> Map.ofSeq
        Outputs = graph.Output |> Seq.map _.Name |> Set.ofSeq
    }

    let private data (facts: Facts) (node: NodeProto) =
        node.Input
        |> Seq.filter (fun v -> v <> "" && not (facts.Constants.Contains v))
        |> List.ofSeq

    /// Whether the node computes with codes, given which values have some. What gives the scores does not, except a dense
    /// layer, whose kernel gives floats.
    let private takes facts (rounded: Set<string>) (node: NodeProto) =
        let values = data facts node
        // A constant on a side is the preparation's, or a step of a longer formula.
        let isAll = values.Length = node.Input.Count && List.forall rounded.Contains values

        let isSquashed value =
            match Map.tryFind value facts.Producers with
            | Some producer -> role facts producer = Squashing
            | None -> false

        let isPossible =
            match role facts node with
            | Weighted -> true
            | Sum
            | Joined -> isAll
            | Product ->
                isAll
                || (values.Length = node.Input.Count
                    && List.exists rounded.Contains values
                    && values |> List.forall (fun v -> rounded.Contains v || isSquashed v))
            | Pooled
            | Moving -> List.forall rounded.Contains values
            | Clipping
            | Squashing
            | Other -> false

        isPossible
        && (node.OpType = "Gemm" || not (Seq.exists facts.Outputs.Contains node.Output))

    /// Where the result of a node is rounded: after the activation that alone reads it, or at once.
    let private result facts (node: NodeProto) : string list =
        match role facts node, Map.tryFind node.Output[0] facts.Consumers with
        // A dense layer gives floats, unless an integer kernel asks for codes.
        | Weighted, _ when node.OpType = "Gemm" -> []
        | Moving, _ -> List.ofSeq node.Output
        | _, Some [ next ] when
            role facts next = Clipping && not (facts.Outputs.Contains next.Output[0])
              ->
              [ next.Output[0] ]
        | _ -> [ node.Output[0] ]

    let private step facts (rounded: Set<string>) (node: NodeProto) =
        if takes facts rounded node then
            rounded + Set.ofList (data facts node @ result facts node)
        else
            rounded

    /// Until nothing more is rounded: a later node may ask for a value that an earlier one takes too.
    let rec private settle facts (nodes: NodeProto list) rounded =
        let next = List.fold (step facts) rounded nodes
        if next = rounded then rounded else settle facts nodes next

    /// The plan of a graph that was exported.
    let make (graph: GraphProto) : Int8Plan =
        let facts = factsOf graph
        let nodes = List.ofSeq graph.Node
        let rounded = settle facts nodes Set.empty
        let taken = nodes |> List.filter (takes facts rounded)

        {
            Rounded = rounded
            Fused =
                nodes
                |> List.filter (fun node ->
                    role facts node = Clipping
                    && rounded.Contains node.Output[0]
                    && not (rounded.Contains node.Input[0])
                )
                |> List.map (fun node -> node.Output[0])
                |> Set.ofList
            Moved =
                taken
                |> List.filter (fun node -> role facts node = Moving)
                |> List.collect (fun node -> [ for o in node.Output -> o, node.Input[0] ])
                |> Map.ofList
            Weighted =
                taken
                |> List.filter (fun node -> role facts node = Weighted)
                |> List.map (fun node -> node.Output[0])
                |> Set.ofList
        }

    /// The rounded values whose ranges have to be known: those that do not have the quantizer of another.
    let measured (plan: Int8Plan) : string list =
        plan.Rounded
        |> Set.filter (fun v -> not (plan.Moved.ContainsKey v))
        |> List.ofSeq

    /// The value whose quantizer a value has.
    let rec source (plan: Int8Plan) (value: string) : string =
        match Map.tryFind value plan.Moved with
        | Some other -> source plan other
        | None -> value
