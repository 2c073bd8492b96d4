/// Blanks, names, numbers and expressions. One of the three files that know FParsec.
module internal Sss.Dsl.Lexeme

open System.Globalization
open FParsec
open Sss

/// What goes along while a text is parsed. A value: FParsec restores it when it backtracks.
type State = {
    /// Braces and parentheses that are open.
    Depth: int
    /// Mistakes so far, the last one first, and how many.
    Errors: SyntaxError list
    Count: int
}

/// A parser of this language.
type P<'T> = Parser<'T, State>

/// How deep braces and parentheses may go, and how many operators an expression may have.
let maxDepth = 200

/// The place of a piece of text that was just read.
let spanFrom (stream: CharStream<State>) (line: int64) (column: int64) : Span = {
    Line = int line
    Column = int column
    Length = max 1 (int (stream.Column - column))
}

/// A problem of ours carried through FParsec's messages.
let problem (problem: SyntaxProblem) (span: Span) : ErrorMessageList =
    ErrorMessageList(OtherErrorMessage(box { Problem = problem; Span = span }))

/// Fails with a problem of ours at a place.
let failWith error span : Reply<'T> = Reply(FatalError, problem error span)

let private isBlank c = c = ' ' || c = '\t'
let private isStart c = isAsciiLetter c || c = '_'
let private isInner c = isAsciiLetter c || isDigit c || c = '_'

/// Whether a name starts here.
let startsName (stream: CharStream<State>) =
    stream.Peek() |> fun c -> isStart c

/// Skips a comment, if one starts here; the newline stays.
let private skipComment (stream: CharStream<State>) =
    if stream.Peek() = '/' && stream.Peek(1) = '/' then
        stream.SkipRestOfLine false

/// Skips blanks and a comment on this line.
let skipBlanks (stream: CharStream<State>) =
    stream.SkipCharsOrNewlinesWhile(isBlank) |> ignore
    skipComment stream

/// Skips blanks, comments and newlines.
let skipLines (stream: CharStream<State>) =
    skipBlanks stream

    while stream.SkipNewline() do
        skipBlanks stream

/// The word at the reading position, for messages: a run of name characters or one character.
let private wordAt (stream: CharStream<State>) : string =
    let state = stream.State

    let text =
        if stream.IsEndOfStream then
            ""
        elif isInner (stream.Peek()) then
            stream.ReadCharsOrNewlinesWhile((fun c -> isInner c || c = '.'), false)
        elif stream.Peek() = '\n' || stream.Peek() = '\r' then
            "end of line"
        elif System.Char.IsHighSurrogate(stream.Peek()) then
            stream.Read 2
        else
            stream.Read 1

    stream.BacktrackTo state
    text

/// Fails with what was found here and what was expected.
let unexpected (stream: CharStream<State>) (expected: string list) : Reply<'T> =
    let found = wordAt stream

    let span = {
        Line = int stream.Line
        Column = int stream.Column
        Length =
            if found = "end of line" || System.Char.IsHighSurrogate(stream.Peek()) then
                1
            else
                max 1 found.Length
    }

    failWith (SyntaxProblem.Unexpected(found, expected)) span

