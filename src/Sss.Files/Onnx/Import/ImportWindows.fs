namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Convolutions and pools.
[<RequireQualifiedAccess>]
module internal ImportWindows =

    let private pair name fallback (n: OnnxNode) : Result<Size, string> =
        match Setting.wholes name n with
        | None -> Ok(Size.square fallback)
        | Some [ h; w ] when h >= 0L && w >= 0L && h <= 1000000L && w <= 1000000L ->
            Ok { H = int h; W = int w }
        | Some _ -> Error $"its {name} are not for images"

    let private sides (values: int64 list) : Result<Sides, string> =
        match values with
        | [ top; left; bottom; right ] when
            values |> List.forall (fun v -> v >= 0L && v <= 1000000L)
            ->
            Ok {
                Top = int top
                Left = int left
                Bottom = int bottom
                Right = int right
            }
        | _ -> Error "its padding is not for images, or below 0"

    /// The padding of a window on an input, with what a `Pad` before it adds.
    let private padding (n: OnnxNode) kernel stride dilation (input: Shape) (before: Sides) =
        result {
            let! own =
                match Setting.text "auto_pad" "NOTSET" n with
                | "NOTSET"
                | "" -> Setting.wholes "pads" n |> Option.defaultValue [ 0L; 0L; 0L; 0L ] |> sides
                | "VALID" -> sides [ 0L; 0L; 0L; 0L ]
                | "SAME_UPPER" -> Ok(Padding.sides kernel stride dilation input Padding.Same)
                | "SAME_LOWER" ->
                    let s = Padding.sides kernel stride dilation input Padding.Same

                    Ok {
                        Top = s.Bottom
                        Left = s.Right
                        Bottom = s.Top
                        Right = s.Left
                    }
                | other -> Error $"its auto_pad is {other}"

            return {
                Top = own.Top + before.Top
                Left = own.Left + before.Left
                Bottom = own.Bottom + before.Bottom
                Right = own.Right + before.Right
            }
        }

    let private none = {
        Top = 0
        Left = 0
        Bottom = 0
        Right = 0
    }

    /// The value that a window slides over, and the zeros around it.
    let private padded (c: Computed) (state: ImportState) =
        match state.Entries[c.Entry] with
        | Stage.Piece(Piece.Padded(entry, sides)) ->
            let s = state.Shapes[entry]

            {
                c with
                    Entry = entry
                    Dims = [ 1; s.Channels; s.Height; s.Width ]
                    View = View.image s
            },
            sides
        | Stage.Vertex _
        | Stage.Formula _
        | Stage.Piece _ -> c, none

    let private constant what (value: Value' option) : Result<Constant, string> =
        match value with
        | Some(Value'.Constant c) -> Ok c
        | Some(Value'.Computed _) -> Error $"its {what} depend on the image"
        | Some Value'.Unknown
        | None -> Error $"its {what} are not known"

    /// A value of four extents, and the operation's own name.
    let private finish (n: OnnxNode) number (state: ImportState) =
        let s = state.Vertices[number].Shape

        ImportState.giveVertex
            n.Outputs.Head
            [ 1; s.Channels; s.Height; s.Width ]
            (View.image s)
            number
            state

    /// The word that a name of ours begins with: a convolution of one channel is `conv` or `dwconv`.
    let private saysDepthwise (name: string) =
        let last = name.Substring(name.LastIndexOf '.' + 1)
        AutomaticName.split last |> Option.map fst

    let private convolution
        (n: OnnxNode)
        (inputs: Value' option list)
        (c: Computed)
        (state: ImportState)
        =
        result {
            let! weight = constant "weights" (List.tryItem 1 inputs |> Option.flatten)

            let! bias =
                match List.tryItem 2 inputs |> Option.flatten with
                | None -> Ok None
                | given -> constant "biases" given |> Result.map Some

            let c, before = padded c state
            let! state, _, vertex = Canonical.image c state
            let input = state.Vertices[vertex].Shape

            let! out, each, kernel =
                match weight.Dims with
                | [ out; each; h; w ] when out > 0 && each > 0 && h > 0 && w > 0 ->
                    Ok(out, each, { H = h; W = w })
                | _ -> Error "its weights are not for images"

            let! stride = pair "strides" 1 n
            let! dilation = pair "dilations" 1 n
            let! sides = padding n kernel stride dilation input before
            let groups = int (Setting.whole "group" 1L n)

            if
                groups < 1
                || int64 groups * int64 each <> int64 input.Channels
                || out % groups <> 0
            then
                return!
                    Error $"its weights are not for {input.Channels} channels in {groups} groups"

            if stride.H < 1 || stride.W < 1 || dilation.H < 1 || dilation.W < 1 then
                return! Error "a stride or a dilation of 0"

            if bias |> Option.exists (fun b -> Constant.length b <> out) then
                return! Error $"its biases are not for {out} channels"

            let isDepthwise =
                groups = input.Channels
                && out = groups
                && (if state.Model.IsOwn then
                        saysDepthwise n.Name <> Some "conv"
                        && (groups > 1 || saysDepthwise n.Name = Some "dwconv")
                    else
                        groups > 1)

            let pad = Padding.Sides sides

            let op =
                if isDepthwise then
                    Op.DepthwiseConv {
                        Kernel = kernel
                        Stride = stride
                        Pad = pad
                        Dilation = dilation
                        Bias = bias.IsSome
                    }
                else
                    Op.Conv {
                        Out = out
                        Kernel = kernel
                        Stride = stride
                        Pad = pad
                        Dilation = dilation
                        Groups = groups
                        Bias = bias.IsSome
                    }

            let arrays = [
                ArrayPart.Weight, ImportState.tensor weight.Dims (Constant.floats weight)
                match bias with
                | Some b -> ArrayPart.Bias, ImportState.tensor [ out ] (Constant.floats b)
                | None -> ()
            ]

            let! state, number = ImportState.addLayer n.Name op arrays vertex state
            return finish n number state
        }

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

    /// Files of ours write the rows that windows hang over as padding. As `ceil=yes` where it is one.
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

            match Op.output (Op.Pool ceil) input with
            | Ok output when PoolWindows.sides ceil input output = s -> ceil
            | Ok _
            | Error _ -> pool
        | Padding.Sides _
        | Padding.Same -> pool

    let private pool kind (n: OnnxNode) (c: Computed) (state: ImportState) =
        result {
            let c, before = padded c state
            let! state, _, vertex = Canonical.image c state
            let input = state.Vertices[vertex].Shape
            let! kernel = pair "kernel_shape" 0 n
            let! stride = pair "strides" 1 n
            let! dilation = pair "dilations" 1 n
            let! sides = padding n kernel stride dilation input before

            if dilation <> Size.square 1 then
                return! Error "a pool with holes"

            if kernel.H < 1 || kernel.W < 1 || stride.H < 1 || stride.W < 1 then
                return! Error "an extent of 0"

            let countsPadding = Setting.whole "count_include_pad" 0L n = 1L

            if
                before <> none
                && (kind = Max && not (isNotNegative vertex state)
                    || kind = Average && not countsPadding && sides <> before)
            then
                return!
                    Error "zeros are put around what it reads, and it would count them otherwise"

            let op = {
                Kind = kind
                Kernel = kernel
                Stride = stride
                Pad = Padding.Sides sides
                Ceil = Setting.whole "ceil_mode" 0L n = 1L
                CountPad =
                    match kind with
                    | Max -> false
                    | Average ->
                        countsPadding
                        || sides = before && (before <> none || Setting.whole "ceil_mode" 0L n = 0L)
            }

            let isNothing = kernel = Size.square 1 && stride = Size.square 1 && sides = none

            if isNothing && not state.Model.IsOwn then
                return ImportState.giveView n.Outputs.Head c.Dims c.View c state
            else
                let! state, number =
                    ImportState.addLayer n.Name (Op.Pool(tidied op input)) [] vertex state

                return finish n number state
        }

    let private globalPool kind (n: OnnxNode) (c: Computed) (state: ImportState) =
        result {
            let! state, _, vertex = Canonical.image c state
            let! state, number = ImportState.addLayer n.Name (Op.GlobalPool kind) [] vertex state
            return finish n number state
        }

    let private pad (n: OnnxNode) (inputs: Value' option list) (c: Computed) (state: ImportState) =
        result {
            let constants = ImportViews.constants inputs

            let! pads =
                Fold.listOf "pads" constants 1 n
                |> Result.requireSome "its padding depends on the image"

            let value =
                match List.tryItem 2 constants |> Option.flatten with
                | Some v -> Constant.tryScalar v |> Option.defaultValue nan
                | None -> Setting.real "value" 0.0 n

            if Setting.text "mode" "constant" n <> "constant" || value <> 0.0 then
                return! Error "it pads with something other than 0"

            if List.forall (fun p -> p = 0L) pads then
                return ImportState.giveView n.Outputs.Head c.Dims c.View c state
            else
                match pads with
                | [ 0L; 0L; top; left; 0L; 0L; bottom; right ] ->
                    let! sides = sides [ top; left; bottom; right ]
                    let! state, c, _ = Canonical.image c state
                    let s = ImportState.shape c state

                    let state, entry =
                        ImportState.addEntry s (Stage.Piece(Piece.Padded(c.Entry, sides))) state

                    let dims = [
                        1
                        s.Channels
                        s.Height + sides.Top + sides.Bottom
                        s.Width + sides.Left + sides.Right
                    ]

                    return
                        ImportState.give
                            n.Outputs.Head
                            (Value'.Computed { c with Dims = dims; Entry = entry })
                            state
                | _ -> return! Error "it pads more than rows and columns"
        }

    /// A mean over all positions, or one over channels, which is a step of a normalisation.
    let private mean (n: OnnxNode) inputs (c: Computed) (state: ImportState) =
        result {
            let! axes =
                match Fold.listOf "axes" (ImportViews.constants inputs) 1 n with
                | None -> Ok [ 0 .. c.Dims.Length - 1 ]
                | Some axes -> Fold.axes c.Dims.Length axes

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
                    let! state, vertex = ImportState.commit c.Entry state

                    let! state, number =
                        ImportState.addLayer n.Name (Op.GlobalPool Average) [] vertex state

                    let made = View.channels state.Vertices[number].Shape
                    let view = c.View |> List.map (fun r -> if r = View.channels s then made else r)

                    if
                        view
                        |> List.indexed
                        |> List.exists (fun (i, r) -> not (isIn i) && r <> made && not r.IsEmpty)
                    then
                        return! Error "its channels lie apart"

                    return
                        ImportState.giveVertex
                            n.Outputs.Head
                            (kept c.Dims 1)
                            (kept view [])
                            number
                            state
                elif runs = View.channels s && keeps then
                    let! state, _ = ImportState.commit c.Entry state
                    return step (Piece.Mean c.Entry) state
                elif runs.IsEmpty then
                    return
                        ImportState.giveView n.Outputs.Head (kept c.Dims 1) (kept c.View []) c state
                else
                    return! Error "a mean over other axes than all positions"
        }

    /// The operation, if it is one of these.
    let tryNode
        (n: OnnxNode)
        (inputs: Value' option list)
        (c: Computed)
        state
        : Result<ImportState, string> option =
        match n.Kind with
        | "Conv" -> Some(convolution n inputs c state)
        | "MaxPool" when n.Outputs.Length = 1 || List.tail n.Outputs |> List.forall ((=) "") ->
            Some(pool Max n c state)
        | "AveragePool" -> Some(pool Average n c state)
        | "GlobalAveragePool" -> Some(globalPool Average n c state)
        | "GlobalMaxPool" -> Some(globalPool Max n c state)
        | "ReduceMean" -> Some(mean n inputs c state)
        | "Pad" -> Some(pad n inputs c state)
        | _ -> None
