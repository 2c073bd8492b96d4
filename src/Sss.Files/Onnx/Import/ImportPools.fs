namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Pools, and means.
[<RequireQualifiedAccess>]
module internal ImportPools =

    /// Whether 0 is no more than any of its values, so that zeros put around it never are a maximum.
    let private isNotNegative vertex (state: ImportState) =
        match state.Vertices[vertex].Made with
        | Made.Layer(Op.Activation(Relu | Relu6 | HardSigmoid | Sigmoid), _) -> true
        | Made.Layer _
        | Made.Image
        | Made.Sum _
        | Made.Product _
        | Made.Joined _
        | Made.Part _ -> false

    /// Some files write the rows that windows hang over as padding, also more than the language allows.
    let private tidied (pool: Pool) (input: Shape) : Pool =
        match pool.Pad with
        | Padding.Sides s when
            not pool.Ceil && (s.Bottom > pool.Kernel.H / 2 || s.Right > pool.Kernel.W / 2)
            ->
            let ceil = {
                pool with
                    Ceil = true
                    Pad =
                        Padding.Sides {
                            s with
                                Bottom = min s.Bottom (min s.Top (pool.Kernel.H / 2))
                                Right = min s.Right (min s.Left (pool.Kernel.W / 2))
                        }
            }

            let windows size before after kernel stride =
                (size + before + after - kernel) / stride + 1

            let height = windows input.Height s.Top s.Bottom pool.Kernel.H pool.Stride.H
            let width = windows input.Width s.Left s.Right pool.Kernel.W pool.Stride.W

            // Rows that no window reaches make no difference; where padding counts, the rest would.
            match Op.output (Op.Pool ceil) input with
            | Ok output when
                output.Height = height
                && output.Width = width
                && (not pool.CountPad || PoolWindows.sides ceil input output = s)
                ->
                ceil
            | Ok _
            | Error _ -> pool
        | Padding.Sides _
        | Padding.Same -> pool

    /// The settings of a pool. `before`: the zeros that are put around what it reads.
    let private settings kind (n: OnnxNode) before vertex (state: ImportState) =
        result {
            let input = state.Vertices[vertex].Shape
            let! kernel = ImportPadding.pair "kernel_shape" 0 n
            let! stride = ImportPadding.pair "strides" 1 n
            let! dilation = ImportPadding.pair "dilations" 1 n
            let! sides = ImportPadding.padding n kernel stride dilation input before

            if dilation <> Size.square 1 then
                return! Error "a pool with holes"

            if kernel.H < 1 || kernel.W < 1 || stride.H < 1 || stride.W < 1 then
                return! Error "an extent of 0"

            let countsPadding = Setting.whole "count_include_pad" 0L n = 1L

            if
                before <> ImportPadding.none
                && (kind = Max && not (isNotNegative vertex state)
                    || kind = Average && not countsPadding && sides <> before)
            then
                return!
                    Error "zeros are put around what it reads, and it would count them otherwise"

            let isCeil = Setting.whole "ceil_mode" 0L n = 1L

            return {
                Kind = kind
                Kernel = kernel
                Stride = stride
                Pad = Padding.Sides sides
                Ceil = isCeil
                CountPad =
                    match kind with
                    | Max -> false
                    | Average ->
                        countsPadding
                        || sides = before && (before <> ImportPadding.none || not isCeil)
            }
        }

    let pool kind (n: OnnxNode) (c: Computed) (state: ImportState) =
        result {
            let c, before = ImportPadding.padded c state
            let! state, _, vertex = Canonical.image c state
            let input = state.Vertices[vertex].Shape
            let! pool = settings kind n before vertex state
            let isOneByOne = pool.Kernel = Size.square 1 && pool.Stride = Size.square 1
            let isWithin = pool.Pad = Padding.Sides ImportPadding.none

            // One window over everything: for images of another size too.
            let isWhole =
                isWithin && pool.Kernel.H = input.Height && pool.Kernel.W = input.Width

            if isOneByOne && isWithin && not state.Model.IsOwn then
                return ImportState.giveView n.Outputs.Head c.Dims c.View c state
            else
                let op =
                    if isWhole && not state.Model.IsOwn then
                        Op.GlobalPool kind
                    else
                        Op.Pool(tidied pool input)

                let! state, number = ImportState.addLayer n.Name op [] vertex state

                return ImportPadding.finish n number state
        }

    let globalPool kind (n: OnnxNode) (c: Computed) (state: ImportState) =
        result {
            let! state, _, vertex = Canonical.image c state
            let! state, number = ImportState.addLayer n.Name (Op.GlobalPool kind) [] vertex state
            return ImportPadding.finish n number state
        }

    /// A global average. `stays`: extents that it does not go over.
    let private overPositions
        (n: OnnxNode)
        stays
        dims
        (kept: View -> View)
        (c: Computed)
        (state: ImportState)
        =
        result {
            let s = ImportState.shape c state
            let! state, vertex = Commit.vertex c.Entry state

            let! state, number =
                ImportState.addLayer n.Name (Op.GlobalPool Average) [] vertex state

            let made = View.channels state.Vertices[number].Shape
            let view = c.View |> List.map (fun r -> if r = View.channels s then made else r)

            let isApart (i, r: Run list) = stays i && r <> made && not r.IsEmpty

            if view |> List.indexed |> List.exists isApart then
                return! Error "it leaves the channels spread over several dimensions"

            return ImportState.giveVertex n.Outputs.Head dims (kept view) number state
        }

    /// A mean over all positions, or one over channels, which is a step of a normalisation.
    let mean (n: OnnxNode) inputs (c: Computed) (state: ImportState) =
        result {
            let! axes =
                match Extents.listOf "axes" (ImportViews.constants inputs) 1 n with
                | None -> Ok [ 0 .. c.Dims.Length - 1 ]
                | Some axes -> Extents.axes c.Dims.Length axes

            let s = ImportState.shape c state
            let runs = axes |> List.sort |> List.collect (fun a -> c.View[a]) |> View.merged
            let keeps = Setting.whole "keepdims" 1L n = 1L
            let isIn i = List.contains i axes

            let kept view single =
                view
                |> List.mapi (fun i x ->
                    if isIn i then
                        (if keeps then Some single else None)
                    else
                        Some x
                )
                |> List.choose id

            let step made state =
                let state, entry = ImportState.addEntry s (Stage.Piece made) state

                ImportState.give
                    n.Outputs.Head
                    (Value'.Computed {
                        c with
                            Dims = kept c.Dims 1
                            View = kept c.View []
                            Entry = entry
                    })
                    state

            match state.Entries[c.Entry] with
            | Stage.Piece(Piece.Squared entry) when runs = View.channels s && keeps ->
                return step (Piece.Variance entry) state
            | Stage.Vertex _
            | Stage.Formula _
            | Stage.Piece _ ->
                if runs = View.positions s && not runs.IsEmpty then
                    return!
                        overPositions
                            n
                            (fun i -> not (isIn i))
                            (kept c.Dims 1)
                            (fun v -> kept v [])
                            c
                            state
                elif runs = View.channels s && keeps then
                    let! state, _ = Commit.vertex c.Entry state
                    return step (Piece.Mean c.Entry) state
                elif runs.IsEmpty then
                    return
                        ImportState.giveView n.Outputs.Head (kept c.Dims 1) (kept c.View []) c state
                else
                    return! Error "a mean over other axes than all positions"
        }
