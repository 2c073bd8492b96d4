namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Attention, which files write as products of values, and a trained position in front of others.
[<RequireQualifiedAccess>]
module internal ImportAttention =

    /// A value of heads as batch × heads × positions × width, in this order or with the last two turned.
    let private headsOf isTurned (c: Computed) (s: Shape) : int option =
        let area = int (Shape.area s)

        match c.View |> List.filter (fun r -> not r.IsEmpty), c.Dims |> List.rev with
        | _, last :: before :: _ ->
            let width = if isTurned then before else last
            let positions = if isTurned then last else before

            if width < 1 || s.Channels % width <> 0 || positions <> area then
                None
            else
                let heads = s.Channels / width
                let outer = View.run (area * width) heads
                let inner = [ View.positions s; View.run area width ]
                let inner = if isTurned then List.rev inner else inner
                let expected = List.filter (fun (r: Run list) -> not r.IsEmpty) (outer :: inner)

                if List.filter (fun (r: Run list) -> not r.IsEmpty) c.View = expected then
                    Some heads
                else
                    None
        | _ -> None

    /// A value that is another one times a number.
    let private scaled (c: Computed) (state: ImportState) : int * float =
        match state.Entries[c.Entry] with
        | Stage.Formula f ->
            f.Of
            |> List.rev
            |> List.tryPick (fun (of', term) ->
                match Formula.tryLine term with
                | Some(gain, 0.0) -> Some(of', gain)
                | Some _
                | None -> None
            )
            |> Option.defaultValue (c.Entry, 1.0)
        | Stage.Vertex _
        | Stage.Piece _ -> c.Entry, 1.0

    let private piece (n: OnnxNode) dims piece (c: Computed) (state: ImportState) =
        let state, entry =
            ImportState.addEntry (ImportState.shape c state) (Stage.Piece piece) state

        ImportState.give
            n.Outputs.Head
            (Value'.Computed { c with Entry = entry; Dims = dims })
            state

    let private scores (n: OnnxNode) (a: Computed) (b: Computed) (state: ImportState) =
        result {
            let query, gain = scaled a state
            let key, gain' = scaled b state
            let! state, q = Commit.vertex query state
            let! state, k = Commit.vertex key state
            let s = state.Vertices[q].Shape

            match headsOf false a s, headsOf true b state.Vertices[k].Shape with
            | Some heads, Some others when heads = others && s = state.Vertices[k].Shape ->
                let area = int (Shape.area s)
                let dims = List.take (a.Dims.Length - 1) a.Dims @ [ area ]
                return piece n dims (Piece.Scores(q, k, heads, gain * gain')) a state
            | _ -> return! Error "a product of two values that is no attention"
        }

    /// The matrix and the biases that give a value from another: that value, then both.
    let rec private projection
        (vertex: int)
        (state: ImportState)
        : Result<int * float32[] * float32[], string> =
        let v = state.Vertices[vertex]
        let out = v.Shape.Channels

        match v.Made with
        | Made.Layer(op, input) ->
            match Map.tryFind ArrayPart.Weight v.Arrays with
            | Some weight when
                weight.Data.Length = out * state.Vertices[input].Shape.Channels
                && (Op.facts op).Bias.IsSome
                ->
                let bias =
                    match Map.tryFind ArrayPart.Bias v.Arrays with
                    | Some b -> b.Data
                    | None -> Array.zeroCreate out

                Ok(input, weight.Data, bias)
            | Some _
            | None -> Error "what an attention reads is no projection of channels"
        | Made.Part(whole, first, count) ->
            projection whole state
            |> Result.map (fun (input, weight, bias) ->
                let each = weight.Length / bias.Length
                input, Array.sub weight (first * each) (count * each), Array.sub bias first count
            )
        | Made.Image
        | Made.Sum _
        | Made.Product _
        | Made.Joined _ -> Error "what an attention reads is no projection of channels"

    let private mixed (n: OnnxNode) (b: Computed) (state: ImportState) q k heads gain =
        result {
            let! state, v = Commit.vertex b.Entry state
            let s = state.Vertices[v].Shape

            if headsOf false b s <> Some heads || s <> state.Vertices[q].Shape then
                return! Error "a product of two values that is no attention"

            let! input, query, queryBias = projection q state
            let! input', key, keyBias = projection k state
            let! input'', value, bias = projection v state

            if input <> input' || input <> input'' then
                return! Error "queries, keys and values of an attention are of different values"

            let width = s.Channels / heads
            let rest = float32 (gain * sqrt (float width))
            let scaled = Array.map (fun x -> x * rest)

            let matrix data =
                ImportState.tensor [ s.Channels; state.Vertices[input].Shape.Channels ] data

            let vector data = ImportState.tensor [ s.Channels ] data

            let op =
                Op.Attention {
                    Heads = heads
                    Width = Some width
                    Out = None
                }

            let arrays = [
                ArrayPart.Query, matrix (scaled query)
                ArrayPart.QueryBias, vector (scaled queryBias)
                ArrayPart.Key, matrix key
                ArrayPart.KeyBias, vector keyBias
                ArrayPart.Weight, matrix value
                ArrayPart.Bias, vector bias
            ]

            let! state, number = ImportState.addLayer n.Name op arrays input state
            return ImportState.giveVertex n.Outputs.Head b.Dims b.View number state
        }

    let private product (n: OnnxNode) (a: Computed) (b: Computed) (state: ImportState) =
        match state.Entries[a.Entry] with
        | Stage.Piece(Piece.Shares(q, k, heads, gain)) -> mixed n b state q k heads gain
        | Stage.Vertex _
        | Stage.Formula _
        | Stage.Piece _ -> scores n a b state

    /// In an attention, or what the file ends in.
    let private softmax (n: OnnxNode) (c: Computed) (state: ImportState) =
        let axis = Setting.whole "axis" (if state.Model.Opset < 13L then 1L else -1L) n
        let last = int64 (c.Dims.Length - 1)
        let isLast = axis = -1L || axis = last

        match state.Entries[c.Entry] with
        | Stage.Piece(Piece.Scores(q, k, heads, gain)) when isLast ->
            Ok(piece n c.Dims (Piece.Shares(q, k, heads, gain)) c state)
        | Stage.Vertex _
        | Stage.Formula _
        | Stage.Piece _ when
            List.tryHead state.Model.Outputs = Some n.Outputs.Head
            && ImportState.usesOf n.Outputs.Head state <= 1
            && (isLast || c.Dims |> List.filter (fun d -> d > 1) |> List.length <= 1)
            ->
            {
                ImportState.giveView n.Outputs.Head c.Dims c.View c state with
                    EndsInSoftmax = true
            }
            |> Ok
        // What else the file gives may be left out.
        | Stage.Vertex _
        | Stage.Formula _
        | Stage.Piece _ when
            List.contains n.Outputs.Head state.Model.Outputs
            && ImportState.usesOf n.Outputs.Head state <= 1
            ->
            Ok(ImportState.give n.Outputs.Head Value'.Unknown state)
        | Stage.Vertex _
        | Stage.Formula _
        | Stage.Piece _ -> Error "a softmax is neither the end of the network nor in an attention"

    let private withToken (n: OnnxNode) (token: Constant) (c: Computed) (state: ImportState) =
        let s = ImportState.shape c state
        let rows = [ []; View.positions s; View.channels s ]

        match c.Dims, Setting.whole "axis" 0L n with
        | [ 1; count; channels ], 1L when c.View = rows && Constant.length token = channels ->
            let dims = [ 1; count + 1; channels ]
            let whole = { s with Height = count + 1; Width = 1 }
            let piece = Piece.WithToken(c.Entry, Constant.floats token)
            let state, entry = ImportState.addEntry s (Stage.Piece piece) state

            Ok(
                ImportState.give
                    n.Outputs.Head
                    (Value'.Computed {
                        c with
                            Entry = entry
                            Dims = dims
                            View = [ []; View.positions whole; View.channels whole ]
                    })
                    state
            )
        | _ -> Error "it joins a constant and a value"

    let private concat (n: OnnxNode) (parts: Computed list) (state: ImportState) =
        result {
            let! axis = Extents.axis parts.Head.Dims.Length (Setting.whole "axis" 0L n)

            if axis <> 1 then
                return! Error "it joins along another axis than channels"

            let! state, made =
                (Ok(state, []), parts)
                ||> List.fold (fun sofar part ->
                    result {
                        let! state, made = sofar
                        let! state, c, vertex = Canonical.make part state
                        return state, (c, vertex) :: made
                    }
                )

            let made = List.rev made
            let shapes = made |> List.map (fun (_, v) -> state.Vertices[v].Shape)
            let first = fst made.Head

            if
                shapes
                |> List.exists (fun s ->
                    s.Height <> shapes.Head.Height || s.Width <> shapes.Head.Width
                )
            then
                return! Error "what it joins is of different height or width"

            let shape = {
                shapes.Head with
                    Channels = shapes |> List.sumBy (fun s -> s.Channels)
            }

            let state, number =
                ImportState.addJoin n.Name (Made.Joined(List.map snd made)) shape state

            let dims = first.Dims |> List.mapi (fun i d -> if i = 1 then shape.Channels else d)

            let view =
                first.View |> List.mapi (fun i r -> if i = 1 then View.channels shape else r)

            return ImportState.giveVertex n.Outputs.Head dims view number state
        }

    /// Kinds of operations that are read here.
    let kinds = [ "MatMul"; "Softmax"; "Concat" ]

    /// The operation, if it is one of these.
    let tryNode
        (n: OnnxNode)
        (inputs: Value' option list)
        (state: ImportState)
        : Result<ImportState, string> option =
        let computed =
            inputs
            |> List.choose (
                function
                | Some(Value'.Computed c) -> Some c
                | Some(Value'.Constant _)
                | Some Value'.Unknown
                | None -> None
            )

        match n.Kind, inputs, computed with
        | "MatMul", _, [ a; b ] -> Some(product n a b state)
        | "Softmax", _, [ c ] -> Some(softmax n c state)
        | "Concat", [ Some(Value'.Constant token); _ ], [ c ] -> Some(withToken n token c state)
        | "Concat", [ _ ], [ c ] ->
            Some(Ok(ImportState.giveView n.Outputs.Head c.Dims c.View c state))
        | "Concat", _, parts when parts.Length = inputs.Length -> Some(concat n parts state)
        | _ -> None
