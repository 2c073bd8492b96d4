namespace Sss.Lsp

open System
open System.Text.Json
open System.Text.Json.Nodes
open Sss.Core

/// A place between two characters, counted from 0; characters are UTF-16 units, as the protocol counts
/// where nothing else is agreed.
[<Struct>]
type Position = { Line: int; Character: int }

/// A stretch of text; the end is not in it.
[<Struct>]
type TextRange = { Start: Position; End: Position }

/// A text, and where its lines begin.
type SourceText = {
    Text: string
    /// The index of the first character of each line.
    Starts: int[]
}

/// A replacement of a part of a text.
type TextEdit = { Range: TextRange; NewText: string }

/// Texts and places in them.
[<RequireQualifiedAccess>]
module SourceText =

    /// A text. Lines end with `\n`, `\r\n` or `\r`, for the protocol as for the language.
    let ofText (text: string) : SourceText =
        let starts = ResizeArray [ 0 ]
        let mutable from = 0

        while from < text.Length do
            match text.AsSpan(from).IndexOfAny('\n', '\r') with
            | -1 -> from <- text.Length
            | found ->
                let at = from + found
                let isPair = text[at] = '\r' && at + 1 < text.Length && text[at + 1] = '\n'
                from <- at + (if isPair then 2 else 1)
                starts.Add from

        {
            Text = text
            Starts = starts.ToArray()
        }

    /// The index after the last character of a line, without what ends it.
    let lineEnd (source: SourceText) (line: int) : int =
        let stop =
            if line + 1 < source.Starts.Length then
                source.Starts[line + 1]
            else
                source.Text.Length

        let mutable at = stop

        while at > source.Starts[line]
              && line + 1 < source.Starts.Length
              && (source.Text[at - 1] = '\n' || source.Text[at - 1] = '\r') do
            at <- at - 1

        at

    /// The index of a position; the nearest one where the text has no such position.
    let offset (source: SourceText) (position: Position) : int =
        if position.Line < 0 then
            0
        elif position.Line >= source.Starts.Length then
            source.Text.Length
        else
            let start = source.Starts[position.Line]
            let length = lineEnd source position.Line - start
            start + max 0 (min length position.Character)

    /// The position of an index.
    let position (source: SourceText) (offset: int) : Position =
        let offset = max 0 (min source.Text.Length offset)

        let line =
            match Array.BinarySearch(source.Starts, offset) with
            | found when found >= 0 -> found
            | missed -> ~~~missed - 1

        {
            Line = line
            Character = offset - source.Starts[line]
        }

    /// The range between two indexes.
    let range source (start: int) (stop: int) : TextRange = {
        Start = position source start
        End = position source stop
    }

    /// The range of a stretch whose columns count UTF-16 units.
    let ofSpan (span: Span) : TextRange = {
        Start = {
            Line = span.Line - 1
            Character = span.Column - 1
        }
        End = {
            Line = span.Line - 1
            Character = span.Column - 1 + span.Length
        }
    }

    /// The index where a stretch begins.
    let startOf source (span: Span) : int = offset source (ofSpan span).Start

    /// The text with a range replaced.
    let replace (source: SourceText) (range: TextRange) (text: string) : SourceText =
        let start = offset source range.Start
        let stop = max start (offset source range.End)
        ofText (String.Concat(source.Text.AsSpan(0, start), text, source.Text.AsSpan(stop)))

    /// The text with several edits made, none of which overlap.
    let edit (edits: TextEdit list) (source: SourceText) : SourceText =
        edits
        |> List.sortByDescending (fun e -> e.Range.Start.Line, e.Range.Start.Character)
        |> List.fold (fun source e -> replace source e.Range e.NewText) source

/// Positions and ranges as the protocol writes them.
[<RequireQualifiedAccess>]
module internal Wire =

    let ofPosition (position: Position) : JsonNode =
        Json.object [
            "line", Json.number position.Line
            "character", Json.number position.Character
        ]

    let ofRange (range: TextRange) : JsonNode =
        Json.object [ "start", ofPosition range.Start; "end", ofPosition range.End ]

    let ofEdit (edit: TextEdit) : JsonNode =
        Json.object [ "range", ofRange edit.Range; "newText", Json.string edit.NewText ]

    let position path (value: JsonElement) : Position option =
        match Json.int (path @ [ "line" ]) value, Json.int (path @ [ "character" ]) value with
        | Some line, Some character -> Some { Line = line; Character = character }
        | _ -> None

    let range path (value: JsonElement) : TextRange option =
        match position (path @ [ "start" ]) value, position (path @ [ "end" ]) value with
        | Some start, Some stop -> Some { Start = start; End = stop }
        | _ -> None
