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

    /// Layers that are looked at after one, to say which factors it has.
    let private ahead = 40

    /// One layer among those of a body. `isSide`: whether the body ends a side of a sum, so that the last
    /// weights have no factors of their own, but may share some.
    let private layerAt vertices count isSide (items: Tree[]) i (op: Op) : DraftNode =
        let opAt k =
            ImportFactors.opOf vertices (Array.tryItem k items)

        let after =
            Seq.init (min ahead (items.Length - 1 - i)) (fun k -> opAt (i + 1 + k))
            |> Seq.takeWhile Option.isSome
            |> Seq.choose id
            |> List.ofSeq

        let isWeights (op: Op) = (Op.facts op).Family = Family.Weights

        let isLast =
            isSide
            && after.Length = items.Length - 1 - i
            && not (List.exists isWeights after)

        let kind =
            if isLast then
                ImportFactors.sharedAt op
            else
                ImportFactors.kindAt (opAt (i - 1)) op after

        layer op (Option.bind (ImportFactors.scale count) kind)

    /// The nodes of one body.
    let rec private bodyOf
        (vertices: Map<int, Vertex>)
        count
        isSide
        (body: Tree list)
        : DraftNode list =
        let items = Array.ofList body

        let attention i =
            ImportFactors.opOf vertices (Array.tryItem i items)
            |> Option.bind (fun op ->
                ImportProjection.whole
                    op
                    (Array.tryItem (i + 1) items |> ImportProjection.after vertices)
            )

        [
            for i in 0 .. items.Length - 1 do
                match items[i], attention i with
                | Tree.Layer _, Some op -> layer op (ImportFactors.scale count Group)
                // The projection is a part of the attention before it.
                | Tree.Layer _, None when (attention (i - 1)).IsSome -> ()
                | Tree.Layer _, None ->
                    match ImportFactors.opOf vertices (Some items[i]) with
                    | Some op -> layerAt vertices count isSide items i op
                    | None -> ()
                | Tree.Part _, _ -> ()
                | Tree.Output(output, inner), _ ->
                    DraftNode.Output {
                        Name = {
                            Text = output.Name
                            Place = Place.none
                        }
                        Body = bodyOf vertices count false inner
                        Place = Place.none
                    }
                | (Tree.Residual _ | Tree.Gate _ | Tree.Concat _), _ -> join vertices count items[i]
        ]

    and private join vertices count (item: Tree) : DraftNode =
        let inner isSide body = bodyOf vertices count isSide body

        match item with
        | Tree.Layer _
        | Tree.Part _
        | Tree.Output _ -> DraftNode.Broken
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
                Branch = inner true branch
                Shortcut =
                    match shortcut with
                    | [] -> DraftShortcut.Identity
                    | _ -> DraftShortcut.Body(inner true shortcut)
                Place = Place.none
            }
        | Tree.Gate(_, body) ->
            DraftNode.Gate {
                Label = None
                Body = inner true body
                Place = Place.none
            }
        | Tree.Concat(_, parts, sides) ->
            DraftNode.Concat {
                Label = None
                Reads =
                    match parts with
                    | None -> DraftReads.All
                    | Some parts when List.distinct parts |> List.length = 1 ->
                        DraftReads.EqualParts
                    | Some parts -> DraftReads.Parts parts
                Branches =
                    sides
                    |> List.map (fun side -> {
                        Number = None
                        Body = inner false side
                        Place = Place.none
                    })
                Place = Place.none
            }

    /// The nodes of a network, each factor at a place of its own.
    let make vertices (tree: Tree list) : DraftNode list =
        bodyOf vertices (ImportFactors.none ()) false tree

    /// The vertices of layers in the order of the text.
    let rec layers (tree: Tree list) : int list =
        tree
        |> List.collect (
            function
            | Tree.Layer number -> [ number ]
            | Tree.Part _ -> []
            | Tree.Residual(_, branch, shortcut) -> layers branch @ layers shortcut
            | Tree.Gate(_, inner)
            | Tree.Output(_, inner) -> layers inner
            | Tree.Concat(_, _, sides) -> List.collect layers sides
        )
