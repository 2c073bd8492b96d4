/// Continuing after a mistake, so that one run reports them all. One of the three files that know FParsec.
module internal Sss.Dsl.Recovery

open FParsec
open Sss.Core
open Sss.Dsl.Lexeme

/// The problem that a failed reply carries.
let private errorOf (stream: CharStream<State>) (reply: Reply<'T>) : SyntaxError =
    ErrorMessageList.ToSortedArray reply.Error
    |> Array.tryPick (
        function
        | OtherErrorMessage(:? SyntaxError as error) -> Some error
        | _ -> None
    )
    |> Option.defaultWith (fun () -> {
        Problem = SyntaxProblem.Unexpected("", [ "more" ])
        Span = {
            Line = int stream.Line
            Column = int stream.Column
            Length = 1
        }
    })

/// Notes a mistake; after the last one that is worth reading, parsing is over.
let private note (error: SyntaxError) : P<unit> =
    fun stream ->
        let state = stream.UserState

        if state.Count < maxErrors then
            stream.UserState <- {
                state with
                    Errors = error :: state.Errors
                    Count = state.Count + 1
            }

        if state.Count + 1 < maxErrors then
            Reply(())
        else
            failWith error.Problem error.Span stream

/// Skips to where the next statement may begin: after what is broken, over whole braces.
let private skipStatement (stream: CharStream<State>) =
    let mutable depth = 0
    let mutable isOpen = true

    while isOpen && not stream.IsEndOfStream do
        match stream.Peek() with
        | '\n'
        | '\r'
        | ';'
        | '}' when depth = 0 -> isOpen <- false
        | '\n'
        | '\r' -> stream.SkipNewline() |> ignore
        | '/' when stream.Peek(1) = '/' -> stream.SkipRestOfLine false
        | c ->
            stream.Skip()

            if c = '{' then
                depth <- depth + 1
            elif c = '}' then
                depth <- depth - 1

/// Runs a parser; a mistake is noted and skipped, and `broken` is used in its place.
let recover (broken: 'T) (p: P<'T>) : P<'T> =
    fun stream ->
        let reply = p stream

        if reply.Status = Ok || stream.UserState.Count >= maxErrors then
            reply
        else
            let noted = note (errorOf stream reply) stream

            if noted.Status = Ok then
                skipStatement stream
                Reply broken
            else
                failed noted

/// Runs a parser; where it fails, this is the problem.
let otherwise (problem: SyntaxProblem) (span: Span) (p: P<'T>) : P<'T> =
    fun stream ->
        let reply = p stream

        if reply.Status = Ok then
            reply
        else
            failWith problem span stream

/// Notes a `{` that is never closed. One missing brace leaves all outer ones open too: the
/// innermost is enough.
let private noteUnclosed what span : P<unit> =
    fun stream ->
        let isUnclosed (error: SyntaxError) =
            match error.Problem with
            | SyntaxProblem.Unclosed _ -> true
            | _ -> false

        if List.exists isUnclosed stream.UserState.Errors then
            Reply(())
        else
            note
                {
                    Problem = SyntaxProblem.Unclosed what
                    Span = span
                }
                stream

/// The things in a pair of braces, each ended by a newline or `;`. `what` names the braces' owner.
let braces (what: string) (broken: 'T) (p: P<'T>) : P<'T list> =
    let ended =
        syntax {
            let! found = p
            do! blanks

            match! endsStatement with
            | true -> return found
            | false -> return! unexpected [ "`;`"; "a new line" ]
        }

    let next opened =
        syntax {
            do! separators
            let! isOver = isEnd
            let! isClosed = skipIf '}'

            if isOver then
                do! noteUnclosed what opened
                return None
            elif isClosed then
                return None
            else
                let! found = recover broken ended
                return Some found
        }

    syntax {
        do! lines
        let! opened = symbol '{'
        return! deeper opened (collect (next opened))
    }

/// Runs a parser over a whole text: its result, and all mistakes in the order of the text.
let run (p: P<'T>) (text: string) : 'T option * SyntaxError list =
    use stream = new CharStream<State>(text, 0, text.Length)
    stream.UserState <- { Depth = 0; Errors = []; Count = 0 }

    let reply =
        recover
            None
            (fun s -> (let r = p s in if r.Status = Ok then Reply(Some r.Result) else failed r))
            stream

    let result = if reply.Status = Ok then reply.Result else None
    result, List.rev stream.UserState.Errors
