namespace Sss.Dsl

open System.Collections.Generic
open System.Text

/// Lines under construction: the tokens of a line with spaces between them, and comments next to them.
type internal LineBuilder() =
    let lines = ResizeArray<struct (int * string * string)>()
    let line = StringBuilder()
    let mutable comment = ""
    let mutable depth = 0
    let mutable extra = 0
    let mutable lineDepth = 0
    let mutable wantsBlank = false
    let mutable isOpening = true

    /// Whether nothing is on the line yet.
    member _.IsEmpty = line.Length = 0 && comment = ""

    /// Adds a piece after what is there; `glue`: without a blank between.
    member _.Add(piece: string, glue: bool) =
        if line.Length = 0 then
            lineDepth <- depth + extra
        elif not glue then
            line.Append ' ' |> ignore

        line.Append piece |> ignore

    /// Ends the line with a comment, or makes a line of it.
    member this.Comment(text: string) =
        if line.Length = 0 then
            lineDepth <- depth + extra

        comment <- text
        this.End()

    /// Ends the line, if it holds anything.
    member this.End() =
        if not this.IsEmpty then
            let isClosing = line.Length > 0 && line[0] = '}'

            if wantsBlank && not isOpening && not isClosing then
                lines.Add(struct (0, "", ""))

            lines.Add(struct (lineDepth, line.ToString(), comment))
            isOpening <- line.Length > 0 && line[line.Length - 1] = '{'
            line.Clear() |> ignore
            comment <- ""
            wantsBlank <- false

    /// A blank line is wanted before the next line.
    member _.Blank() = wantsBlank <- true

    /// The lines that follow go one level in or out.
    member _.Indent(by: int) = depth <- depth + by

    /// Whether the lines that follow continue with a statement.
    member _.Continue(isOn: bool) = extra <- if isOn then 1 else 0

    /// The whole text. Comments beside neighbouring lines are put under each other.
    member _.Text() : string =
        let out = StringBuilder()
        let width struct (indent: int, text: string, _: string) = 2 * indent + text.Length

        let isBeside struct (_: int, text: string, comment: string) = text <> "" && comment <> ""

        let column = Array.zeroCreate<int> lines.Count
        let mutable i = 0

        while i < lines.Count do
            let mutable stop = i

            while stop < lines.Count && isBeside lines[stop] do
                stop <- stop + 1

            if stop > i then
                let widest = Seq.max (seq { for j in i .. stop - 1 -> width lines[j] })

                for j in i .. stop - 1 do
                    column[j] <- widest + 2

            i <- max stop (i + 1)

        for j in 0 .. lines.Count - 1 do
            let struct (indent, text, comment) = lines[j]

            if text <> "" || comment <> "" then
                out.Append(' ', 2 * indent).Append(text) |> ignore

            if comment <> "" then
                if text <> "" then
                    out.Append(' ', column[j] - width lines[j]) |> ignore

                out.Append comment |> ignore

            out.Append '\n' |> ignore

        out.ToString()
