namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Values in the order that layers of the language read: batch, channels, rows, columns.
[<RequireQualifiedAccess>]
module internal Canonical =

    /// By output channel its input channel, where runs are channels in another order.
    let private order (shape: Shape) (runs: Run list) : int list option =
        let area = int (Shape.area shape)

        if
            View.size runs = shape.Channels
            && runs |> List.forall (fun r -> r.Stride % area = 0)
        then
            ([ 0 ], runs)
            ||> List.fold (fun firsts r -> [
                for first in firsts do
                    for i in 0 .. r.Size - 1 do
                        first + i * (r.Stride / area)
            ])
            |> Some
        else
            None

    let private reorder (order: int list) : Op =
        let channels = order.Length

        let isShuffle groups =
            channels % groups = 0
            && List.ofArray (Reorder.order (Reorder.Shuffle groups) channels) = order

        match [ 2 .. channels - 1 ] |> List.tryFind isShuffle with
        | Some groups -> Op.Reorder(Reorder.Shuffle groups)
        | None -> Op.Reorder(Reorder.Listed order)

    /// A layer that the file has no operation for: the same one for all that read a value so.
    let private laid op vertex (state: ImportState) =
        let same =
            state.Vertices
            |> Map.tryFindKey (fun _ v -> v.Name = "" && v.Made = Made.Layer(op, vertex))

        match same with
        | Some number -> Ok(state, number)
        | None -> ImportState.addLayer "" op [] vertex state

    /// The value with its second extent as the channels of a vertex, and the rest as its positions. What
    /// was flattened or put in another order becomes a layer.
    let make (c: Computed) (state: ImportState) : Result<ImportState * Computed * int, string> =
        result {
            let! state, vertex = Commit.vertex c.Entry state
            let s = state.Vertices[vertex].Shape
            let runs = List.tryItem 1 c.View |> Option.defaultValue []
            let rest = c.View |> List.skip (min 2 c.View.Length)

            let isImage =
                List.concat rest |> View.merged = View.positions s
                && (rest.Length <> 2 || rest = [ View.run s.Width s.Height; View.run 1 s.Width ])

            let layer op state vertex =
                laid op vertex state
                |> Result.map (fun (state, number) ->
                    let shape = state.Vertices[number].Shape
                    let state, entry = ImportState.addEntry shape (Stage.Vertex number) state

                    state,
                    {
                        c with
                            Entry = entry
                            View = [] :: View.channels shape :: rest
                            IsSole = true
                    },
                    number
                )

            if not c.View.IsEmpty && not c.View.Head.IsEmpty then
                return! Error "its first extent is not the batch"
            elif isImage && runs = View.channels s then
                return state, c, vertex
            elif runs = View.whole s && List.forall List.isEmpty rest then
                return! layer Op.Flatten state vertex
            else
                match order s runs with
                | Some order when isImage -> return! layer (reorder order) state vertex
                | _ ->
                    return!
                        Error "what it reads is not in the order of batch, channels and positions"
        }

    /// The same for an array of four extents.
    let image (c: Computed) (state: ImportState) : Result<ImportState * Computed * int, string> =
        if c.Dims.Length = 4 then
            make c state
        else
            Error $"what it reads has {c.Dims.Length} extents, not 4"
