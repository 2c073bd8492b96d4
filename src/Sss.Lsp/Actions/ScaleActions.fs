namespace Sss.Lsp

open Sss.Dsl

/// `@scale(…)` where it can act.
[<RequireQualifiedAccess>]
module internal ScaleActions =

    let private hasScale (statement: Statement) =
        match statement.Kind with
        | StatementKind.Apply(_, _, scales) -> not scales.IsEmpty
        | StatementKind.Residual(head, _, _) -> not head.Scales.IsEmpty
        | StatementKind.Repeat _
        | StatementKind.Gate _
        | StatementKind.Output _
        | StatementKind.Concat _
        | StatementKind.Split _
        | StatementKind.Body _
        | StatementKind.Broken -> true

    /// The statement right after another one in the same body.
    let private following (outline: Outline) (placed: PlacedStatement) : PlacedStatement option =
        let bodies =
            seq {
                yield! Option.toList outline.Network
                yield! outline.Definitions |> List.map _.Body
                yield! Outline.statements outline |> Seq.collect _.Bodies
            }

        bodies
        |> Seq.tryPick (fun body ->
            body.Statements
            |> List.pairwise
            |> List.tryFind (fun (a, _) -> a.First = placed.First)
        )
        |> Option.map snd

    /// Where factors of this statement may be: on itself, or on the `bn` after it.
    let private scalePlaces (document: Document) (placed: PlacedStatement) : (int * string) list =
        let outline = document.Layout.Value
        let stop i = outline.Tokens[i].Stop

        match placed.Statement.Kind, placed.Bodies with
        | StatementKind.Residual _, body :: _ when body.Open > 0 -> [
            stop (body.Open - 1), "block"
          ]
        | StatementKind.Apply _, _ -> [
            for kind in Words.scaleKinds do
                stop placed.Last, kind

                match following outline placed with
                | Some next when not (hasScale next.Statement) -> stop next.Last, kind
                | Some _
                | None -> ()
          ]
        | _ -> []

    /// Whether edits lead to more factors: a statement that is wrong has none.
    let private addsFactors (document: Document) (edits: TextEdit list) =
        let count (document: Document) =
            document.Facts.Value.Costs |> Array.sumBy _.Factors

        count (Document.edited edits document) > count document

    /// Factors where they can act.
    let offered (document: Document) (placed: PlacedStatement) : CodeAction list =
        if hasScale placed.Statement || Document.isCall document placed.Statement then
            []
        else
            scalePlaces document placed
            |> List.map (fun (offset, kind) ->
                kind, [ CodeAction.insert document offset $" @scale({kind})" ]
            )
            |> List.filter (fun (_, edits) ->
                CodeAction.isGood document edits && addsFactors document edits
            )
            |> List.distinctBy fst
            |> List.map (fun (kind, edits) -> {
                Title = $"Add `@scale({kind})`"
                Kind = "refactor.rewrite"
                Edits = edits
                Fixes = None
            })
