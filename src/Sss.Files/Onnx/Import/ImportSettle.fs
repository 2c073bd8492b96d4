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

    /// The layer of weights whose outputs are the network's, as they are or as means over positions.
    let rec private head (state: ImportState) (number: int) : int option =
        match state.Vertices[number].Made with
        | Made.Layer(op, input) ->
            match (Op.facts op).Family with
            | Family.Weights when
                (Op.facts op).Bias.IsSome
                && not (state.Vertices[number].Arrays.ContainsKey ArrayPart.Query)
                ->
                Some number
            | Family.Pooling
            | Family.Other when state.Vertices[number].Arrays.IsEmpty -> head state input
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
    /// ends in features. Gives that layer too.
    let classes
        (count: int)
        (state: ImportState)
        (tree: Tree list)
        output
        : Result<ImportState * Tree list * int, string> =
        let found = head state output

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

            Ok(state, tree, number)
        | _ ->
            ImportState.addLayer "" (Op.Dense { Out = count; Bias = true }) [] output state
            |> Result.map (fun (state, number) -> state, tree @ [ Tree.Layer number ], number)
