namespace Sss.Lsp

open System.Collections.Generic
open Sss.Core
open Sss.Dsl

/// One time that a statement stands in the network: a definition that is called twice has each of its
/// statements there twice.
type internal Instance = {
    Nodes: CheckedNode list
    Input: Shape option
    Output: Shape option
}

/// What the checker found out about a statement.
type internal StatementFacts = {
    /// In the order of the network. Calls right after one another count as one.
    Instances: Instance list
    /// Of all instances together.
    Cost: Cost
}

/// Statements and what became of them in the network.
[<RequireQualifiedAccess>]
module internal StatementFacts =

    /// Which nodes belong to which word of the text.
    type Index = {
        Nodes: CheckedNode[]
        Costs: Cost[]
        /// By the place of a statement's word: the nodes that it is written for, or that its call leads to.
        ByWord: Dictionary<Span, ResizeArray<int>>
    }

    let private costOf (node: CheckedNode) : Cost =
        match node.Node with
        | Node.Layer layer when node.Input.IsSome && node.Output.IsSome -> Cost.ofLayer layer
        | Node.Residual { Scale = Some scale } -> {
            Cost.zero with
                Factors = int64 scale.Count
          }
        | Node.Layer _
        | Node.Residual _
        | Node.Gate _
        | Node.Concat _
        | Node.Output _ -> Cost.zero

    /// The index of an analysis.
    let index (analysis: Analysis) : Index =
        let byWord = Dictionary<Span, ResizeArray<int>>()

        let add span i =
            match byWord.TryGetValue span with
            | true, found ->
                if found[found.Count - 1] <> i then
                    found.Add i
            | false, _ -> byWord[span] <- ResizeArray [ i ]

        analysis.Nodes
        |> Array.iteri (fun i node ->
            node.Place.Span |> Option.iter (fun span -> add span i)

            for _, span in node.Place.CalledFrom do
                add span i
        )

        {
            Nodes = analysis.Nodes
            Costs = analysis.Nodes |> Array.map costOf
            ByWord = byWord
        }

    /// The indexes of all nodes that a statement makes, in order.
    let rec private indexesOf index (statement: PlacedStatement) : int list =
        let own =
            match index.ByWord.TryGetValue statement.Statement.Span with
            | true, found -> List.ofSeq found
            | false, _ -> []

        match statement.Bodies with
        | [] -> own
        | bodies ->
            own
            @ (bodies
               |> List.collect (fun body -> body.Statements |> List.collect (indexesOf index)))
            |> List.distinct
            |> List.sort

    /// Stretches of numbers without a gap.
    let private runs (indexes: int list) : int list list =
        List.foldBack
            (fun i runs ->
                match runs with
                | (next :: _ as run) :: rest when next = i + 1 -> (i :: run) :: rest
                | _ -> [ i ] :: runs
            )
            indexes
            []

    /// Whether a node is the last one that a statement of its kind makes.
    let private ends (statement: Statement) (node: CheckedNode) =
        match statement.Kind, node.Node with
        | StatementKind.Residual _, Node.Residual _
        | StatementKind.Gate _, Node.Gate _
        | StatementKind.Output _, Node.Output _
        | (StatementKind.Concat _ | StatementKind.Split _), Node.Concat _ ->
            node.Place.Span = Some statement.Span
        | _, (Node.Layer _ | Node.Residual _ | Node.Gate _ | Node.Concat _ | Node.Output _) -> false

    let private instance index (statement: Statement) (run: int list) : Instance =
        let nodes = run |> List.map (fun i -> index.Nodes[i])
        let last = List.last nodes

        {
            Nodes = nodes
            Input =
                match last.Node with
                // Its first inner node may read a part only.
                | Node.Residual _
                | Node.Gate _
                | Node.Output _
                | Node.Concat _ when ends statement last -> last.Input
                | Node.Layer _
                | Node.Residual _
                | Node.Gate _
                | Node.Output _
                | Node.Concat _ -> nodes.Head.Input
            Output = last.Output
        }

    /// Each layer by itself; of an attention its two layers together.
    let private layers index (own: int list) : int list list =
        let rec go found =
            match found with
            | a :: b :: rest when
                index.Nodes[a].Place = index.Nodes[b].Place
                && b = a + 1
                && (
                    match index.Nodes[a].Node with
                    | Node.Layer { Op = Op.Attention _ } -> true
                    | Node.Layer _
                    | Node.Residual _
                    | Node.Gate _
                    | Node.Concat _
                    | Node.Output _ -> false
                )
                ->
                [ a; b ] :: go rest
            | a :: rest -> [ a ] :: go rest
            | [] -> []

        go own

    /// The nodes of each time that a join stands in the network, the join's own the last of them.
    let private joins index (statement: Statement) (all: int list) : int list list =
        let finished, started =
            ((([], []): int list list * int list), all)
            ||> List.fold (fun (finished, started) i ->
                if ends statement index.Nodes[i] then
                    List.rev (i :: started) :: finished, []
                else
                    finished, i :: started
            )

        List.rev (
            if started.IsEmpty then
                finished
            else
                List.rev started :: finished
        )

    /// What is known of a statement.
    let ofStatement (index: Index) (isCall: bool) (placed: PlacedStatement) : StatementFacts =
        let all = indexesOf index placed

        let instances =
            match placed.Statement.Kind with
            | StatementKind.Apply _ when not isCall -> layers index all
            | StatementKind.Residual _
            | StatementKind.Gate _
            | StatementKind.Output _
            | StatementKind.Concat _
            | StatementKind.Split _ -> joins index placed.Statement all
            | StatementKind.Apply _
            | StatementKind.Repeat _
            | StatementKind.Body _
            | StatementKind.Broken -> runs all

        {
            Instances = instances |> List.map (instance index placed.Statement)
            Cost = all |> List.map (fun i -> index.Costs[i]) |> List.fold Cost.add Cost.zero
        }

    /// The cost of all statements of a body together.
    let ofBody (index: Index) (body: PlacedBody) : Cost =
        body.Statements
        |> List.collect (indexesOf index)
        |> List.distinct
        |> List.map (fun i -> index.Costs[i])
        |> List.fold Cost.add Cost.zero

    /// The different shapes that a statement gives, in the order of the network.
    let outputs (facts: StatementFacts) : Shape list =
        facts.Instances |> List.choose _.Output |> List.distinct
