namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// `sss fmt`: the author's lines and comments, with one style for spaces, braces and indentation.
module internal Format =

    /// For each `{`, whether its body spans several lines: where a newline or a comment is in it.
    let private manyLines (tokens: Token[]) : bool[] =
        let result = Array.zeroCreate tokens.Length
        let opened = Stack<int>()

        for i in 0 .. tokens.Length - 1 do
            match tokens[i] with
            | Token.Mark '{' -> opened.Push i
            | Token.Mark '}' when opened.Count > 0 ->
                let inner = opened.Pop()

                if result[inner] && opened.Count > 0 then
                    result[opened.Peek()] <- true
            | Token.Newline
            | Token.Comment _ when opened.Count > 0 -> result[opened.Peek()] <- true
            | _ -> ()

        result

    /// The formatted text.
    let private layout (tokens: Token[]) : string =
        let page: FormatToken.Page = {
            Tokens = tokens
            Many = manyLines tokens
            Out = LineBuilder()
        }

        Seq.fold (FormatToken.write page) FormatToken.start (seq { 0 .. tokens.Length - 1 })
        |> ignore

        page.Out.End()
        page.Out.Text()

    /// Formats a text; wrong form gives its diagnostics.
    let format (text: string) : Result<string, Diagnostic list> =
        match Parser.parse text with
        | Some _, [] -> Ok(layout (Tokens.scan text))
        | _, errors -> Error(errors |> List.map SyntaxErrorText.toDiagnostic)
