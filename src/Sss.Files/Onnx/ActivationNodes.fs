namespace Sss.Files

open Sss.Core

/// Element-wise functions as ONNX operations.
[<RequireQualifiedAccess>]
module internal ActivationNodes =

    /// ONNX's own operation with its inputs after the value and its attributes; None: the term is
    /// written out.
    let private operation (activation: Activation) =
        match activation with
        | Relu -> Some("Relu", [], [])
        | Relu6 -> Some("Clip", [ "low", 0.0; "high", 6.0 ], [])
        | HardSwish -> Some("HardSwish", [], [])
        | HardSigmoid ->
            Some("HardSigmoid", [], [ Proto.float "alpha" (1.0 / 6.0); Proto.float "beta" 0.5 ])
        | Elu alpha -> Some("Elu", [], [ Proto.float "alpha" alpha ])
        | Tanh -> Some("Tanh", [], [])
        | Sigmoid -> Some("Sigmoid", [], [])
        | LeakyRelu slope -> Some("LeakyRelu", [], [ Proto.float "alpha" slope ])
        | Silu
        | Gelu
        // Opset 17 does not have it yet.
        | Mish -> None

    let private scalar name (value: float) =
        Proto.floats name [] [| float32 value |]

    /// Adds the operations of a term; gives the name of its value. `path`: names of the operations
    /// between begin so. `result`: the name of the last one.
    let rec private write (x: string) path result (term: Term) graph : OnnxGraph * string =
        let operands (terms: Term list) graph =
            ((graph, []), List.indexed terms)
            ||> List.fold (fun (graph, names) (i, term) ->
                let inner = $"{path}/{i}"
                let graph, name = write x inner inner term graph
                graph, name :: names
            )
            |> fun (graph, names) -> graph, List.rev names

        let operation kind terms =
            let graph, names = operands terms graph
            OnnxGraph.add kind result names result [] graph, result

        match term with
        | Term.X -> graph, x
        | Term.Number value -> OnnxGraph.constant (scalar result value) graph, result
        | Term.Add(a, b) -> operation "Add" [ a; b ]
        | Term.Subtract(a, b) -> operation "Sub" [ a; b ]
        | Term.Multiply(a, b) -> operation "Mul" [ a; b ]
        | Term.Divide(a, b) -> operation "Div" [ a; b ]
        | Term.Min(a, b) -> operation "Min" [ a; b ]
        | Term.Max(a, b) -> operation "Max" [ a; b ]
        | Term.Exp a -> operation "Exp" [ a ]
        | Term.Log a -> operation "Log" [ a ]
        | Term.Tanh a -> operation "Tanh" [ a ]
        | Term.Erf a -> operation "Erf" [ a ]

    /// Adds the function of the value `x`, under the name of its layer; its value is `output`.
    let add (activation: Activation) name output (x: string) (graph: OnnxGraph) : OnnxGraph =
        match operation activation with
        | Some(kind, inputs, attributes) ->
            let keys = inputs |> List.map (fun (input, _) -> $"{name}/{input}")

            (graph, List.zip keys inputs)
            ||> List.fold (fun graph (key, (_, value)) ->
                OnnxGraph.constant (scalar key value) graph
            )
            |> OnnxGraph.add kind name (x :: keys) output attributes
        | None -> fst (write x name output (Activation.term activation) graph)
