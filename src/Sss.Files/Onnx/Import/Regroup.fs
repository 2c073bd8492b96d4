namespace Sss.Files

open Sss.Core

/// Other factors for the nodes of a draft, and definitions for what occurs more than once.
[<RequireQualifiedAccess>]
module internal Regroup =

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
            | DraftNode.Output o -> DraftNode.Output { o with Body = again o.Body }
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
            | DraftNode.Output _
            | DraftNode.Broken -> false

        let isFinish node =
            match node with
            | DraftNode.Layer l -> (Op.facts l.Op).Family = Family.Pointwise && l.Scale.IsNone
            | DraftNode.Scope _
            | DraftNode.Residual _
            | DraftNode.Gate _
            | DraftNode.Concat _
            | DraftNode.Output _
            | DraftNode.Broken -> false

        let rec cut made body =
            match body with
            | [] -> List.rev made
            | first :: rest when isJoin first ->
                let tail = List.takeWhile isFinish rest
                cut ((first :: tail) :: made) (List.skip tail.Length rest)
            | first :: rest -> cut ([ first ] :: made) rest

        let pieces = cut [] body

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
