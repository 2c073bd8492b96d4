namespace Sss.Lsp

open System
open Sss.Dsl

/// Formatting as edits of blanks, so that cursors and marks stay where they are.
[<RequireQualifiedAccess>]
module internal Formatting =

    /// What the formatter may change: blanks, newlines and the `;` between statements.
    let private isLoose (c: char) =
        c = ' ' || c = '\t' || c = '\n' || c = '\r' || c = ';'

    /// The indexes of all characters that the formatter keeps.
    let private firm (text: string) : int[] = [|
        for i in 0 .. text.Length - 1 do
            if not (isLoose text[i]) then
                i
    |]

    let private isSame (before: string) (kept: int[]) (after: string) (kept': int[]) =
        kept.Length = kept'.Length
        && Array.forall2 (fun i j -> before[i] = after[j]) kept kept'

    /// The edits between the characters that both texts have.
    let private gaps (source: SourceText) (kept: int[]) (after: string) (kept': int[]) = [
        let before = source.Text

        for k in 0 .. kept.Length do
            let from, from' = if k = 0 then 0, 0 else kept[k - 1] + 1, kept'[k - 1] + 1

            let until, until' =
                if k = kept.Length then
                    before.Length, after.Length
                else
                    kept[k], kept'[k]

            let isChanged =
                not (
                    before
                        .AsSpan(from, until - from)
                        .SequenceEqual(after.AsSpan(from', until' - from'))
                )

            if isChanged then
                {
                    Range = SourceText.range source from until
                    NewText = after.Substring(from', until' - from')
                }
    ]

    /// The edits that make a text another one of the same words.
    let edits (source: SourceText) (after: string) : TextEdit list =
        let kept, kept' = firm source.Text, firm after

        if source.Text = after then
            []
        elif isSame source.Text kept after kept' then
            gaps source kept after kept'
        else
            [
                {
                    Range = SourceText.range source 0 source.Text.Length
                    NewText = after
                }
            ]

    /// The edits that format a document; none where its form is wrong.
    let whole (document: Document) : TextEdit list =
        match Language.format document.Source.Text with
        | Ok formatted -> edits document.Source formatted
        | Error _ -> []

    /// Those of them that are in the lines of a range.
    let range (document: Document) (range: TextRange) : TextEdit list =
        let source = document.Source

        let last =
            if range.End.Character = 0 && range.End.Line > range.Start.Line then
                range.End.Line - 1
            else
                range.End.Line

        whole document
        |> List.filter (fun edit ->
            edit.Range.End.Line >= range.Start.Line
            && (edit.Range.End.Line <= last
                || (edit.Range.Start.Line <= last
                    && SourceText.offset source edit.Range.End = source.Text.Length))
        )
