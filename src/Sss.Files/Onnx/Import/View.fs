namespace Sss.Files

open Sss.Core

/// One run of places: `Size` of them, `Stride` apart, in the row-major numbers of an image.
[<Struct>]
type internal Run = { Stride: int; Size: int }

/// How an array of a file shows one image of the network: for each of its extents, outer runs before
/// inner ones. An extent of 1 has none, so the batch, which is 1 while a file is read, has none either.
/// Transposing and reshaping only give another view of the same image.
type internal View = Run list list

/// Views.
[<RequireQualifiedAccess>]
module internal View =

    let run stride size : Run list =
        if size = 1 then
            []
        else
            [ { Stride = stride; Size = size } ]

    let size (runs: Run list) : int =
        runs |> List.fold (fun n r -> n * r.Size) 1

    /// Neighbours that are one run are written as one.
    let merged (runs: Run list) : Run list =
        (runs, [])
        ||> List.foldBack (fun outer inner ->
            match inner with
            | next :: rest when outer.Stride = next.Stride * next.Size ->
                {
                    Stride = next.Stride
                    Size = outer.Size * next.Size
                }
                :: rest
            | _ -> outer :: inner
        )

    let private area (s: Shape) = int (Shape.area s)

    /// All channels.
    let channels (s: Shape) : Run list = run (area s) s.Channels

    /// All positions, row by row.
    let positions (s: Shape) : Run list = run 1 (area s)

    /// Everything.
    let whole (s: Shape) : Run list = run 1 (int (Shape.count s))

    /// batch × C × H × W.
    let image (s: Shape) : View = [ []; channels s; run s.Width s.Height; run 1 s.Width ]

    /// batch × C, for a value of height and width 1.
    let vector (s: Shape) : View = [ []; channels s ]

    /// Splits outer runs from inner ones so that the inner ones have this size.
    let rec private inner (size: int) (runs: Run list) : (Run list * Run list) option =
        match List.rev runs with
        | _ when size = 1 -> Some(runs, [])
        | [] -> None
        | last :: before ->
            let before = List.rev before

            if size % last.Size = 0 then
                inner (size / last.Size) before
                |> Option.map (fun (outer, within) -> outer, within @ [ last ])
            elif last.Size % size = 0 then
                Some(before @ run (last.Stride * size) (last.Size / size), run last.Stride size)
            else
                None

    /// The same places in other extents; None: a run would have to be cut where it has no place.
    let reshape (dims: int list) (view: View) : View option =
        let step (dim: int) (state: (Run list * View) option) =
            state
            |> Option.bind (fun (left, made) ->
                inner dim left
                |> Option.map (fun (outer, within) -> outer, merged within :: made)
            )

        match List.foldBack step dims (Some(merged (List.concat view), [])) with
        | Some([], made) -> Some made
        | Some _
        | None -> None

    let transpose (order: int list) (view: View) : View =
        order |> List.map (fun axis -> view[axis])
