namespace Sss.Dsl

/// One token of a text that is formatted, and what is known between two of them.
[<RequireQualifiedAccess>]
module internal FormatToken =

    /// A body that the statement still takes.
    type Expecting =
        | NoBody
        | OneBody
        /// After a label: a body, or a statement of any kind.
        | Labelled
        /// `concat` and `split` continue as long as bodies follow.
        | Bodies

    type Brace = { IsMany: bool; Outer: Expecting }

    /// What is known between two tokens.
    type State = {
        /// Innermost first.
        Braces: Brace list
        Parentheses: int
        IsParameters: bool
        Expecting: Expecting
        /// Whether the next token is directly after the last one.
        Glue: bool
        /// Newlines since the last token.
        Newlines: int
        /// The last token closed a body of many lines.
        ClosedMany: bool
    }

    let start: State = {
        Braces = []
        Parentheses = 0
        IsParameters = false
        Expecting = NoBody
        Glue = false
        Newlines = 0
        ClosedMany = false
    }

    /// The text, and the lines that it is written to.
    type Page = {
        Tokens: Token[]
        Many: bool[]
        Out: LineBuilder
    }

    /// The next token that is not a newline, from here.
    let rec private ahead (tokens: Token[]) i =
        if i < tokens.Length && tokens[i] = Token.Newline then
            ahead tokens (i + 1)
        else
            i

    let private isLabel (tokens: Token[]) i =
        i + 1 < tokens.Length && tokens[i + 1] = Token.Mark ':'

    /// Whether the word `output` here begins a further output: a name and a body follow.
    let private isOutput (tokens: Token[]) i =
        let name = ahead tokens (i + 1)

        not (isLabel tokens i)
        && ahead tokens (name + 1) < tokens.Length
        && tokens[ahead tokens (name + 1)] = Token.Mark '{'

    /// Whether a newline here ends nothing: what follows still belongs to the statement.
    let private goesOn (tokens: Token[]) (s: State) i =
        let j = ahead tokens i

        s.Parentheses > 0
        || (j < tokens.Length
            && (
                match tokens[j] with
                | Token.Mark '{' -> s.Expecting <> NoBody
                | Token.Word "shortcut" -> not (isLabel tokens j)
                | Token.Word word ->
                    let k = ahead tokens (j + 2)

                    s.Expecting = Bodies
                    && word.StartsWith "branch"
                    && isLabel tokens j
                    && k < tokens.Length
                    && tokens[k] = Token.Mark '{'
                | _ -> false
            ))

    let private isLast (tokens: Token[]) i =
        let j = ahead tokens i

        j >= tokens.Length
        || j > i
        || (
            match tokens[j] with
            | Token.Mark('}' | ';')
            | Token.Comment _ -> true
            | _ -> false
        )

    let private endLine (page: Page) (s: State) =
        page.Out.End()
        page.Out.Continue false
        { s with Glue = false }

    let private word (page: Page) (s: State) i (text: string) =
        let s =
            if text = "train" && s.Braces.IsEmpty then
                endLine page s
            else
                s

        page.Out.Add(text, s.Glue)

        let expecting = if s.Expecting = Labelled then NoBody else s.Expecting

        {
            s with
                Glue = (text = "@scale")
                IsParameters = s.IsParameters || text = "def"
                Expecting =
                    match text with
                    | "repeat"
                    | "residual"
                    | "gate"
                    | "def"
                    | "network"
                    | "train"
                    | "shortcut" when not (isLabel page.Tokens i) -> OneBody
                    | "output" when isOutput page.Tokens i -> OneBody
                    | "concat"
                    | "split" when not (isLabel page.Tokens i) -> Bodies
                    // `shortcut` took no body.
                    | "auto"
                    | "identity" -> NoBody
                    | _ -> expecting
        }

    let private openBody (page: Page) (s: State) i =
        page.Out.Add("{", s.Glue)

        let s = {
            s with
                Braces =
                    {
                        IsMany = page.Many[i]
                        Outer = s.Expecting
                    }
                    :: s.Braces
                Glue = false
                Expecting = NoBody
                IsParameters = false
        }

        if page.Many[i] then
            // A comment after the brace stays there.
            let s =
                match Array.tryItem (i + 1) page.Tokens with
                | Some(Token.Comment _) -> s
                | _ -> endLine page s

            page.Out.Indent 1
            s
        else
            s

    let private closeBody (page: Page) (s: State) =
        let brace, braces =
            match s.Braces with
            | brace :: outer -> brace, outer
            | [] -> { IsMany = false; Outer = NoBody }, []

        let s = if brace.IsMany then endLine page s else s

        if brace.IsMany then
            page.Out.Indent -1

        page.Out.Add("}", false)

        {
            s with
                Braces = braces
                ClosedMany = brace.IsMany
                Expecting = if brace.Outer = Bodies then Bodies else NoBody
        }

    let private endStatement (page: Page) (s: State) i =
        let tokens = page.Tokens
        let s = { s with Expecting = NoBody }

        if s.ClosedMany then
            endLine page s
        else
            if
                not (isLast tokens (i + 1))
                && not page.Out.IsEmpty
                && not (i > 0 && tokens[i - 1] = Token.Mark '{')
            then
                page.Out.Add(";", true)

            s

    let private mark (page: Page) (s: State) i c =
        match c with
        | '{' -> openBody page s i
        | '}' -> closeBody page s
        | ';' -> endStatement page s i
        | '(' ->
            page.Out.Add("(", s.Glue || s.IsParameters)

            {
                s with
                    Parentheses = s.Parentheses + 1
                    Glue = true
            }
        | ')' ->
            page.Out.Add(")", true)

            {
                s with
                    Parentheses = s.Parentheses - 1
                    Glue = false
                    IsParameters = s.IsParameters && s.Parentheses <> 1
            }
        | ',' ->
            page.Out.Add(",", true)
            { s with Glue = false }
        | ':' ->
            page.Out.Add(":", true)

            {
                s with
                    Glue = false
                    Expecting = if s.Expecting = Bodies then Bodies else Labelled
            }
        | '=' when s.IsParameters ->
            page.Out.Add("=", false)
            { s with Glue = false }
        | _ ->
            page.Out.Add(string c, true)
            { s with Glue = true }

    let private newline (page: Page) (s: State) i =
        let s = { s with Newlines = s.Newlines + 1 }

        if goesOn page.Tokens s i then
            s
        else
            let s = {
                endLine page s with
                    Expecting = NoBody
            }

            if s.Newlines > 1 then
                page.Out.Blank()

            s

    let private comment (page: Page) (s: State) i text =
        let isInside = goesOn page.Tokens s (i + 1)
        page.Out.Comment text
        page.Out.Continue(isInside && s.Parentheses > 0)

        {
            s with
                ClosedMany = false
                Glue = false
                Newlines = 0
        }

    let private operator (page: Page) (s: State) c before behind =
        page.Out.Add(string c, s.Glue || not (before || behind))
        { s with Glue = s.Glue || not behind }

    /// Writes a token; what is known after it.
    let write (page: Page) (s: State) (i: int) =
        let written (next: State) = {
            next with
                ClosedMany = next.ClosedMany && not s.ClosedMany
        }

        match page.Tokens[i] with
        | Token.Newline -> newline page s i
        | Token.Comment text -> comment page s i text
        | Token.Word text -> word page { s with Newlines = 0 } i text |> written
        | Token.Mark c -> mark page { s with Newlines = 0 } i c |> written
        | Token.Operator(c, before, behind) ->
            operator page { s with Newlines = 0 } c before behind |> written
