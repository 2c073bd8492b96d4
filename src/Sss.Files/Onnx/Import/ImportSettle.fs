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

    /// The nodes with the factors that the checker takes.
    let rec factors (make: DraftNode list -> Draft) (body: DraftNode list) : DraftNode list =
        let found =
            match Check.check (make body) with
            | Ok(_, warnings) -> warnings
            | Error errors -> errors

        let places = unwanted found

        if places.IsEmpty then
            body
        else
            let change (scale: DraftScale) =
                match scale.Place.Span with
                | Some span when places.Contains span.Line -> None
                | Some _
                | None -> Some scale

            let next = Regroup.rescaled change body
            // Each round takes away one at least, or there is nothing that it could take away.
            if next = body then body else factors make next

    let private numbers (body: DraftNode list) : Set<int> =
        let found = System.Collections.Generic.List<int>()

        body
        |> Regroup.rescaled (fun scale ->
            scale.Place.Span |> Option.iter (fun span -> found.Add span.Line)
            None
        )
        |> ignore

        Set.ofSeq found

    /// The nodes with the factors of the wanted kinds that the checker takes. Shared ones come last: a layer that
    /// shares factors has none of its own, so it is known first which layers have some.
    let wanted (kinds: Set<FactorKind>) make (body: DraftNode list) : DraftNode list =
        let only isKept =
            Regroup.rescaled (fun (scale: DraftScale) -> if isKept scale then Some scale else None)

        let own =
            body
            |> only (fun scale -> scale.Kind <> Shared && kinds.Contains scale.Kind)
            |> factors make

        if kinds.Contains Shared then
            let settled = numbers own

            body
            |> only (fun scale ->
                scale.Kind = Shared
                || scale.Place.Span |> Option.exists (fun span -> settled.Contains span.Line)
            )
            |> factors make
        else
            own

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
