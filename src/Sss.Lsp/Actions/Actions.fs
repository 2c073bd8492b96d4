namespace Sss.Lsp

open System.Text.Json.Nodes
open Sss.Dsl

/// Changes of a text that are offered at a place. Each is tried on the text first: none makes a new
/// mistake.
[<RequireQualifiedAccess>]
module internal Actions =

    let private overlaps (a: TextRange) (b: TextRange) =
        let key (p: Position) = struct (p.Line, p.Character)
        key a.Start <= key b.End && key b.Start <= key a.End

    /// "Did you mean …?", done.
    let private guesses (document: Document) (range: TextRange) : CodeAction list = [
        for finding in document.Known.Value.Findings do
            match finding.Replacement with
            | Some word when overlaps (Findings.range finding.Diagnostic) range -> {
                Title = $"Change to `{word}`"
                Kind = "quickfix"
                Edits = [
                    {
                        Range = Findings.range finding.Diagnostic
                        NewText = word
                    }
                ]
                Fixes = Some finding
              }
            | Some _
            | None -> ()
    ]

    /// All changes that are offered for a range.
    let inside (document: Document) (range: TextRange) : CodeAction list = [
        yield! guesses document range

        match Document.statementAt document (SourceText.offset document.Source range.Start) with
        | Some placed ->
            yield! ScaleActions.offered document placed
            yield! Rewrites.expand document placed
            yield! Rewrites.extract document placed
        | None -> ()
    ]

    let private ofEdits (uri: string) (edits: TextEdit list) : JsonNode =
        Json.object [ "changes", Json.object [ uri, Json.array (edits |> List.map Wire.ofEdit) ] ]

    /// An edit of a document as the protocol writes it.
    let workspaceEdit (document: Document) (edits: TextEdit list) : JsonNode =
        ofEdits document.Uri edits

    /// An action as the protocol writes it. `page`: where the page of a code is.
    let toJson page (document: Document) (action: CodeAction) : JsonNode =
        Json.make [
            "title", Some(Json.string action.Title)
            "kind", Some(Json.string action.Kind)
            "diagnostics",
            action.Fixes
            |> Option.map (fun f -> Json.array [ Findings.toJson page document.Uri f ])
            "isPreferred", (if action.Fixes.IsSome then Some(Json.truth true) else None)
            "edit", Some(ofEdits document.Uri action.Edits)
        ]
