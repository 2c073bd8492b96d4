/// Blanks, names and the machinery of parsers. One of the three files that know FParsec.
module internal Sss.Dsl.Lexeme

open FParsec
open Sss.Core

/// The state while a text is parsed. A value: FParsec restores it when it backtracks.
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

/// The largest number of syntax errors to report; a text with more of them is probably not a network.
let maxErrors = 100

/// Passes a failure on under another type.
let failed (reply: Reply<'A>) : Reply<'B> = Reply(reply.Status, reply.Error)

/// Parsers in sequence: `let!` stops at the first failure. (FParsec's own builder makes a closure
/// more for every step, and every program pays for that when it starts.)
type SyntaxBuilder() =
    member inline _.Bind(p: P<'A>, [<InlineIfLambda>] next: 'A -> P<'B>) : P<'B> =
        fun stream ->
            let reply = p stream

            if reply.Status = Ok then
                (next reply.Result) stream
            else
                failed reply

    member inline _.Return(value: 'T) : P<'T> = fun _ -> Reply value
    member inline _.ReturnFrom(p: P<'T>) : P<'T> = p
    member inline _.Zero() : P<unit> = fun _ -> Reply(())

    member inline _.Delay([<InlineIfLambda>] make: unit -> P<'T>) : P<'T> =
        fun stream -> (make ()) stream

/// The builder.
let syntax = SyntaxBuilder()

/// Reads nothing and gives a value.
let give (value: 'T) : P<'T> = fun _ -> Reply value

/// Runs a parser until it gives None. A loop: lists may be as long as the file.
let collect (p: P<'T option>) : P<'T list> =
    fun stream ->
        let items = ResizeArray<'T>()
        let mutable reply = p stream

        while reply.Status = Ok && reply.Result.IsSome do
            items.Add reply.Result.Value
            reply <- p stream

        if reply.Status = Ok then
            Reply(List.ofSeq items)
        else
            failed reply

/// The place between a start and the reading position.
let private spanFrom (stream: CharStream<State>) (line: int64) (column: int64) : Span = {
    Line = int line
    Column = int column
    Length = max 1 (int (stream.Column - column))
}

/// A parser's result with its place.
let located (p: P<'T>) : P<Located<'T>> =
    fun stream ->
        let line, column = stream.Line, stream.Column
        let reply = p stream

        if reply.Status = Ok then
            Reply {
                Value = reply.Result
                Span = spanFrom stream line column
            }
        else
            failed reply

/// Fails with a problem at a place.
let failWith (problem: SyntaxProblem) (span: Span) : P<'T> =
    fun _ ->
        let error: SyntaxError = { Problem = problem; Span = span }
        Reply(FatalError, ErrorMessageList(OtherErrorMessage(box error)))

let private isBlank c = c = ' ' || c = '\t'
let private isStart c = isAsciiLetter c || c = '_'
/// Whether a character continues a name or a number.
let isInner c = isAsciiLetter c || isDigit c || c = '_'

/// The next character and the one after it; nothing is read.
let peek: P<struct (char * char)> =
    fun stream -> Reply(struct (stream.Peek(), stream.Peek(1)))

/// Whether nothing follows.
let isEnd: P<bool> = fun stream -> Reply stream.IsEndOfStream

/// Whether a name, or a number, starts here.
let startsName: P<bool> = fun stream -> Reply(isStart (stream.Peek()))

/// Whether a number starts here.
let startsNumber: P<bool> = fun stream -> Reply(isDigit (stream.Peek()))

/// Reads a character if it is this one.
let skipIf (c: char) : P<bool> = fun stream -> Reply(stream.Skip c)

/// Skips blanks on this line.
let spaces: P<unit> =
    fun stream ->
        stream.SkipCharsOrNewlinesWhile isBlank |> ignore
        Reply(())

let private skipBlanks (stream: CharStream<State>) =
    stream.SkipCharsOrNewlinesWhile isBlank |> ignore

    if stream.Peek() = '/' && stream.Peek(1) = '/' then
        stream.SkipRestOfLine false

/// Skips blanks and a comment on this line.
let blanks: P<unit> =
    fun stream ->
        skipBlanks stream
        Reply(())

/// Skips blanks, comments and newlines.
let lines: P<unit> =
    fun stream ->
        skipBlanks stream

        while stream.SkipNewline() do
            skipBlanks stream

        Reply(())

/// Skips blanks, comments, newlines and `;`.
let separators: P<unit> =
    fun stream ->
        lines stream |> ignore

        while stream.Skip ';' do
            lines stream |> ignore

        Reply(())

/// Whether a statement ends here: at a newline, `;`, `}` or the end of the file.
let endsStatement: P<bool> =
    fun stream ->
        let c = stream.Peek()
        Reply(c = '\n' || c = '\r' || c = ';' || c = '}' || stream.IsEndOfStream)

/// Runs a parser and goes back if it gives None.
let tryRead (p: P<'T option>) : P<'T option> =
    fun stream ->
        let state = stream.State
        let reply = p stream

        if reply.Status = Ok && reply.Result.IsNone then
            stream.BacktrackTo state

        reply

/// Runs a parser and goes back in any case.
let lookAhead (p: P<'T>) : P<'T> =
    fun stream ->
        let state = stream.State
        let reply = p stream
        stream.BacktrackTo state
        reply

/// The word here, for messages: a run of name characters or one character.
let private wordHere: P<string> =
    fun stream ->
        let c = stream.Peek()

        if stream.IsEndOfStream then
            Reply ""
        elif isInner c then
            // Enough for a message: a word may be as long as the file.
            let text = stream.PeekString 60
            Reply(System.String(Seq.toArray (Seq.takeWhile (fun c -> isInner c || c = '.') text)))
        elif c = '\n' || c = '\r' then
            Reply "end of line"
        else
            Reply(stream.Read(if System.Char.IsHighSurrogate c then 2 else 1))

/// Fails with what is here and what was expected.
let unexpected (expected: string list) : P<'T> =
    fun stream ->
        let here = {
            Line = int stream.Line
            Column = int stream.Column
            Length = 1
        }

        let found = (lookAhead wordHere stream).Result

        let length =
            if found = "" || found = "end of line" then
                1
            // A word, or one character, which may be two UTF-16 units.
            elif isInner found[0] || System.Char.IsHighSurrogate found[0] then
                found.Length
            else
                1

        failWith (SyntaxProblem.Unexpected(found, expected)) { here with Length = length } stream

/// A word, reserved or not. `expected`: what to say where there is none.
let word (expected: string list) : P<Located<string>> =
    fun stream ->
        if isStart (stream.Peek()) then
            located (fun s -> Reply(s.ReadCharsOrNewlinesWhile(isInner, false))) stream
        else
            unexpected expected stream

/// A word that is not reserved. `purpose`: what it is used as.
let name (expected: string list) (purpose: string) : P<Located<string>> =
    syntax {
        let! found = word expected

        if Words.isReserved found.Value then
            return! failWith (SyntaxProblem.ReservedName(found.Value, purpose)) found.Span
        else
            return found
    }

/// One character.
let symbol (c: char) : P<Span> =
    syntax {
        let! found = located (skipIf c)

        if found.Value then
            return found.Span
        else
            return! unexpected [ "`" + string c + "`" ]
    }

/// Operands with operators between them, joined from left to right. `operator` reads one or gives
/// None; `right` reads what is on its right side.
let leftToRight
    (operand: P<'T>)
    (operator: P<Located<'O> option>)
    (right: Located<'O> -> P<'T>)
    (join: Located<'O> -> 'T -> 'T -> 'T)
    : P<'T> =
    fun stream ->
        let mutable left = operand stream
        let mutable count = 0
        let mutable isOpen = true

        while isOpen && left.Status = Ok do
            match (operator stream).Result with
            | None -> isOpen <- false
            | Some found ->
                count <- count + 1

                let next =
                    if count > maxDepth then
                        failWith (SyntaxProblem.TooDeep maxDepth) found.Span stream
                    else
                        right found stream

                left <-
                    if next.Status = Ok then
                        Reply(join found left.Result next.Result)
                    else
                        next

        left

/// Runs a parser one level deeper; `span` is the place for an error about the depth.
let deeper (span: Span) (p: P<'T>) : P<'T> =
    fun stream ->
        let depth = stream.UserState.Depth

        if depth >= maxDepth then
            failWith (SyntaxProblem.TooDeep maxDepth) span stream
        else
            stream.UserState <- {
                stream.UserState with
                    Depth = depth + 1
            }

            let reply = p stream
            stream.UserState <- { stream.UserState with Depth = depth }
            reply
