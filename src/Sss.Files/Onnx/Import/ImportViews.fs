namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Operations that move values and compute nothing.
[<RequireQualifiedAccess>]
module internal ImportViews =

    let private constantOf (value: Value' option) : Constant option =
        match value with
        | Some(Value'.Constant c) -> Some c
        | Some(Value'.Computed _)
        | Some Value'.Unknown
        | None -> None

    /// The constants among inputs.
    let constants (inputs: Value' option list) : Constant option list = List.map constantOf inputs

    let private reshaped (n: OnnxNode) dims (c: Computed) state =
        match View.reshape dims c.View with
        | Some view -> Ok(ImportState.giveView n.Outputs.Head dims view c state)
        | None -> Error "its extents cut across channels, rows or columns"

    let private reshape (n: OnnxNode) inputs (c: Computed) state =
        result {
            let! target =
                Extents.listOf "shape" (constants inputs) 1 n
                |> Result.requireSome "its shape depends on the image"

            let zero = Setting.whole "allowzero" 0L n = 1L

            let! dims =
                match Extents.reshaped zero target c.Dims with
                | Ok dims -> Ok dims
                // A file made for batches of one size has that size in its shapes.
                | Error reason ->
                    match target with
                    | first :: rest when first > 1L ->
                        Extents.reshaped zero (1L :: rest) c.Dims
                        |> Result.mapError (fun _ -> reason)
                    | _ -> Error reason

            return! reshaped n dims c state
        }

    let private flatten (n: OnnxNode) (c: Computed) state =
        result {
            let! axis =
                if Setting.whole "axis" 1L n = int64 c.Dims.Length then
                    Ok c.Dims.Length
                else
                    Extents.axis c.Dims.Length (Setting.whole "axis" 1L n)

            let before, after = List.splitAt axis c.Dims
            return! reshaped n [ Constant.count before; Constant.count after ] c state
        }

    let private transpose (n: OnnxNode) (c: Computed) state =
        result {
            let rank = c.Dims.Length

            let order =
                Setting.wholes "perm" n
                |> Option.defaultValue [ for i in rank - 1 .. -1 .. 0 -> int64 i ]

            let! order = Extents.axes rank order

            if List.sort order <> [ 0 .. rank - 1 ] then
                return! Error "its order does not list every axis once"

            let dims = order |> List.map (fun axis -> c.Dims[axis])
            return ImportState.giveView n.Outputs.Head dims (View.transpose order c.View) c state
        }

    /// Places `first` to `first + count − 1` of an axis that is all channels, or the outer ones of them.
    let part name axis first count (c: Computed) (state: ImportState) =
        result {
            let! state, vertex = Commit.vertex c.Entry state

            // Channels in another order come into that order first.
            let! state, c, vertex =
                if axis = 1 && c.View[axis].Length > 1 then
                    Canonical.make c state
                else
                    Ok(state, c, vertex)

            let s = state.Vertices[vertex].Shape
            let area = int (Shape.area s)

            match c.View[axis] with
            | [ run ] when run.Stride * run.Size = area * s.Channels && run.Stride % area = 0 ->
                let each = run.Stride / area
                let shape = { s with Channels = count * each }
                let made = Made.Part(vertex, first * each, count * each)
                let state, number = ImportState.addJoin name made shape state

                let view =
                    c.View
                    |> List.mapi (fun i runs ->
                        if i = axis then View.run run.Stride count else runs
                    )

                let dims = c.Dims |> List.mapi (fun i d -> if i = axis then count else d)
                return state, dims, view, number
            | _ -> return! Error "it takes a part of rows, columns or positions"
        }

    /// The first of all positions.
    let private pick (n: OnnxNode) dims view (c: Computed) state =
        result {
            let! state, vertex = Commit.vertex c.Entry state
            let! state, number = ImportState.addLayer n.Name Op.Pick [] vertex state
            let channels = View.channels state.Vertices[vertex].Shape

            // Strides are those of a value of one position.
            let view =
                view
                |> List.map (fun runs ->
                    if runs = channels then
                        View.channels state.Vertices[number].Shape
                    else
                        runs
                )

            return ImportState.giveVertex n.Outputs.Head dims view number state
        }

    let private isPositions axis (c: Computed) state =
        let s = ImportState.shape c state
        c.View[axis] = View.positions s && Shape.area s > 1L

    /// One place of an axis, which is no axis any more.
    let private gather (n: OnnxNode) inputs (c: Computed) state =
        result {
            let! axis = Extents.axis c.Dims.Length (Setting.whole "axis" 0L n)

            let! index =
                constantOf (List.item 1 inputs)
                |> Result.requireSome "its indices depend on the image"

            let! places =
                Constant.tryWholes index |> Result.requireSome "its indices are not whole"

            let without list =
                list |> List.indexed |> List.filter (fun (i, _) -> i <> axis) |> List.map snd

            let extent = c.Dims[axis]

            let places =
                places |> List.map (fun p -> int (if p < 0L then p + int64 extent else p))

            match places, index.Dims with
            | [ 0 ], [] when isPositions axis c state ->
                return! pick n (without c.Dims) (without c.View) c state
            | [ 0 ], [] when extent = 1 ->
                return ImportState.giveView n.Outputs.Head (without c.Dims) (without c.View) c state
            | [ place ], [] when place >= 0 && place < extent ->
                let! state, dims, view, number = part n.Name axis place 1 c state

                return
                    ImportState.giveVertex n.Outputs.Head (without dims) (without view) number state
            | _, [ count ] when count = extent && axis = 1 ->
                if List.sort places <> [ 0 .. extent - 1 ] then
                    return! Error "it takes some places more than once"

                let! state, c, vertex = Canonical.make c state
                let order = Reorder.Listed places
                let channels = places.Length

                let isShuffle g =
                    channels % g = 0
                    && List.ofArray (Reorder.order (Reorder.Shuffle g) channels) = places

                let order =
                    match [ 1..channels ] |> List.tryFind isShuffle with
                    | Some groups -> Reorder.Shuffle groups
                    | None -> order

                let! state, number = ImportState.addLayer n.Name (Op.Reorder order) [] vertex state
                return ImportState.giveVertex n.Outputs.Head c.Dims c.View number state
            | _ -> return! Error "it takes single places of an axis"
        }

    let private slice (n: OnnxNode) inputs (c: Computed) state =
        result {
            let! parts = Extents.slices (constants inputs) n c.Dims

            let isWhole i struct (first, step, count) =
                first = 0 && (step = 1 || count = 1) && count = c.Dims[i]

            let cut = parts |> List.indexed |> List.filter (fun (i, p) -> not (isWhole i p))

            let isFirst (i, struct (first, _, count)) =
                first = 0
                && count = 1
                && not (c.View[i] = View.channels (ImportState.shape c state))

            match cut with
            | [] -> return ImportState.giveView n.Outputs.Head c.Dims c.View c state
            | [ axis, struct (first, 1, count) ] when
                not (isFirst (axis, parts[axis]) && isPositions axis c state) && count > 0
                ->
                let! state, dims, view, number = part n.Name axis first count c state
                return ImportState.giveVertex n.Outputs.Head dims view number state
            | _ when
                cut |> List.forall isFirst
                && (cut |> List.collect (fun (i, _) -> c.View[i]) |> View.merged) =
                    View.positions (ImportState.shape c state)
                ->
                let at i = List.exists (fun (k, _) -> k = i) cut
                let dims = c.Dims |> List.mapi (fun i d -> if at i then 1 else d)
                let view = c.View |> List.mapi (fun i runs -> if at i then [] else runs)
                return! pick n dims view c state
            | _ -> return! Error "it takes a part of rows, columns or positions"
        }

    let private split (n: OnnxNode) inputs (c: Computed) state =
        result {
            let! axis = Extents.axis c.Dims.Length (Setting.whole "axis" 0L n)
            let extent = c.Dims[axis]
            let outputs = n.Outputs.Length

            let sizes =
                match Extents.listOf "split" (constants inputs) 1 n with
                | Some sizes -> List.map int sizes
                | None ->
                    let each = (extent + outputs - 1) / outputs
                    List.init outputs (fun i -> min each (extent - i * each))

            if
                sizes.Length <> outputs
                || List.sum sizes <> extent
                || List.exists (fun s -> s < 1) sizes
            then
                return! Error "its parts do not add up to what it reads"

            let firsts = List.scan (+) 0 sizes

            return!
                (Ok state, List.zip3 n.Outputs (List.take outputs firsts) sizes)
                ||> List.fold (fun state (output, first, size) ->
                    result {
                        let! state = state
                        let! state, dims, view, number = part n.Name axis first size c state
                        return ImportState.giveVertex output dims view number state
                    }
                )
        }

    /// Whether a dropout is one that works.
    let private isTraining (mode: Constant option option) =
        match mode |> Option.flatten |> Option.bind Constant.tryScalar with
        | Some value -> value <> 0.0
        | None -> false

    /// Kinds of operations that are read here.
    let kinds = [
        "Identity"
        "Dropout"
        "Cast"
        "Reshape"
        "Flatten"
        "Transpose"
        "Squeeze"
        "Unsqueeze"
        "Shape"
        "Gather"
        "Slice"
        "Split"
    ]

    /// The operation, if it is one of these.
    let tryNode
        (n: OnnxNode)
        (inputs: Value' option list)
        (c: Computed)
        state
        : Result<ImportState, string> option =
        let extents dims =
            dims |> Result.bind (fun dims -> reshaped n dims c state)

        match n.Kind with
        | "Dropout" when isTraining (List.tryItem 2 (constants inputs)) ->
            Some(Error "it leaves out values at random; export the network for inference")
        | "Identity"
        | "Dropout"
        | "Cast" -> Some(Ok(ImportState.giveView n.Outputs.Head c.Dims c.View c state))
        | "Reshape" -> Some(reshape n inputs c state)
        | "Flatten" -> Some(flatten n c state)
        | "Transpose" -> Some(transpose n c state)
        | "Squeeze" ->
            Some(extents (Extents.squeezed (Extents.listOf "axes" (constants inputs) 1 n) c.Dims))
        | "Unsqueeze" ->
            match Extents.listOf "axes" (constants inputs) 1 n with
            | Some axes -> Some(extents (Extents.unsqueezed axes c.Dims))
            | None -> Some(Error "its axes depend on the image")
        | "Shape" ->
            let dims = Constant.ofList (List.map int64 c.Dims)
            Some(Ok(ImportState.give n.Outputs.Head (Value'.Constant dims) state))
        | "Gather" -> Some(gather n inputs c state)
        | "Slice" -> Some(slice n inputs c state)
        | "Split" -> Some(split n inputs c state)
        | _ -> None
