namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// From what a value is in the file to one of the network.
[<RequireQualifiedAccess>]
module internal Commit =

    let private words (step: Piece) =
        match step with
        | Piece.Mean _ -> "a mean over channels"
        | Piece.Centred _
        | Piece.Squared _
        | Piece.Variance _
        | Piece.Stabilised _
        | Piece.Deviation _ -> "a step of a normalisation"
        | Piece.Padded _ -> "a padding that no convolution or pool follows"
        | Piece.WithToken _ -> "a position put in front"
        | Piece.Scores _
        | Piece.Shares _ -> "a step of an attention"

    /// The value as one of the network.
    let rec vertex (entry: int) (state: ImportState) : Result<ImportState * int, string> =
        match state.Entries[entry] with
        | Stage.Vertex number -> Ok(state, number)
        | Stage.Piece step -> Error $"it reads {words step}, which is no layer"
        | Stage.Formula formula ->
            ofFormula formula state
            |> Result.map (fun (state, number) ->
                {
                    state with
                        Entries = Map.add entry (Stage.Vertex number) state.Entries
                },
                number
            )

    and private ofFormula (f: Pointwise) state =
        let activation =
            f.Of
            |> List.tryPick (fun (of', term) ->
                Formula.tryActivation term |> Option.map (fun a -> of', a)
            )

        let line =
            lazy
                (f.Of
                 |> List.tryPick (fun (of', term) ->
                     Formula.tryLine term |> Option.map (fun l -> of', l)
                 ))

        match activation, f.Last with
        | Some(of', activation), _ ->
            vertex of' state
            |> Result.bind (fun (state, input) ->
                ImportState.addLayer f.Name (Op.Activation activation) [] input state
            )
        | None, OfTwo(("Add" | "Mul") as kind, a, b) ->
            vertex a state
            |> Result.bind (fun (state, a) ->
                vertex b state
                |> Result.map (fun (state, b) ->
                    let made = if kind = "Add" then Made.Sum(a, b) else Made.Product(a, b)
                    ImportState.addJoin f.Name made state.Vertices[a].Shape state
                )
            )
        | None, _ when line.Value.IsSome ->
            let of', (gain, shift) = line.Value.Value

            vertex of' state
            |> Result.bind (fun (state, input) ->
                let channels = state.Vertices[input].Shape.Channels
                let constant (value: float) = Array.create channels (float32 value)

                match gain, shift with
                | 1.0, 0.0 -> Ok(state, input)
                | 1.0, _ -> Affine.add f.Name (constant shift) f.IsOnlyReader input state
                | _, 0.0 -> Affine.multiply f.Name (constant gain) f.IsOnlyReader input state
                | _ ->
                    Affine.multiply "" (constant gain) f.IsOnlyReader input state
                    |> Result.bind (fun (state, number) ->
                        Affine.add f.Name (constant shift) true number state
                    )
            )
        | None, OfTwo(kind, _, _) -> Error $"no layer computes what this `{kind}` ends"
        | None, OfOne -> Error "no layer computes this function"
