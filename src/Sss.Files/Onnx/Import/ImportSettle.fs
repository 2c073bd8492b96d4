namespace Sss.Files

open FsToolkit.ErrorHandling
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

    /// The last layer with weights for another number of classes; its place among the layers.
    let classes (count: int) (state: ImportState) (layers: int list) output =
        let last =
            layers
            |> List.tryFindBack (fun number ->
                state.Vertices[number].Arrays.ContainsKey ArrayPart.Weight
            )

        let rec only number =
            if Some number = last then
                true
            else
                match state.Vertices[number].Made with
                | Made.Layer(op, input) ->
                    state.Vertices[number].Arrays.IsEmpty
                    && (Op.facts op).Family <> Family.Weights
                    && only input
                | Made.Image
                | Made.Sum _
                | Made.Product _
                | Made.Joined _
                | Made.Part _ -> false

        match last with
        | Some number when only output ->
            let vertex = state.Vertices[number]

            match vertex.Made with
            | Made.Layer(op, input) ->
                let wider =
                    (Op.facts op).Narrow {
                        Out = count
                        Groups = 1
                        Kept = Array.create state.Vertices[input].Shape.Channels true
                        Bias = (Op.facts op).Bias |> Option.defaultValue false
                    }

                let vertex = {
                    vertex with
                        Made = Made.Layer(wider, input)
                        Shape = { vertex.Shape with Channels = count }
                }

                Ok(
                    {
                        state with
                            Vertices = Map.add number vertex state.Vertices
                    },
                    number
                )
            | Made.Image
            | Made.Sum _
            | Made.Product _
            | Made.Joined _
            | Made.Part _ -> Error "its last layer has no weights"
        | Some _
        | None -> Error "it does not end in a layer whose outputs are the classes"
