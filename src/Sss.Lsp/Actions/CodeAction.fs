namespace Sss.Lsp

open Sss.Dsl

/// A change that is offered.
type internal CodeAction = {
    Title: string
    /// `quickfix`, `refactor.rewrite` or `refactor.extract`.
    Kind: string
    Edits: TextEdit list
    /// The finding that it puts right.
    Fixes: Finding option
}

/// Trying changes.
[<RequireQualifiedAccess>]
module internal CodeAction =

    /// Whether some edits lead to no new finding.
    let isGood (document: Document) (edits: TextEdit list) =
        let after = Document.edited edits document
        Document.newFindings document after |> List.isEmpty

    /// An edit that adds a text.
    let insert (document: Document) (offset: int) (text: string) : TextEdit = {
        Range = SourceText.range document.Source offset offset
        NewText = text
    }
