namespace Sss.Files

open Sss.Core

/// A tree as an unchecked network, with factors wherever they may come to stand.
[<RequireQualifiedAccess>]
module internal ImportDraft =

    /// Numbers of factors, so that the checker says which it does not want.
    type private Count = { mutable Next: int }

    let private place number : Place = {
        Span =
            Some {
                Line = number
                Column = 1
                Length = 1
            }
        CalledFrom = []
    }

    let private scale (count: Count) kind : DraftScale option =
        count.Next <- count.Next + 1

        Some {
            Kind = kind
            Gamma = 1.0
            Init = 1.0
            Place = place count.Next
        }

    let private kindOf (op: Op) : FactorKind option =
        match (Op.facts op).Carries with
        | Carries.Factors(Grouping.One | Grouping.Depthwise) -> Some Neuron
        | Carries.Factors(Grouping.Groups _) -> Some Group
        | Carries.FactorsOfLayerBefore
        | Carries.Nothing -> None

    let private opOf (vertices: Map<int, Vertex>) (item: Tree option) : Op option =
        match item with
        | Some(Tree.Layer number) ->
            match vertices[number].Made with
            | Made.Layer(op, _) -> Some op
            | Made.Image
            | Made.Sum _
            | Made.Product _
            | Made.Joined _
            | Made.Part _ -> None
        | Some(Tree.Part _ | Tree.Residual _ | Tree.Gate _ | Tree.Concat _)
        | None -> None

    let private isMixing (op: Op) =
        match (Op.facts op).Coupling with
        | Coupling.Mixes _ -> true
        | Coupling.Apart
        | Coupling.Moves _
        | Coupling.Reads _ -> false

    let private isDepthwise (op: Op) =
        match (Op.facts op).Carries with
        | Carries.Factors Grouping.Depthwise -> true
        | Carries.Factors(Grouping.One | Grouping.Groups _)
        | Carries.FactorsOfLayerBefore
        | Carries.Nothing -> false

    /// The kind of factors on a layer between two others: on a `bn` those of the layer before it, none
    /// before a normalisation over channels, and none before a `dwconv`, whose own do the same.
    let private kindAt (before: Op option) (op: Op) (after: Op list) : FactorKind option =
        let next = List.tryHead after

        let firstWeights =
            after |> List.tryFind (fun op -> (Op.facts op).Family = Family.Weights)

        let cancels op = (Op.facts op).CancelsGain

        match (Op.facts op).Carries, before with
        | Carries.Factors _, _ when next |> Option.exists (fun op -> cancels op || isMixing op) ->
            None
        | (Carries.Factors _ | Carries.FactorsOfLayerBefore), _ when
            firstWeights |> Option.exists isDepthwise
            ->
            None
        | Carries.Factors _, _ -> kindOf op
        | Carries.FactorsOfLayerBefore, Some layer -> kindOf layer
        | Carries.FactorsOfLayerBefore, None
        | Carries.Nothing, _ -> None

    /// Whether a branch may carry a factor: by the layer that it ends in.
    let private endsScaled vertices (body: Tree list) =
        match opOf vertices (List.tryLast body) with
        | Some op -> (Op.facts op).EndsScaledBranch
        | None -> false

    let private layer op scale : DraftNode =
        DraftNode.Layer {
            Label = None
            Op = op
            Scale = scale
            Place = Place.none
        }

    /// Whether an operation is a projection of channels at each position, with biases.
    let private isProjection (op: Op) =
        match op with
        | Op.Conv c ->
            c.Kernel = Size.square 1
            && c.Stride = Size.square 1
            && c.Groups = 1
            && c.Bias
            && c.Pad = Padding.none
        | Op.DepthwiseConv _
        | Op.Deconv _
        | Op.Dense _
        | Op.BatchNorm _
        | Op.GroupNorm _
        | Op.LayerNorm _
        | Op.LocalResponse _
        | Op.Upsample _
        | Op.Activation _
        | Op.PRelu
        | Op.LayerScale _
        | Op.Pool _
        | Op.GlobalPool _
        | Op.Dropout _
        | Op.Flatten
        | Op.Reorder _
        | Op.Attention _
        | Op.Tokens _
        | Op.Pick -> false

    /// The output projection that follows an attention, where the next layer can be it.
    let private projection vertices (item: Tree option) : int option =
        match item, opOf vertices item with
        | Some(Tree.Layer number), Some op when isProjection op ->
            Some vertices[number].Shape.Channels
        | Some(Tree.Layer _ | Tree.Part _ | Tree.Residual _ | Tree.Gate _ | Tree.Concat _), _
        | None, _ -> None

    /// An attention with its output projection.
    let private whole (op: Op) (out: int option) : Op option =
        match op with
        | Op.Attention a -> out |> Option.map (fun out -> Op.Attention { a with Out = Some out })
        | Op.Conv _
        | Op.DepthwiseConv _
        | Op.Deconv _
        | Op.Dense _
        | Op.BatchNorm _
        | Op.GroupNorm _
        | Op.LayerNorm _
        | Op.LocalResponse _
        | Op.Upsample _
        | Op.Activation _
        | Op.PRelu
        | Op.LayerScale _
        | Op.Pool _
        | Op.GlobalPool _
        | Op.Dropout _
        | Op.Flatten
        | Op.Reorder _
        | Op.Tokens _
        | Op.Pick -> None

    /// Layers of one body: `isSide`, whether the body ends a side of a sum, so that the last weights have no
    /// factors of their own.
    let rec private bodyOf
        (vertices: Map<int, Vertex>)
        count
        isSide
        (before: Op option)
        (body: Tree list)
        : DraftNode list =
        match body with
        | [] -> []
        | item :: rest ->
            let next inner = bodyOf vertices count isSide inner rest

            match item with
            | Tree.Layer _ ->
                let op = opOf vertices (Some item) |> Option.defaultValue Op.Flatten

                let after =
                    rest
                    |> List.takeWhile (fun t -> (opOf vertices (Some t)).IsSome)
                    |> List.choose (fun t -> opOf vertices (Some t))

                let isLast =
                    isSide
                    && after.Length = rest.Length
                    && not (after |> List.exists (fun op -> (Op.facts op).Family = Family.Weights))

                let own () =
                    if isLast then
                        None
                    else
                        kindAt before op after |> Option.bind (scale count)

                match whole op (List.tryHead rest |> projection vertices) with
                | Some op ->
                    layer op (scale count Group) :: bodyOf vertices count isSide None rest.Tail
                | None -> layer op (own ()) :: next (Some op)
            | Tree.Part _ -> next None
            | Tree.Residual(_, branch, shortcut) ->
                let own =
                    if endsScaled vertices branch then
                        scale count Block
                    else
                        None

                DraftNode.Residual {
                    Label = None
                    Scale = own
                    Drop = 0.0
                    Branch = bodyOf vertices count true None branch
                    Shortcut =
                        match shortcut with
                        | [] -> DraftShortcut.Identity
                        | _ -> DraftShortcut.Body(bodyOf vertices count true None shortcut)
                    Place = Place.none
                }
                :: next None
            | Tree.Gate(_, inner) ->
                DraftNode.Gate {
                    Label = None
                    Body = bodyOf vertices count true None inner
                    Place = Place.none
                }
                :: next None
            | Tree.Concat(_, parts, sides) ->
                let equal = parts |> Option.forall (fun p -> List.distinct p |> List.length = 1)

                DraftNode.Concat {
                    Label = None
                    Reads =
                        match parts with
                        | None -> DraftReads.All
                        | Some _ when equal -> DraftReads.EqualParts
                        | Some parts -> DraftReads.Parts parts
                    Branches =
                        sides
                        |> List.map (fun side -> {
                            Number = None
                            Body = bodyOf vertices count false None side
                            Place = Place.none
                        })
                    Place = Place.none
                }
                :: next None

    /// The nodes of a network, each factor at a place of its own.
    let make vertices (tree: Tree list) : DraftNode list =
        bodyOf vertices { Next = 0 } false None tree

    /// The vertices of layers in the order of the text.
    let rec layers (tree: Tree list) : int list =
        tree
        |> List.collect (
            function
            | Tree.Layer number -> [ number ]
            | Tree.Part _ -> []
            | Tree.Residual(_, branch, shortcut) -> layers branch @ layers shortcut
            | Tree.Gate(_, inner) -> layers inner
            | Tree.Concat(_, _, sides) -> List.collect layers sides
        )

    /// The same nodes with other factors.
    let rec rescaled
        (change: DraftScale -> DraftScale option)
        (body: DraftNode list)
        : DraftNode list =
        let again = rescaled change

        body
        |> List.map (
            function
            | DraftNode.Layer l ->
                DraftNode.Layer {
                    l with
                        Scale = Option.bind change l.Scale
                }
            | DraftNode.Scope s -> DraftNode.Scope { s with Body = again s.Body }
            | DraftNode.Residual r ->
                DraftNode.Residual {
                    r with
                        Scale = Option.bind change r.Scale
                        Branch = again r.Branch
                        Shortcut =
                            match r.Shortcut with
                            | DraftShortcut.Body b -> DraftShortcut.Body(again b)
                            | DraftShortcut.Identity
                            | DraftShortcut.Auto -> r.Shortcut
                }
            | DraftNode.Gate g -> DraftNode.Gate { g with Body = again g.Body }
            | DraftNode.Concat c ->
                DraftNode.Concat {
                    c with
                        Branches = c.Branches |> List.map (fun b -> { b with Body = again b.Body })
                }
            | DraftNode.Broken -> DraftNode.Broken
        )

    /// Joins that occur more than once, with the functions after them, as calls of a definition.
    let grouped (word: string) (body: DraftNode list) : DraftNode list =
        let isJoin node =
            match node with
            | DraftNode.Residual _
            | DraftNode.Concat _ -> true
            | DraftNode.Layer _
            | DraftNode.Scope _
            | DraftNode.Gate _
            | DraftNode.Broken -> false

        let isFinish node =
            match node with
            | DraftNode.Layer l -> (Op.facts l.Op).Family = Family.Pointwise && l.Scale.IsNone
            | DraftNode.Scope _
            | DraftNode.Residual _
            | DraftNode.Gate _
            | DraftNode.Concat _
            | DraftNode.Broken -> false

        let rec pieces body =
            match body with
            | [] -> []
            | first :: rest when isJoin first ->
                let tail = List.takeWhile isFinish rest
                (first :: tail) :: pieces (List.skip tail.Length rest)
            | first :: rest -> [ first ] :: pieces rest

        let pieces = pieces body

        let counts =
            dict (pieces |> List.filter (fun p -> isJoin p.Head) |> List.countBy id)

        pieces
        |> List.collect (fun piece ->
            if isJoin piece.Head && counts[piece] > 1 then
                [
                    DraftNode.Scope {
                        Label = None
                        Word = Some word
                        Body = piece
                        Place = Place.none
                    }
                ]
            else
                piece
        )
