namespace Sss.Files

open Sss.Core

/// A tree as an unchecked network, with factors wherever they may come to stand.
[<RequireQualifiedAccess>]
module internal ImportDraft =

    let private layer op scale : DraftNode =
        DraftNode.Layer {
            Label = None
            Op = op
            Scale = scale
            Place = Place.none
        }

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
                let op = ImportFactors.opOf vertices (Some item) |> Option.defaultValue Op.Flatten

                let after =
                    rest
                    |> List.takeWhile (fun t -> (ImportFactors.opOf vertices (Some t)).IsSome)
                    |> List.choose (fun t -> ImportFactors.opOf vertices (Some t))

                let isLast =
                    isSide
                    && after.Length = rest.Length
                    && not (after |> List.exists (fun op -> (Op.facts op).Family = Family.Weights))

                let own () =
                    if isLast then
                        None
                    else
                        ImportFactors.kindAt before op after
                        |> Option.bind (ImportFactors.scale count)

                match
                    ImportProjection.whole op (List.tryHead rest |> ImportProjection.after vertices)
                with
                | Some op ->
                    layer op (ImportFactors.scale count Group)
                    :: bodyOf vertices count isSide None rest.Tail
                | None -> layer op (own ()) :: next (Some op)
            | Tree.Part _ -> next None
            | Tree.Residual(_, branch, shortcut) ->
                let own =
                    if ImportFactors.endsScaled vertices branch then
                        ImportFactors.scale count Block
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
        bodyOf vertices (ImportFactors.none ()) false None tree

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
