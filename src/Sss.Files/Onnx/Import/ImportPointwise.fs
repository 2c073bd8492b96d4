namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Element by element: functions, and what two values become.
[<RequireQualifiedAccess>]
module internal ImportPointwise =

    let private x, zero, one = Term.X, Term.Number 0.0, Term.Number 1.0

    /// A formula larger than this is not looked at as one function.
    let private largest = 60

    let private clip low high =
        let above =
            match low with
            | Some l -> Term.Max(Term.Number l, x)
            | None -> x

        match high with
        | Some h -> Term.Min(Term.Number h, above)
        | None -> above

    /// The functions that files have a word for.
    let private functions (n: OnnxNode) low high : Map<string, Term> =
        let real name fallback =
            Term.Number(Setting.real name fallback n)

        Map.ofList [
            "Relu", Activation.term Relu
            "LeakyRelu", Activation.term (LeakyRelu(Setting.real "alpha" 0.01 n))
            "Elu", Activation.term (Elu(Setting.real "alpha" 1.0 n))
            "Sigmoid", Activation.term Sigmoid
            "HardSwish", Activation.term HardSwish
            "Mish", Activation.term Mish
            if Setting.text "approximate" "none" n = "none" then
                "Gelu", Activation.term Gelu
            "Tanh", Term.Tanh x
            "Erf", Term.Erf x
            "Exp", Term.Exp x
            "Log", Term.Log x
            "Neg", Term.Subtract(zero, x)
            "Reciprocal", Term.Divide(one, x)
            "Softplus", Term.Log(Term.Add(one, Term.Exp x))
            "HardSigmoid",
            Term.Max(
                zero,
                Term.Min(one, Term.Add(Term.Multiply(real "alpha" 0.2, x), real "beta" 0.5))
            )
            "Clip", clip low high
        ]

    /// The function of an operation with one input.
    let private function' (n: OnnxNode) (inputs: Value' option list) : Term option =
        let bound name index =
            match
                Map.tryFind name n.Settings, List.tryItem index (ImportViews.constants inputs)
            with
            | Some(Setting.Real v), _ -> Some(Constant.decimal v)
            | _, Some(Some c) -> Constant.tryScalar c
            | _ -> None

        Map.tryFind n.Kind (functions n (bound "min" 1) (bound "max" 2))

    /// What the two inputs of an operation become.
    let private combine kind (a: Term) (b: Term) : Term option =
        match kind with
        | "Add"
        | "Sum" -> Some(Term.Add(a, b))
        | "Sub" -> Some(Term.Subtract(a, b))
        | "Mul" -> Some(Term.Multiply(a, b))
        | "Div" -> Some(Term.Divide(a, b))
        | "Min" -> Some(Term.Min(a, b))
        | "Max" -> Some(Term.Max(a, b))
        | _ -> None

    /// The values that one is a function of, itself first.
    let private sources entry (state: ImportState) : (int * Term) list =
        match state.Entries[entry] with
        | Stage.Formula f -> (entry, x) :: f.Of
        | Stage.Vertex _
        | Stage.Piece _ -> [ entry, x ]

    let private small list =
        list |> List.filter (fun (_, term) -> Formula.size term <= largest)

    let private giveFormula (n: OnnxNode) (c: Computed) of' last (state: ImportState) =
        let formula = {
            Name = n.Name
            Of = of'
            Last = last
            IsOnlyReader = c.IsSole
        }

        let state, entry =
            ImportState.addEntry (ImportState.shape c state) (Stage.Formula formula) state

        ImportState.give
            n.Outputs.Head
            (Value'.Computed {
                c with
                    Entry = entry
                    IsSole = ImportState.usesOf n.Outputs.Head state <= 1
            })
            state

    let private unary (n: OnnxNode) (term: Term) (c: Computed) state =
        match state.Entries[c.Entry] with
        | Stage.Piece _ -> ImportState.commit c.Entry state |> Result.map fst
        | Stage.Vertex _
        | Stage.Formula _ ->
            let of' =
                sources c.Entry state
                |> List.map (fun (of', t) -> of', Formula.substitute t term)
                |> small

            Ok(giveFormula n c of' OfOne state)

    /// The channels that a constant differs in, one number for each; None: it differs in other ways.
    let private perChannel
        (c: Computed)
        (state: ImportState)
        (value: Constant)
        : (int * float32[]) option =
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
    let private channelwise
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

            let! state, vertex = ImportState.commit c.Entry state
            let s = state.Vertices[vertex].Shape

            let! state, c, vertex =
                if c.View[axis] = View.channels s then Ok(state, c, vertex)
                elif axis = 1 then Canonical.make c state
                else Error "its constant is not one number for each channel"

            let add shift =
                ImportState.add n.Name shift c.IsSole vertex state

            let multiply gain =
                ImportState.multiply n.Name gain c.IsSole vertex state

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
    let private positions (n: OnnxNode) (c: Computed) (value: Constant) (state: ImportState) =
        result {
            let entry, token =
                match state.Entries[c.Entry] with
                | Stage.Piece(Piece.WithToken(entry, token)) -> entry, Some token
                | Stage.Vertex _
                | Stage.Formula _
                | Stage.Piece _ -> c.Entry, None

            let! state, vertex = ImportState.commit entry state
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

    let private stepped (n: OnnxNode) (c: Computed) step (state: ImportState) =
        let state, entry =
            ImportState.addEntry (ImportState.shape c state) (Stage.Piece step) state

        ImportState.give n.Outputs.Head (Value'.Computed { c with Entry = entry }) state

    /// A value and a constant.
    let private withConstant
        (n: OnnxNode)
        isFirst
        (c: Computed)
        (value: Constant)
        (state: ImportState)
        =
        match state.Entries[c.Entry], n.Kind, Constant.tryScalar value with
        | Stage.Piece(Piece.Variance entry), "Add", Some eps ->
            Ok(stepped n c (Piece.Stabilised(entry, eps)) state)
        | Stage.Piece(Piece.Centred entry), "Pow", Some 2.0 when isFirst ->
            Ok(stepped n c (Piece.Squared entry) state)
        | Stage.Piece(Piece.Scores(q, k, heads, gain)), ("Mul" | "Div"), Some factor when
            isFirst || n.Kind = "Mul"
            ->
            let factor = if n.Kind = "Mul" then factor else 1.0 / factor
            Ok(stepped n c (Piece.Scores(q, k, heads, gain * factor)) state)
        | Stage.Piece(Piece.WithToken _), "Add", _ -> positions n c value state
        | Stage.Piece _, _, _ -> ImportState.commit c.Entry state |> Result.map fst
        | (Stage.Vertex _ | Stage.Formula _), _, Some number when value.Dims.Length <= c.Dims.Length ->
            let constant = Term.Number number

            let term =
                match n.Kind with
                | "Pow" when isFirst && number = 2.0 -> Some(Term.Multiply(x, x))
                | kind ->
                    if isFirst then
                        combine kind x constant
                    else
                        combine kind constant x

            match term with
            | Some term -> unary n term c state
            | None -> Error "no layer computes this function"
        | (Stage.Vertex _ | Stage.Formula _), ("Add" | "Sum"), _ when
            (perChannel c state value).IsNone
            ->
            positions n c value state
        | (Stage.Vertex _ | Stage.Formula _), _, _ -> channelwise n n.Kind isFirst c value state

    /// Files of ours have a join where an activation would do, and name the steps of activations after them.
    let private isJoin (n: OnnxNode) (state: ImportState) =
        state.Model.IsOwn
        && n.Inputs
           |> List.forall (fun name ->
               not (name.StartsWith(n.Name + "/", System.StringComparison.Ordinal))
           )

    /// Two values as a sum or a product, or as a formula where they are functions of one.
    let private together (n: OnnxNode) (a: Computed) (b: Computed) (state: ImportState) =
        let own = sources a.Entry state
        let others = sources b.Entry state

        let shared =
            if a.View <> b.View || isJoin n state then
                []
            else
                own
                |> List.choose (fun (of', t) ->
                    others
                    |> List.tryFind (fun (other, _) -> other = of')
                    |> Option.bind (fun (_, u) -> combine n.Kind t u)
                    |> Option.map (fun term -> of', term)
                )
                |> small

        let kind = if n.Kind = "Sum" then "Add" else n.Kind

        if not shared.IsEmpty then
            let sole = a.IsSole && b.IsSole
            Ok(giveFormula n { a with IsSole = sole } shared (OfTwo(kind, a.Entry, b.Entry)) state)
        else
            result {
                if kind <> "Add" && kind <> "Mul" then
                    return! Error "no layer or join computes this of two values"

                let alike = a.View = b.View && a.Dims = b.Dims

                let! state, a, first =
                    if alike then
                        ImportState.commit a.Entry state |> Result.map (fun (s, v) -> s, a, v)
                    else
                        Canonical.make a state

                let! state, b, second =
                    if alike then
                        ImportState.commit b.Entry state |> Result.map (fun (s, v) -> s, b, v)
                    else
                        Canonical.make b state

                let left, right = state.Vertices[first].Shape, state.Vertices[second].Shape

                let isGate (value: Shape) (gate: Shape) =
                    kind = "Mul" && gate = Shape.vector value.Channels

                let join c shape made =
                    let state, number = ImportState.addJoin n.Name made shape state
                    Ok(ImportState.giveVertex n.Outputs.Head c.Dims c.View number state)

                if left = right && (alike || a.Dims = b.Dims) then
                    return!
                        join
                            a
                            left
                            (if kind = "Add" then
                                 Made.Sum(first, second)
                             else
                                 Made.Product(first, second))
                elif a.Dims.Length = b.Dims.Length && isGate left right then
                    return! join a left (Made.Product(first, second))
                elif a.Dims.Length = b.Dims.Length && isGate right left then
                    return! join b right (Made.Product(second, first))
                else
                    return! Error $"its two values are of different shapes, {left} and {right}"
            }

    let private binary (n: OnnxNode) (a: Computed) (b: Computed) (state: ImportState) =
        match n.Kind, state.Entries[a.Entry], state.Entries[b.Entry] with
        | "Sub", _, Stage.Piece(Piece.Mean entry) when entry = a.Entry ->
            Ok(stepped n a (Piece.Centred entry) state)
        | "Mul", Stage.Piece(Piece.Centred x), Stage.Piece(Piece.Centred y) when x = y ->
            Ok(stepped n a (Piece.Squared x) state)
        | "Div", Stage.Piece(Piece.Centred x), Stage.Piece(Piece.Deviation(y, eps)) when x = y ->
            ImportWeights.layerNormOf n.Name x eps state
            |> Result.map (fun (state, number) ->
                ImportState.giveVertex n.Outputs.Head a.Dims a.View number state
            )
        | _, Stage.Piece _, _ -> ImportState.commit a.Entry state |> Result.map fst
        | _, _, Stage.Piece _ -> ImportState.commit b.Entry state |> Result.map fst
        | _ -> together n a b state

    let private kinds = set [ "Add"; "Sum"; "Sub"; "Mul"; "Div"; "Min"; "Max"; "Pow" ]

    /// The operation, if it is one of these.
    let tryNode
        (n: OnnxNode)
        (inputs: Value' option list)
        (state: ImportState)
        : Result<ImportState, string> option =
        match n.Kind, inputs with
        | kind, [ Some(Value'.Computed a); Some(Value'.Computed b) ] when kinds.Contains kind ->
            Some(binary n a b state)
        | kind, [ Some(Value'.Computed a); Some(Value'.Constant b) ] when kinds.Contains kind ->
            Some(withConstant n true a b state)
        | kind, [ Some(Value'.Constant a); Some(Value'.Computed b) ] when kinds.Contains kind ->
            Some(withConstant n false b a state)
        | "Sqrt", [ Some(Value'.Computed c) ] ->
            match state.Entries[c.Entry] with
            | Stage.Piece(Piece.Stabilised(entry, eps)) ->
                Some(Ok(stepped n c (Piece.Deviation(entry, eps)) state))
            | Stage.Vertex _
            | Stage.Formula _
            | Stage.Piece _ -> Some(Error "no layer computes this function")
        | _, Some(Value'.Computed c) :: _ ->
            function' n inputs |> Option.map (fun term -> unary n term c state)
        | _ -> None
