namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Values with constants: of channels, or of positions.
[<RequireQualifiedAccess>]
module internal ImportConstants =

    /// The channels that a constant differs in, one number for each; None: it differs in other ways.
    let perChannel (c: Computed) (state: ImportState) (value: Constant) : (int * float32[]) option =
        let rank = c.Dims.Length

        if value.Dims.Length > rank then
            None
        else
            let dims = List.replicate (rank - value.Dims.Length) 1 @ value.Dims

            match dims |> List.indexed |> List.filter (fun (_, d) -> d <> 1) with
            | [ axis, d ] when c.Dims[axis] = d -> Some(axis, Constant.floats value)
            | [] when c.Dims.Length > 1 ->
                // One channel alone.
                let axis =
                    c.View
                    |> List.tryFindIndex (fun r -> r = View.channels (ImportState.shape c state))

                axis |> Option.map (fun axis -> axis, Constant.floats value)
            | _ -> None

    /// A value of channels and a constant of each.
    let channelwise
        (n: OnnxNode)
        kind
        isFirst
        (c: Computed)
        (value: Constant)
        (state: ImportState)
        =
        result {
            let! axis, numbers =
                perChannel c state value
                |> Result.requireSome "its constant is not one number for each channel"

            let! state, vertex = Commit.vertex c.Entry state
            let s = state.Vertices[vertex].Shape

            let! state, c, vertex =
                if c.View[axis] = View.channels s then Ok(state, c, vertex)
                elif axis = 1 then Canonical.make c state
                else Error "its constant is not one number for each channel"

            let add shift =
                Affine.add n.Name shift c.IsSole vertex state

            let multiply gain =
                Affine.multiply n.Name gain c.IsSole vertex state

            let! state, number =
                match kind, isFirst with
                | ("Add" | "Sum"), _ -> add numbers
                | "Sub", true -> add (Array.map (~-) numbers)
                | "Mul", _ -> multiply numbers
                | "Div", true -> multiply (Array.map (fun v -> 1.0f / v) numbers)
                | _ -> Error "no layer computes this of a value and constants of its channels"

            return ImportState.giveVertex n.Outputs.Head c.Dims c.View number state
        }

    /// Numbers added at each position: what `tokens` adds.
    let positions (n: OnnxNode) (c: Computed) (value: Constant) (state: ImportState) =
        result {
            let entry, token =
                match state.Entries[c.Entry] with
                | Stage.Piece(Piece.WithToken(entry, token)) -> entry, Some token
                | Stage.Vertex _
                | Stage.Formula _
                | Stage.Piece _ -> c.Entry, None

            let! state, vertex = Commit.vertex entry state
            let s = state.Vertices[vertex].Shape
            let count = int (Shape.area s) + (if token.IsSome then 1 else 0)

            let isRows =
                match c.Dims with
                | [ 1; rows; channels ] ->
                    rows = count
                    && channels = s.Channels
                    && c.View[2] = View.channels { s with Height = count; Width = 1 }
                    || token.IsNone && c.View = [ []; View.positions s; View.channels s ]
                | _ -> false

            if not isRows || Constant.length value <> count * s.Channels then
                return!
                    Error
                        "its constant is neither one number for each channel nor one for each position"

            let position =
                Constant.reshape [ count; s.Channels ] value |> Constant.transpose [ 1; 0 ]

            let arrays = [
                ArrayPart.Position,
                ImportState.tensor [ s.Channels; count ] (Constant.floats position)
                match token with
                | Some t -> ArrayPart.Token, ImportState.tensor [ s.Channels ] t
                | None -> ()
            ]

            let! state, number =
                ImportState.addLayer
                    n.Name
                    (Op.Tokens { WithClass = token.IsSome })
                    arrays
                    vertex
                    state

            let made = state.Vertices[number].Shape

            return
                ImportState.giveVertex
                    n.Outputs.Head
                    c.Dims
                    [ []; View.positions made; View.channels made ]
                    number
                    state
        }
