namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// `sss fmt`: the author's lines and comments, with one way to write blanks, braces and indentation.
module internal Format =

    /// For each `{`, whether its body goes over lines: where a newline or a comment stands in it.
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

    /// A body that the statement still takes.
    type private Expecting =
        | NoBody
        | OneBody
        /// Behind a label: a body, or a statement of any kind.
        | Labelled
        /// `concat` goes on as long as bodies follow.
        | Bodies

    type private Brace = { IsMany: bool; Outer: Expecting }

    /// The formatted text.
    let private layout (tokens: Token[]) : string =
        let many = manyLines tokens
        let out = Layout()
        let braces = Stack<Brace>()
        let mutable parentheses = 0
        let mutable isParameters = false
        let mutable expecting = NoBody
        let mutable glue = false
        let mutable newlines = 0
        /// The last token closed a body of many lines.
        let mutable closedMany = false

        /// The next token that is no newline, from here; and whether it is a comment.
        let ahead i =
            let mutable j = i

            while j < tokens.Length && tokens[j] = Token.Newline do
                j <- j + 1

            j

        let isLabel i =
            i + 1 < tokens.Length && tokens[i + 1] = Token.Mark ':'

        /// Whether a newline here ends nothing: what follows still belongs to the statement.
        let goesOn i =
            let j = ahead i

            parentheses > 0
            || (j < tokens.Length
                && (
                    match tokens[j] with
                    | Token.Mark '{' -> expecting <> NoBody
                    | Token.Word "shortcut" -> not (isLabel j)
                    | Token.Word word ->
                        expecting = Bodies
                        && word.StartsWith "branch"
                        && isLabel j
                        && ahead (j + 2) < tokens.Length
                        && tokens[ahead (j + 2)] = Token.Mark '{'
                    | _ -> false
                ))

        let isLast i =
            let j = ahead i

            j >= tokens.Length
            || j > i
            || (
                match tokens[j] with
                | Token.Mark('}' | ';')
                | Token.Comment _ -> true
                | _ -> false
            )

        let endLine () =
            out.End()
            out.Continue false
            glue <- false

        let word i (text: string) =
            if text = "train" && braces.Count = 0 then
                endLine ()

            out.Add(text, glue)
            glue <- text = "@scale"

            if expecting = Labelled then
                expecting <- NoBody

            match text with
            | "repeat"
            | "residual"
            | "def"
            | "network"
            | "train"
            | "shortcut" when not (isLabel i) -> expecting <- OneBody
            | "concat" when not (isLabel i) -> expecting <- Bodies
            // `shortcut` took no body.
            | "auto"
            | "identity" -> expecting <- NoBody
            | _ -> ()

            if text = "def" then
                isParameters <- true

        let mark i c =
            match c with
            | '{' ->
                braces.Push { IsMany = many[i]; Outer = expecting }

                out.Add("{", glue)
                glue <- false
                expecting <- NoBody
                isParameters <- false

                if many[i] then
                    // A comment behind the brace stays there.
                    match
                        (if i + 1 < tokens.Length then
                             tokens[i + 1]
                         else
                             Token.Newline)
                    with
                    | Token.Comment _ -> ()
                    | _ -> endLine ()

                    out.Indent 1
            | '}' ->
                let brace =
                    if braces.Count > 0 then
                        braces.Pop()
                    else
                        { IsMany = false; Outer = NoBody }

                if brace.IsMany then
                    endLine ()
                    out.Indent -1

                out.Add("}", false)
                closedMany <- brace.IsMany
                expecting <- if brace.Outer = Bodies then Bodies else NoBody
            | ';' ->
                expecting <- NoBody

                if closedMany then
                    endLine ()
                elif
                    not (isLast (i + 1))
                    && not out.IsEmpty
                    && not (i > 0 && tokens[i - 1] = Token.Mark '{')
                then
                    out.Add(";", true)
            | '(' ->
                parentheses <- parentheses + 1
                out.Add("(", glue || isParameters)
                glue <- true
            | ')' ->
                parentheses <- parentheses - 1
                out.Add(")", true)
                glue <- false

                if parentheses = 0 then
                    isParameters <- false
            | ','
            | ':' ->
                out.Add(string c, true)
                glue <- false

                if c = ':' then
                    expecting <- if expecting = Bodies then Bodies else Labelled
            | '=' when isParameters ->
                out.Add("=", false)
                glue <- false
            | _ ->
                out.Add(string c, true)
                glue <- true

        for i in 0 .. tokens.Length - 1 do
            match tokens[i] with
            | Token.Newline ->
                newlines <- newlines + 1

                if not (goesOn i) then
                    endLine ()
                    expecting <- NoBody

                    if newlines > 1 then
                        out.Blank()
            | Token.Comment text ->
                closedMany <- false
                let isInside = goesOn (i + 1)
                out.Comment text
                glue <- false
                out.Continue(isInside && parentheses > 0)
                newlines <- 0
            | token ->
                newlines <- 0
                let wasMany = closedMany

                match token with
                | Token.Word text -> word i text
                | Token.Mark c -> mark i c
                | Token.Operator(c, before, behind) ->
                    let isSign = glue
                    out.Add(string c, glue || not (before || behind))
                    glue <- isSign || not behind
                | Token.Newline
                | Token.Comment _ -> ()

                if wasMany then
                    closedMany <- false

        out.End()
        out.Text()

    /// Formats a text; wrong form gives its diagnostics.
    let format (text: string) : Result<string, Diagnostic list> =
        match Parser.parse text with
        | Some _, [] -> Ok(layout (Tokens.scan text))
        | _, errors -> Error(errors |> List.map SyntaxErrorText.toDiagnostic)
