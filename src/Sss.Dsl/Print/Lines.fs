namespace Sss.Dsl

open System
open System.Text

/// Text before indentation.
[<RequireQualifiedAccess>]
type internal Line =
    | Text of string
    /// A call of a definition without a label: neighbours are written as one `repeat`.
    | Call of string
    /// `head {`, lines, `}`, and another block after the brace.
    | Block of head: string * Line list * tail: Line option

/// Writing lines.
module internal Lines =

    let private indent (depth: int) = String(' ', 2 * depth)

    let rec private block (out: StringBuilder) depth (head: string) (lines: Line list) tail =
        if lines.IsEmpty then
            out.Append(head).Append("{ }") |> ignore
        else
            out.Append(head).Append("{\n") |> ignore
            write out (depth + 1) lines
            out.Append(indent depth).Append('}') |> ignore

        match tail with
        | Some(Line.Block(head, lines, tail)) ->
            out.Append ' ' |> ignore
            block out depth head lines tail
        | Some(Line.Text _ | Line.Call _)
        | None -> out.Append '\n' |> ignore

    /// Adds lines at a depth of indentation.
    and write (out: StringBuilder) (depth: int) (lines: Line list) : unit =
        let mutable rest = lines

        while not rest.IsEmpty do
            let line = rest.Head

            match line with
            | Line.Text text ->
                out.Append(indent depth).Append(text).Append('\n') |> ignore
                rest <- rest.Tail
            | Line.Call word ->
                let mutable count = 0

                while not rest.IsEmpty && rest.Head = line do
                    count <- count + 1
                    rest <- rest.Tail

                let text = if count = 1 then word else $"repeat {count} {{ {word} }}"
                out.Append(indent depth).Append(text).Append('\n') |> ignore
            | Line.Block(head, inner, tail) ->
                out.Append(indent depth) |> ignore
                block out depth head inner tail
                rest <- rest.Tail

    /// Lines as a text, for comparing.
    let text (lines: Line list) : string =
        let out = StringBuilder()
        write out 0 lines
        out.ToString()
