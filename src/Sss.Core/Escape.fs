namespace Sss.Core

open System
open System.Globalization
open System.Text

/// Text from outside, made safe to show: names of files and classes, words of the command line, lines
/// of a file. Characters that steer a terminal, change the direction of the text around them or are
/// not seen at all are written as `\u001b`, `\n` and so on. A backslash that is in the text stays one
/// backslash, so what is shown is for people and is not read back.
[<RequireQualifiedAccess>]
module Escape =

    /// Whether a character must not be shown as it is: controls (C0, DEL, C1), what Unicode calls
    /// format characters (direction marks, zero-width characters, tags), and breaks of lines.
    let isUnsafe (rune: Rune) : bool =
        match Rune.GetUnicodeCategory rune with
        | UnicodeCategory.Control
        | UnicodeCategory.Format
        | UnicodeCategory.LineSeparator
        | UnicodeCategory.ParagraphSeparator
        | UnicodeCategory.Surrogate -> true
        | _ -> false

    let private code (value: int) =
        match value with
        | 0x09 -> "\\t"
        | 0x0A -> "\\n"
        | 0x0D -> "\\r"
        | value when value > 0xFFFF -> $"\\U{value:x8}"
        | value -> $"\\u{value:x4}"

    let private isPlain (c: char) = c >= ' ' && c <= '~'

    let private escaped (keep: Rune -> bool) (text: string) : string =
        if Seq.forall isPlain text then
            text
        else
            let out = StringBuilder text.Length
            let mutable at = 0

            while at < text.Length do
                let mutable rune = Rune()
                let mutable used = 0

                match Rune.DecodeFromUtf16(text.AsSpan at, &rune, &used) with
                | Buffers.OperationStatus.Done when keep rune || not (isUnsafe rune) ->
                    out.Append rune |> ignore
                | Buffers.OperationStatus.Done -> out.Append(code rune.Value) |> ignore
                // Half of a pair, which names of files can hold on some systems.
                | _ -> out.Append(code (int text[at])) |> ignore

                at <- at + max 1 used

            out.ToString()

    /// A text that belongs inside a line: line breaks and tabs are escaped too.
    let line (text: string) : string = escaped (fun _ -> false) text

    /// A text of several lines, which keeps its line breaks and tabs.
    let lines (text: string) : string =
        escaped (fun rune -> rune.Value = 0x0A || rune.Value = 0x09) text