/// Passes a failure on under another type.
let failed (reply: Reply<'A>) : Reply<'B> = Reply(reply.Status, reply.Error)

/// A name or a keyword.
let name (expected: string) : P<Located<string>> =
    fun stream ->
        if not (startsName stream) then
            unexpected stream [ expected ]
        else
            let line, column = stream.Line, stream.Column
            let text = stream.ReadCharsOrNewlinesWhile(isInner, false)

            Reply
                {
                    Value = text
                    Span = spanFrom stream line column
                }

/// One character, blanks before it not skipped.
let symbol (c: char) : P<Span> =
    fun stream ->
        let line, column = stream.Line, stream.Column

        if stream.Skip c then
            Reply(spanFrom stream line column)
        else
            unexpected stream [ $"`{c}`" ]

/// A run of digits, letters and dots that begins with a digit, and the sign of an exponent.
let private numeral (stream: CharStream<State>) : string =
    let head =
        stream.ReadCharsOrNewlinesWhile((fun c -> isInner c || c = '.'), false)

    let isExponent =
        (head.EndsWith 'e' || head.EndsWith 'E')
        && (stream.Peek() = '-' || stream.Peek() = '+')
        && isDigit (stream.Peek 1)
        && head |> Seq.forall (fun c -> isDigit c || c = '.' || c = 'e' || c = 'E')

    if isExponent then
        head + stream.Read 1 + stream.ReadCharsOrNewlinesWhile(isInner, false)
    else
        head

let private style =
    NumberStyles.AllowDecimalPoint ||| NumberStyles.AllowExponent

/// A number, or a size such as `3x3`.
let numberOrDims: P<Located<Choice<float, int64 list>>> =
    fun stream ->
        let line, column = stream.Line, stream.Column

        if not (isDigit (stream.Peek())) then
            unexpected stream [ "a number" ]
        else
            let text = numeral stream
            let span = spanFrom stream line column
            let ok value = Reply { Value = value; Span = span }

            if text.Contains 'x' then
                let parts = text.Split 'x'

                let isNumber (part: string) =
                    part <> "" && part.Length <= 18 && Seq.forall isDigit part

                if text.Length <= 200 && Array.forall isNumber parts then
                    ok (Choice2Of2(parts |> Array.map int64 |> List.ofArray))
                else
                    failWith (SyntaxProblem.BadDims text) span
            else
                match System.Double.TryParse(text, style, CultureInfo.InvariantCulture) with
                | true, value when
                    System.Double.IsFinite value && isDigit text[text.Length - 1]
                    ->
                    ok (Choice1Of2 value)
                | _ -> failWith (SyntaxProblem.BadNumber text) span

/// Runs a parser one level deeper.
let deeper (span: Span) (p: P<'T>) : P<'T> =
    fun stream ->
        let depth = stream.UserState.Depth

        if depth >= maxDepth then
            failWith (SyntaxProblem.TooDeep maxDepth) span
        else
            stream.UserState <- {
                stream.UserState with
                    Depth = depth + 1
            }

            let reply = p stream

            stream.UserState <- {
                stream.UserState with
                    Depth = depth
            }

            reply

/// What may stand between the parts of an expression.
type Spacing =
    /// Nothing: blanks end an argument.
    | Tight
    /// Blanks.
    | OneLine
    /// Blanks and newlines, as in parentheses.
    | ManyLines

let private space spacing (stream: CharStream<State>) =
    match spacing with
    | Tight -> ()
    | OneLine -> stream.SkipCharsOrNewlinesWhile(isBlank) |> ignore
    | ManyLines -> skipLines stream

/// An expression: unary minus and plus, then `* /`, then `+ -`, each from left to right.
let rec expr (spacing: Spacing) : P<Expr> =
    fun stream ->
        let mutable operators = 0

        let rec atom (stream: CharStream<State>) : Reply<Expr> =
            let line, column = stream.Line, stream.Column
            let c = stream.Peek()

            if c = '-' || c = '+' then
                stream.Skip()
                space spacing stream
                let inner = deeper (spanFrom stream line column) atom stream

                if inner.Status <> Ok || c = '+' then
                    inner
                else
                    Reply(Expr.Negate(inner.Result, spanFrom stream line column))
            elif c = '(' then
                stream.Skip()
                let opened = spanFrom stream line column
                skipLines stream
                let inner = deeper opened (expr ManyLines) stream

                if inner.Status <> Ok then
                    inner
                else
                    skipLines stream

                    if stream.Skip ')' then
                        // Kept as written but for the parentheses: they are in the tree's form.
                        Reply(inner.Result)
                    else
                        unexpected stream [ "`)`" ]
            elif isStart c then
                let word = name "a name" stream
                let { Value = text; Span = span } = word.Result

                if text <> "classes" && Words.isReserved text then
                    unexpectedWord text span
                else
                    Reply(Expr.Name(text, span))
            elif isDigit c then
                let number = numberOrDims stream

                if number.Status <> Ok then
                    failed number
                else
                    match number.Result.Value with
                    | Choice1Of2 value -> Reply(Expr.Number(value, number.Result.Span))
                    | Choice2Of2 _ -> unexpectedWord "a size" number.Result.Span
            else
                unexpected stream [ "a number"; "a name" ]

        /// An operand, and operators of at least a binding power behind it.
        let rec climb power (stream: CharStream<State>) : Reply<Expr> =
            let mutable left = atom stream
            let mutable go = left.Status = Ok

            while go do
                let before = stream.State
                space spacing stream
                let c = stream.Peek()

                let operator =
                    match c with
                    | '+' -> Some(Plus, 1)
                    | '-' -> Some(Minus, 1)
                    | '*' -> Some(Times, 2)
                    | '/' when stream.Peek(1) <> '/' -> Some(Over, 2)
                    | _ -> None

                match operator with
                | Some(operator, p) when p >= power ->
                    let line, column = stream.Line, stream.Column
                    stream.Skip()
                    operators <- operators + 1
                    space spacing stream

                    if operators > maxDepth then
                        left <-
                            failWith (SyntaxProblem.TooDeep maxDepth) (spanFrom stream line column)

                        go <- false
                    else
                        let right = climb (p + 1) stream

                        if right.Status = Ok then
                            let a, b = left.Result, right.Result
                            left <- Reply(Expr.Binary(operator, a, b, Span.join a.Span b.Span))
                        else
                            left <- right
                            go <- false
                | _ ->
                    stream.BacktrackTo before
                    go <- false

            left

        climb 1 stream

/// A word of the language where a value was expected.
and private unexpectedWord text span : Reply<Expr> =
    failWith (SyntaxProblem.Unexpected(text, [ "a number"; "a name" ])) span
