namespace Sss.Files

open Sss.Core

/// The factors that the checker takes, and a new last layer.
[<RequireQualifiedAccess>]
module internal ImportSettle =

    /// The places of factors that the checker does not want, or that can remove nothing.
    let private unwanted (errors: NetworkError list) : Set<int> =
        errors
        |> List.choose (fun error ->
            match error.Problem with
            | Problem.Factor _ -> error.Place.Span |> Option.map (fun span -> span.Line)
            | Problem.Shape _
            | Problem.Name _ -> None
        )
        |> Set.ofList

    /// The numbers of the factors that the checker does not want.
    let private refused (make: DraftNode list -> Draft) (body: DraftNode list) : Set<int> =
        match Check.check (make body) with
        | Ok(_, warnings) -> unwanted warnings
        | Error errors -> unwanted errors

    let private only (isKept: DraftScale -> bool) =
        Regroup.rescaled (fun scale -> if isKept scale then Some scale else None)

    let private isIn (numbers: Set<int>) (scale: DraftScale) =
        scale.Place.Span |> Option.exists (fun span -> numbers.Contains span.Line)

    /// The nodes with the factors that the checker takes.
    let rec factors (make: DraftNode list -> Draft) (body: DraftNode list) : DraftNode list =
        let places = refused make body

        if places.IsEmpty then
            body
        else
            let next = only (isIn places >> not) body
            // Each round takes away one at least, or there is nothing that it could take away.
            if next = body then body else factors make next

    let private numbers (body: DraftNode list) : Set<int> =
        let rec find found body =
            ((found, body)
             ||> List.fold (fun found node ->
                 let own (scale: DraftScale option) inner =
                     let line =
                         scale |> Option.bind _.Place.Span |> Option.map _.Line |> Option.toList

                     find (Set.union found (Set.ofList line)) inner

                 match node with
                 | DraftNode.Layer l -> own l.Scale []
                 | DraftNode.Scope s -> own None s.Body
                 | DraftNode.Residual r ->
                     match r.Shortcut with
                     | DraftShortcut.Body shortcut -> own r.Scale (r.Branch @ shortcut)
                     | DraftShortcut.Identity
                     | DraftShortcut.Auto -> own r.Scale r.Branch
                 | DraftNode.Gate g -> own None g.Body
                 | DraftNode.Output o -> own None o.Body
                 | DraftNode.Concat c -> own None (c.Branches |> List.collect _.Body)
                 | DraftNode.Broken -> found
             ))

        find Set.empty body

    /// Those of some numbers that stand beside others: halved until each half does, or is one alone.
    let rec private beside (isFine: Set<int> -> bool) (some: int list) : Set<int> =
        if isFine (Set.ofList some) then
            Set.ofList some
        else
            match some with
            | []
            | [ _ ] -> Set.empty
            | _ ->
                let first, second = List.splitAt (some.Length / 2) some
                Set.union (beside isFine first) (beside isFine second)

    /// The nodes with the factors of the wanted kinds that the checker takes. Where layers can share factors, they have
    /// none of their own.
    let wanted (kinds: Set<FactorKind>) make (body: DraftNode list) : DraftNode list =
        let isOwn (scale: DraftScale) =
            scale.Kind <> Shared && kinds.Contains scale.Kind

        let shared =
            if kinds.Contains Shared then
                body |> only (fun scale -> scale.Kind = Shared) |> factors make |> numbers
            else
                Set.empty

        let own = body |> only isOwn |> factors make |> numbers

        let isFine some =
            refused make (only (isIn (Set.union shared some)) body)
            |> Set.intersect shared
            |> Set.isEmpty

        let own =
            if shared.IsEmpty then
                own
            else
                beside isFine (Set.toList own)

        body |> only (isIn (Set.union shared own)) |> factors make

    /// Whether a layer's weights are for one position at a time.
    let private isPointwise (vertex: Vertex) =
        match Map.tryFind ArrayPart.Weight vertex.Arrays with
        | Some { Shape = [ _; _; 1; 1 ] } -> true
        | Some _
        | None -> false

    /// Whether each of a layer's outputs is made of all inputs, so that there may be any number of them.
    let private takesAll (input: Shape) (vertex: Vertex) =
        match Map.tryFind ArrayPart.Weight vertex.Arrays with
        | Some { Shape = _ :: ins :: _ } -> ins = input.Channels || int64 ins = Shape.count input
        | Some _
        | None -> false

    /// The layer of weights whose outputs are the network's, as they are or as means over positions. Fully
    /// convolutional classifiers take the means of what a relu leaves: `isMean` is true after such a pool.
    let rec private head isMean (state: ImportState) (number: int) : int option =
        let vertex = state.Vertices[number]

        match vertex.Made with
        | Made.Layer(op, input) ->
            let before = state.Vertices[input]

            match (Op.facts op).Family with
            | Family.Weights when
                (Op.facts op).Bias.IsSome
                && takesAll before.Shape vertex
                && not (vertex.Arrays.ContainsKey ArrayPart.Query)
                ->
                Some number
            | Family.Pooling
            | Family.Other when vertex.Arrays.IsEmpty ->
                head (isMean || op = Op.GlobalPool Average) state input
            | Family.Pointwise when isMean && op = Op.Activation Relu && isPointwise before ->
                head isMean state input
            | Family.Weights
            | Family.Norm
            | Family.Pointwise
            | Family.Pooling
            | Family.Other -> None
        | Made.Image
        | Made.Sum _
        | Made.Product _
        | Made.Joined _
        | Made.Part _ -> None

    /// The same layer with another number of outputs.
    let private widened count input (op: Op) : Op =
        (Op.facts op).Narrow {
            Out = count
            Groups = 1
            Kept = Array.create input.Channels true
            Bias = (Op.facts op).Bias |> Option.defaultValue false
        }

    /// Another number of classes: the last layer with that many outputs, or a `dense` after a network that
    /// ends in features. Gives that layer too, and whether the file has it.
    let classes
        (count: int)
        (state: ImportState)
        (tree: Tree list)
        output
        : Result<ImportState * Tree list * struct (int * bool), string> =
        let found = head false state output

        let made =
            found
            |> Option.map (fun number ->
                number, state.Vertices[number], state.Vertices[number].Made
            )

        match made with
        | Some(number, vertex, Made.Layer(op, input)) ->
            let vertex = {
                vertex with
                    Made = Made.Layer(widened count state.Vertices[input].Shape op, input)
                    Shape = { vertex.Shape with Channels = count }
            }

            let state = {
                state with
                    Vertices = Map.add number vertex state.Vertices
            }

            Ok(state, tree, struct (number, true))
        | _ ->
            ImportState.addLayer "" (Op.Dense { Out = count; Bias = true }) [] output state
            |> Result.map (fun (state, number) ->
                state, tree @ [ Tree.Layer number ], struct (number, false)
            )
