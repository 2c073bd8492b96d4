namespace Sss.Dsl

open System
open System.Text
open Sss.Core

/// Diagnostics for people: the line, a caret under the exact words, and what to do.
[<RequireQualifiedAccess>]
module Render =

    /// Characters of a source line that are shown; the rest is cut around the caret.
    let private width = 120

    /// The largest number of listed calls.
    let private mostCalls = 10

    /// A line of a text, counted from 1; "" after the end.
    let lineOf (text: string) (line: int) : string =
        let mutable start = 0
        let mutable number = 1

        while number < line && start < text.Length do
            let next = text.AsSpan(start).IndexOfAny('\n', '\r')

            if next < 0 then
                start <- text.Length
            else
                let at = start + next
                let isPair = text[at] = '\r' && at + 1 < text.Length && text[at + 1] = '\n'
                start <- at + (if isPair then 2 else 1)
                number <- number + 1

        if number < line then
            ""
        else
            let length = text.AsSpan(start).IndexOfAny('\n', '\r')

            if length < 0 then
                text.Substring start
            else
                text.Substring(start, length)

    /// Characters that would move the caret or steer the reader's terminal, as one that is seen. It is
    /// one column wide too, so that the caret stays where it belongs.
    let private visible (c: Rune) =
        let pictures = 0x2400

        if c.Value = int '\t' then
            " "
        elif c.Value < int ' ' then
            string (char (pictures + c.Value))
        elif Escape.isUnsafe c then
            "\uFFFD"
        else
            c.ToString()

    /// The line and the carets under it, both cut to a readable width. Columns count code points.
    let private excerpt (line: string) (span: Span) : string * string =
        // Enough of a line that may be the whole file.
        let from = max 0 (span.Column - 1 - width / 2)
        let runes = ResizeArray<Rune>()
        let mutable index = 0

        for rune in line.EnumerateRunes() do
            if index >= from && runes.Count < width then
                runes.Add rune

            index <- index + 1

        let text = String.concat "" (runes |> Seq.map visible)
        let before = span.Column - 1 - from
        let carets = max 1 (min span.Length (max 1 (runes.Count - before)))
        let cut = if from > 0 then "…" else ""

        cut + text.TrimEnd(), String(' ', before + cut.Length) + String('^', carets)

    let private severity (diagnostic: Diagnostic) =
        match diagnostic.Severity with
        | Failure -> "error"
        | Warning -> "warning"

    /// `FILE:LINE:COL: error SSSnnn: …`, the line, the caret, notes, suggestion, calls.
    let diagnostic (path: string) (text: string) (d: Diagnostic) : string =
        let out = StringBuilder()

        let add (parts: string list) =
            parts |> List.iter (fun p -> out.Append p |> ignore)

        let path = Escape.line path
        add [ path ]

        match d.Span with
        | Some span -> add [ ":"; string span.Line; ":"; string span.Column ]
        | None -> ()

        add [ ": "; severity d; " "; d.Code; ": "; Escape.line d.Message; "\n" ]

        match d.Span with
        | Some span when text <> "" ->
            let line, carets = excerpt (lineOf text span.Line) span
            let number = string span.Line
            let margin = String(' ', number.Length)
            add [ " "; number; " | "; line; "\n "; margin; " | "; carets; "\n" ]
        | _ -> ()

        for note in d.Notes do
            add [ "  "; Escape.lines note; "\n" ]

        match d.Suggestion with
        | Some suggestion -> add [ "  help: "; Escape.lines suggestion; "\n" ]
        | None -> ()

        for name, span in List.truncate mostCalls d.CalledFrom do
            add [
                "  called from "
                path
                ":"
                string span.Line
                ":"
                string span.Column
                " (`"
                Escape.line (Words.shorten name)
                "`)\n"
            ]

        match d.CalledFrom.Length - mostCalls with
        | more when more > 0 -> add [ "  and from "; string more; " more calls\n" ]
        | _ -> ()

        out.ToString()
