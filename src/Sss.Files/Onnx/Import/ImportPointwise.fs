namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Element by element: functions, and what two values become.
[<RequireQualifiedAccess>]
module internal ImportPointwise =

    /// A formula larger than this is not looked at as one function.
    let private largest = 60

    let private x = Term.X

    /// The values that one is a function of, itself first.
    let private sources entry (state: ImportState) : (int * Term) list =
        match state.Entries[entry] with
        | Stage.Formula f -> (entry, x) :: f.Of
        | Stage.Vertex _
        | Stage.Piece _ -> [ entry, x ]

    let private small list =
        list |> List.filter (fun (_, term) -> Formula.size term <= largest)

    /// Formulas that are made of each other are looked at together up to this depth.
    let private deepest = 40

    let private depthOf entry (state: ImportState) =
        match state.Entries[entry] with
        | Stage.Formula f -> f.Depth
        | Stage.Vertex _
        | Stage.Piece _ -> 0

    let private giveFormula (n: OnnxNode) (c: Computed) depth of' last (state: ImportState) =
        let formula = {
            Depth = depth
            Name = n.Name
            Of = of'
            Last = last
            IsOnlyReader = c.IsSole
        }

        let state, entry =
            ImportState.addEntry (ImportState.shape c state) (Stage.Formula formula) state

        let given =
            ImportState.give
                n.Outputs.Head
                (Value'.Computed {
                    c with
                        Entry = entry
                        IsSole = ImportState.usesOf n.Outputs.Head state <= 1
                })
                state

        if depth < deepest then
            Ok given
        else
            Commit.vertex entry given |> Result.map fst

    let private unary (n: OnnxNode) (term: Term) (c: Computed) state =
        match state.Entries[c.Entry] with
        | Stage.Piece _ -> Commit.vertex c.Entry state |> Result.map fst
        | Stage.Vertex _
        | Stage.Formula _ ->
            let of' =
                sources c.Entry state
                |> List.map (fun (of', t) -> of', Formula.substitute t term)
                |> small

            giveFormula n c (1 + depthOf c.Entry state) of' OfOne state

    let private stepped (n: OnnxNode) (c: Computed) step (state: ImportState) =
        let state, entry =
            ImportState.addEntry (ImportState.shape c state) (Stage.Piece step) state

        ImportState.give n.Outputs.Head (Value'.Computed { c with Entry = entry }) state

    /// A step of a pattern and a constant.
    let private pieceWithConstant
        (n: OnnxNode)
        isFirst
        (c: Computed)
        (value: Constant)
        piece
        state
        =
        let scalar = Constant.tryScalar value

        match piece, n.Kind, scalar with
        | Piece.Variance entry, "Add", Some eps ->
            Ok(stepped n c (Piece.Stabilised(entry, eps)) state)
        | Piece.Centred entry, "Pow", Some 2.0 when isFirst ->
            Ok(stepped n c (Piece.Squared entry) state)
        | Piece.Scores(q, k, heads, gain), ("Mul" | "Div"), Some factor when
            isFirst || n.Kind = "Mul"
            ->
            let factor = if n.Kind = "Mul" then factor else 1.0 / factor
            Ok(stepped n c (Piece.Scores(q, k, heads, gain * factor)) state)
        | Piece.WithToken _, "Add", _ -> ImportConstants.positions n c value state
        | _ -> Commit.vertex c.Entry state |> Result.map fst

    /// A value and a number.
    let private valueWithNumber (n: OnnxNode) isFirst (c: Computed) number state =
        let constant = Term.Number number

        let term =
            if n.Kind = "Pow" && isFirst && number = 2.0 then
                Some(Term.Multiply(x, x))
            elif isFirst then
                ImportFunctions.ofTwo n.Kind x constant
            else
                ImportFunctions.ofTwo n.Kind constant x

        match term with
        | Some term -> unary n term c state
        | None -> Error "no layer computes this function"

    /// A value and a constant.
    let private withConstant
        (n: OnnxNode)
        isFirst
        (c: Computed)
        (value: Constant)
        (state: ImportState)
        =
        match state.Entries[c.Entry] with
        | Stage.Piece piece -> pieceWithConstant n isFirst c value piece state
        | Stage.Vertex _
        | Stage.Formula _ ->
            let isSum = n.Kind = "Add" || n.Kind = "Sum"

            match Constant.tryScalar value with
            | Some number when value.Dims.Length <= c.Dims.Length ->
                valueWithNumber n isFirst c number state
            | Some _
            | None ->
                if isSum && (ImportConstants.perChannel c state value).IsNone then
                    ImportConstants.positions n c value state
                else
                    ImportConstants.channelwise n n.Kind isFirst c value state

    /// Files of ours have a join where an activation would do, and name the steps of activations after them.
    let private isJoin (n: OnnxNode) (state: ImportState) =
        state.Model.IsOwn
        && n.Inputs
           |> List.forall (fun name ->
               not (name.StartsWith(n.Name + "/", System.StringComparison.Ordinal))
           )

    /// Two values as a sum or a product.
    let private joined (n: OnnxNode) kind (a: Computed) (b: Computed) (state: ImportState) =
        result {
            if kind <> "Add" && kind <> "Mul" then
                return! Error "no layer or join computes this of two values"

            let alike = a.View = b.View && a.Dims = b.Dims

            let! state, a, first =
                if alike then
                    Commit.vertex a.Entry state |> Result.map (fun (s, v) -> s, a, v)
                else
                    Canonical.make a state

            let! state, b, second =
                if alike then
                    Commit.vertex b.Entry state |> Result.map (fun (s, v) -> s, b, v)
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
                    |> Option.bind (fun (_, u) -> ImportFunctions.ofTwo n.Kind t u)
                    |> Option.map (fun term -> of', term)
                )
                |> small

        let kind = if n.Kind = "Sum" then "Add" else n.Kind

        if not shared.IsEmpty then
            let sole = a.IsSole && b.IsSole
            let depth = 1 + max (depthOf a.Entry state) (depthOf b.Entry state)

            giveFormula
                n
                { a with IsSole = sole }
                depth
                shared
                (OfTwo(kind, a.Entry, b.Entry))
                state
        else
            joined n kind a b state

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
        | _, Stage.Piece _, _ -> Commit.vertex a.Entry state |> Result.map fst
        | _, _, Stage.Piece _ -> Commit.vertex b.Entry state |> Result.map fst
        | _ -> together n a b state

    let private ofTwo = set [ "Add"; "Sum"; "Sub"; "Mul"; "Div"; "Min"; "Max"; "Pow" ]

    /// Kinds of operations that are read here.
    let kinds = "Sqrt" :: Set.toList ofTwo @ ImportFunctions.kinds

    /// The operation, if it is one of these.
    let tryNode
        (n: OnnxNode)
        (inputs: Value' option list)
        (state: ImportState)
        : Result<ImportState, string> option =
        match n.Kind, inputs with
        | kind, [ Some(Value'.Computed a); Some(Value'.Computed b) ] when ofTwo.Contains kind ->
            Some(binary n a b state)
        | kind, [ Some(Value'.Computed a); Some(Value'.Constant b) ] when ofTwo.Contains kind ->
            Some(withConstant n true a b state)
        | kind, [ Some(Value'.Constant a); Some(Value'.Computed b) ] when ofTwo.Contains kind ->
            Some(withConstant n false b a state)
        | "Sqrt", [ Some(Value'.Computed c) ] ->
            match state.Entries[c.Entry] with
            | Stage.Piece(Piece.Stabilised(entry, eps)) ->
                Some(Ok(stepped n c (Piece.Deviation(entry, eps)) state))
            | Stage.Vertex _
            | Stage.Formula _
            | Stage.Piece _ -> Some(Error "no layer computes this function")
        | _, Some(Value'.Computed c) :: _ ->
            ImportFunctions.ofOne n inputs |> Option.map (fun term -> unary n term c state)
        | _ -> None
