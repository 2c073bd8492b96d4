/// The statements of the language. One of the three files that know FParsec.
module internal Sss.Dsl.Grammar

open FParsec
open Sss
open Sss.Dsl.Lexeme

/// Mistakes of form that are worth reading; a text with more of them is no text of ours.
let maxErrors = 100

/// The problem that a failed reply carries.
let errorOf (stream: CharStream<State>) (reply: Reply<'T>) : SyntaxError =
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

/// Notes a mistake. False: there are too many, parsing is over.
let note (stream: CharStream<State>) (error: SyntaxError) : bool =
    let state = stream.UserState

    if state.Count < maxErrors then
        stream.UserState <- {
            state with
                Errors = error :: state.Errors
                Count = state.Count + 1
        }

    state.Count + 1 < maxErrors

/// Skips to where the next statement may begin: behind what is broken, over whole braces.
let private skipStatement (stream: CharStream<State>) =
    let mutable depth = 0
    let mutable go = true

    while go && not stream.IsEndOfStream do
        match stream.Peek() with
        | '\n'
        | '\r'
        | ';' when depth = 0 -> go <- false
        | '}' when depth = 0 -> go <- false
        | '}' ->
            depth <- depth - 1
            stream.Skip()
        | '{' ->
            depth <- depth + 1
            stream.Skip()
        | '/' when stream.Peek(1) = '/' -> skipBlanks stream
        | '\n'
        | '\r' -> stream.SkipNewline() |> ignore
        | _ -> stream.Skip()

/// Runs a parser; a mistake is noted and skipped, and `broken` stands in its place.
let private recover (broken: 'T) (p: P<'T>) : P<'T> =
    fun stream ->
        let depth = stream.UserState.Depth
        let reply = p stream

        if reply.Status = Ok || stream.UserState.Count >= maxErrors then
            reply
        else
            stream.UserState <- {
                stream.UserState with
                    Depth = depth
            }

            if note stream (errorOf stream reply) then
                skipStatement stream
                Reply broken
            else
                reply

/// Whether the next word is this one and no label; nothing is read.
let private isNextWord (word: string) (stream: CharStream<State>) =
    stream.Match word
    && (let state = stream.State
        let found = (name "" stream).Result.Value
        skipBlanks stream
        let isLabel = stream.Peek() = ':'
        stream.BacktrackTo state
        found = word && not isLabel)

/// The things in a pair of braces, each ended by a newline or `;`. `what` names the owner of the braces.
let braces (what: string) (broken: 'T) (p: P<'T>) : P<'T list> =
    fun stream ->
        skipLines stream
        let opened = symbol '{' stream

        if opened.Status <> Ok then
            failed opened
        else
            let items = ResizeArray<'T>()

            let rec loop (stream: CharStream<State>) : Reply<'T list> =
                skipLines stream

                if stream.IsEndOfStream then
                    let error = {
                        Problem = SyntaxProblem.Unclosed what
                        Span = opened.Result
                    }

                    // One missing brace leaves all outer ones open too: the innermost tells enough.
                    let isFirst =
                        stream.UserState.Errors
                        |> List.forall (fun e ->
                            match e.Problem with
                            | SyntaxProblem.Unclosed _ -> false
                            | _ -> true
                        )

                    if isFirst then
                        note stream error |> ignore

                    Reply(List.ofSeq items)
                elif stream.Skip '}' then
                    Reply(List.ofSeq items)
                elif stream.Skip ';' then
                    loop stream
                else
                    let reply =
                        recover
                            broken
                            (fun stream ->
                                let reply = p stream

                                if reply.Status <> Ok then
                                    reply
                                else
                                    skipBlanks stream
                                    let c = stream.Peek()

                                    if
                                        stream.IsEndOfStream
                                        || c = ';'
                                        || c = '}'
                                        || c = '\n'
                                        || c = '\r'
                                    then
                                        reply
                                    else
                                        unexpected stream [ "`;`"; "a new line" ]
                            )
                            stream

                    if reply.Status = Ok then
                        items.Add reply.Result
                        loop stream
                    else
                        failed reply

            deeper opened.Result loop stream

/// `NAME = value` behind a name that has been read: skips `=` and the blanks around it.
let private skipEquals (stream: CharStream<State>) : bool =
    let state = stream.State
    skipBlanks stream

    if stream.Peek() = '=' then
        stream.Skip()
        skipBlanks stream
        true
    else
        stream.BacktrackTo state
        false

/// Things between parentheses with commas between them.
let private commaList (p: P<'T>) : P<'T list> =
    fun stream ->
        let opened = symbol '(' stream

        if opened.Status <> Ok then
            failed opened
        else
            let items = ResizeArray<'T>()

            let rec loop (stream: CharStream<State>) : Reply<'T list> =
                skipLines stream
                let reply = p stream

                if reply.Status <> Ok then
                    failed reply
                else
                    items.Add reply.Result
                    skipLines stream

                    if stream.Skip ',' then loop stream
                    elif stream.Skip ')' then Reply(List.ofSeq items)
                    else unexpected stream [ "`,`"; "`)`" ]

            skipLines stream

            if stream.Skip ')' then Reply [] else loop stream

/// `NAME=expr` in parentheses.
let private namedExpr: P<Located<string> * Expr> =
    fun stream ->
        let word = name "a name" stream

        if word.Status <> Ok then
            failed word
        else
            skipLines stream

            if not (stream.Skip '=') then
                unexpected stream [ "`=`" ]
            else
                skipLines stream
                let value = expr ManyLines stream

                if value.Status <> Ok then
                    failed value
                else
                    Reply((word.Result, value.Result))

/// `@scale(kind, NAME=expr, …)`.
let private scale: P<ScaleSyntax> =
    fun stream ->
        let line, column = stream.Line, stream.Column
        stream.Skip()

        if not (isNextWord "scale" stream) then
            unexpected stream [ "`scale` behind `@`" ]
        else
            name "" stream |> ignore
            skipBlanks stream
            let mutable kind: Located<string> option = None

            let part: P<(Located<string> * Expr) option> =
                fun stream ->
                    if kind.IsNone then
                        let word = name "`neuron`, `group` or `block`" stream

                        if word.Status = Ok then
                            kind <- Some word.Result

                        if word.Status = Ok then Reply None else failed word
                    else
                        let reply = namedExpr stream

                        if reply.Status = Ok then
                            Reply(Some reply.Result)
                        else
                            failed reply

            let parts = commaList part stream

            match parts.Status, kind with
            | Ok, Some kind ->
                Reply {
                    Kind = kind
                    Arguments = List.choose id parts.Result
                    Span = spanFrom stream line column
                }
            | Ok, None ->
                failWith
                    (SyntaxProblem.Unexpected("()", [ "`neuron`"; "`group`"; "`block`" ]))
                    (spanFrom stream line column)
            | _ -> failed parts

/// The value of an argument.
let private value: P<Located<Value>> =
    fun stream ->
        let line, column = stream.Line, stream.Column
        let state = stream.State

        let asExpr () =
            let reply = expr Tight stream

            if reply.Status <> Ok then
                failed reply
            else
                // `4 * k`: an operator, then a blank.
                let after = stream.State
                skipBlanks stream
                let c = stream.Peek()
                let next = stream.Peek(1)

                let isLoose =
                    (c = '*' || c = '/')
                    || ((c = '+' || c = '-') && (next = ' ' || next = '\t'))

                if isLoose then
                    let line, column = stream.Line, stream.Column
                    stream.Skip()

                    failWith
                        (SyntaxProblem.LooseOperator(string c))
                        (spanFrom stream line column)
                else
                    stream.BacktrackTo after

                    Reply {
                        Value = Value.Expr reply.Result
                        Span = spanFrom stream line column
                    }

        let c = stream.Peek()

        if isDigit c then
            let number = numberOrDims stream

            if number.Status <> Ok then
                failed number
            else
                match number.Result.Value with
                | Choice2Of2 dims ->
                    Reply {
                        Value = Value.Dims dims
                        Span = number.Result.Span
                    }
                | Choice1Of2 _ ->
                    stream.BacktrackTo state
                    asExpr ()
        elif startsName stream then
            let word = (name "" stream).Result

            if word.Value = "yes" || word.Value = "no" || word.Value = "global" then
                Reply {
                    Value = Value.Word word.Value
                    Span = word.Span
                }
            else
                stream.BacktrackTo state
                asExpr ()
        elif c = '(' || c = '-' || c = '+' then
            asExpr ()
        else
            unexpected stream [ "an argument"; "`;`"; "a new line" ]

/// One argument of a layer or a call.
let private argument: P<Argument> =
    fun stream ->
        let state = stream.State

        let named =
            if startsName stream then
                let word = name "" stream

                if skipEquals stream then
                    Some word.Result
                else
                    stream.BacktrackTo state
                    None
            else
                None

        let reply = value stream

        if reply.Status = Ok then
            Reply { Name = named; Value = reply.Result }
        else
            failed reply

/// A layer or a call, its word read.
let private apply (word: Located<string>) : P<StatementKind> =
    fun stream ->
        let arguments = ResizeArray<Argument>()
        let scales = ResizeArray<ScaleSyntax>()

        let rec loop (stream: CharStream<State>) : Reply<StatementKind> =
            skipBlanks stream
            let c = stream.Peek()

            if stream.IsEndOfStream || c = '\n' || c = '\r' || c = ';' || c = '}' then
                Reply(StatementKind.Apply(word, List.ofSeq arguments, List.ofSeq scales))
            elif c = '@' then
                let reply = scale stream

                if reply.Status = Ok then
                    scales.Add reply.Result
                    loop stream
                else
                    failed reply
            else
                let reply = argument stream

                if reply.Status <> Ok then
                    failed reply
                else
                    let isLate =
                        reply.Result.Name.IsNone
                        && arguments.Count > 0
                        && arguments[arguments.Count - 1].Name.IsSome

                    if isLate then
                        failWith SyntaxProblem.PositionalAfterNamed reply.Result.Value.Span
                    else
                        arguments.Add reply.Result
                        loop stream

        loop stream

let private brokenStatement: Statement = {
    Label = None
    Kind = StatementKind.Broken
    Span = { Line = 1; Column = 1; Length = 1 }
}

/// A statement in a body.
let rec statement: P<Statement> =
    fun stream ->
        if stream.Peek() = '{' then
            let line, column = stream.Line, stream.Column
            let span = { Line = int line; Column = int column; Length = 1 }
            let reply = body "body" stream

            if reply.Status = Ok then
                Reply {
                    Label = None
                    Kind = StatementKind.Body reply.Result
                    Span = span
                }
            else
                failed reply
        else
            let word =
                name "a layer, a call, `repeat`, `residual`, `concat` or `}`" stream

            if word.Status <> Ok then
                failed word
            else
                let state = stream.State
                skipBlanks stream

                if stream.Skip ':' then
                    labelled word.Result stream
                else
                    stream.BacktrackTo state
                    core None word.Result stream

/// What stands behind a label.
and private labelled (label: Located<string>) : P<Statement> =
    fun stream ->
        skipLines stream
        let isBody = stream.Peek() = '{'

        // `shortcut: { … }` is what is left of a projection whose branch is gone.
        if Words.isReserved label.Value && not (isBody && label.Value = "shortcut") then
            failWith (SyntaxProblem.ReservedName(label.Value, "a label")) label.Span
        elif isBody then
            let reply = body "named scope" stream

            if reply.Status = Ok then
                Reply {
                    Label = Some label
                    Kind = StatementKind.Body reply.Result
                    Span = label.Span
                }
            else
                failed reply
        else
            let word = name "a statement behind the label" stream

            if word.Status = Ok then
                core (Some label) word.Result stream
            else
                failed word

and private core (label: Located<string> option) (word: Located<string>) : P<Statement> =
    fun stream ->
        let kind: Reply<StatementKind> =
            match word.Value with
            | "repeat" -> repeat stream
            | "residual" -> residual stream
            | "concat" -> concat stream
            | "train" -> failWith SyntaxProblem.TrainInside word.Span
            | "input"
            | "classes"
            | "def"
            | "network" -> failWith (SyntaxProblem.ItemInside word.Value) word.Span
            | text when Words.isReserved text && not (Words.isKind text) ->
                failWith
                    (SyntaxProblem.Unexpected(
                        text,
                        [ "a layer"; "a call"; "`repeat`"; "`residual`"; "`concat`" ]
                    ))
                    word.Span
            | _ -> apply word stream

        if kind.Status = Ok then
            Reply {
                Label = label
                Kind = kind.Result
                Span = word.Span
            }
        else
            failed kind

and private repeat: P<StatementKind> =
    fun stream ->
        skipBlanks stream
        let count = expr OneLine stream

        if count.Status <> Ok then
            failed count
        else
            let reply = body "`repeat`" stream

            if reply.Status = Ok then
                Reply(StatementKind.Repeat(count.Result, reply.Result))
            else
                failed reply

and private residual: P<StatementKind> =
    fun stream ->
        let scales = ResizeArray<ScaleSyntax>()

        let rec readScales (stream: CharStream<State>) : Reply<unit> =
            skipBlanks stream

            if stream.Peek() = '@' then
                let reply = scale stream

                if reply.Status = Ok then
                    scales.Add reply.Result
                    readScales stream
                else
                    failed reply
            else
                Reply(())

        let scaled = readScales stream

        if scaled.Status <> Ok then
            failed scaled
        else
            let branch = body "`residual`" stream

            if branch.Status <> Ok then
                failed branch
            else
                let state = stream.State
                skipLines stream

                if isNextWord "shortcut" stream then
                    name "" stream |> ignore
                    let reply = shortcut stream

                    if reply.Status = Ok then
                        Reply(
                            StatementKind.Residual(
                                List.ofSeq scales,
                                branch.Result,
                                reply.Result
                            )
                        )
                    else
                        failed reply
                else
                    stream.BacktrackTo state

                    Reply(
                        StatementKind.Residual(
                            List.ofSeq scales,
                            branch.Result,
                            ShortcutSyntax.Identity
                        )
                    )

and private shortcut: P<ShortcutSyntax> =
    fun stream ->
        let state = stream.State
        skipLines stream

        if stream.Peek() = '{' then
            let reply = body "`shortcut`" stream

            if reply.Status = Ok then
                Reply(ShortcutSyntax.Body reply.Result)
            else
                failed reply
        else
            stream.BacktrackTo state
            skipBlanks stream
            let before = stream.State
            let word = name "`identity`, `auto` or `{`" stream

            if word.Status <> Ok then
                failed word
            else
                match word.Result.Value with
                | "identity" -> Reply ShortcutSyntax.Identity
                | "auto" -> Reply ShortcutSyntax.Auto
                | _ ->
                    stream.BacktrackTo before
                    unexpected stream [ "`identity`"; "`auto`"; "`{`" ]

and private concat: P<StatementKind> =
    fun stream ->
        let branches = ResizeArray()

        let label (stream: CharStream<State>) : Located<string> option =
            if stream.Match "branch" then
                let word = (name "" stream).Result
                skipBlanks stream

                if stream.Skip ':' && word.Value <> "branch" then
                    Some word
                else
                    None
            else
                None

        let rec loop (stream: CharStream<State>) : Reply<StatementKind> =
            let state = stream.State
            skipLines stream
            let start = stream.State
            let line, column = stream.Line, stream.Column
            let word = label stream

            if word.IsNone then
                stream.BacktrackTo start
            else
                skipLines stream

            if stream.Peek() = '{' then
                let span = { Line = int line; Column = int column; Length = 1 }
                let reply = body "`concat`" stream

                if reply.Status = Ok then
                    branches.Add((word, reply.Result, span))
                    loop stream
                else
                    failed reply
            elif branches.Count < 2 then
                stream.BacktrackTo start
                unexpected stream [ "`{`: a concat joins at least two bodies" ]
            else
                stream.BacktrackTo state
                Reply(StatementKind.Concat(List.ofSeq branches))

        loop stream

/// `{ statements }`.
and body (what: string) : P<Statement list> =
    braces what brokenStatement (fun stream -> statement stream)

/// `def NAME(parameters) { … }`, the word read.
let private definition: P<Item> =
    fun stream ->
        skipBlanks stream
        let word = name "the definition's name" stream

        if word.Status <> Ok then
            failed word
        elif Words.isReserved word.Result.Value then
            failWith
                (SyntaxProblem.ReservedName(word.Result.Value, "a definition's name"))
                word.Result.Span
        else
            skipBlanks stream

            let parameter: P<ParameterSyntax> =
                fun stream ->
                    let word = name "a parameter" stream

                    if word.Status <> Ok then
                        failed word
                    elif Words.isReserved word.Result.Value then
                        failWith
                            (SyntaxProblem.ReservedName(word.Result.Value, "a parameter"))
                            word.Result.Span
                    else
                        skipLines stream

                        if stream.Skip '=' then
                            skipLines stream
                            let value = expr ManyLines stream

                            if value.Status = Ok then
                                Reply {
                                    Name = word.Result
                                    Default = Some value.Result
                                }
                            else
                                failed value
                        else
                            Reply { Name = word.Result; Default = None }

            let parameters = commaList parameter stream

            if parameters.Status <> Ok then
                failed parameters
            else
                let reply = body "`def`" stream

                if reply.Status = Ok then
                    Reply(
                        Item.Definition {
                            Name = word.Result
                            Parameters = parameters.Result
                            Body = reply.Result
                        }
                    )
                else
                    failed reply

/// What stands directly in the braces of a network.
let item: P<Item> =
    fun stream ->
        let state = stream.State

        let keyword =
            if startsName stream then
                let word = (name "" stream).Result
                skipBlanks stream
                if stream.Peek() = ':' then None else Some word
            else
                None

        match keyword with
        | Some { Value = "input"; Span = span } ->
            let reply = numberOrDims stream

            if reply.Status <> Ok then
                failed reply
            else
                match reply.Result.Value with
                | Choice2Of2 dims ->
                    Reply(
                        Item.Input(
                            {
                                Value = dims
                                Span = reply.Result.Span
                            },
                            span
                        )
                    )
                | Choice1Of2 n ->
                    Reply(
                        Item.Input(
                            {
                                Value = [ int64 n ]
                                Span = reply.Result.Span
                            },
                            span
                        )
                    )
        | Some { Value = "classes"; Span = span } ->
            let reply = numberOrDims stream

            if reply.Status <> Ok then
                failed reply
            else
                match reply.Result.Value with
                | Choice1Of2 n ->
                    Reply(
                        Item.Classes(
                            {
                                Value = n
                                Span = reply.Result.Span
                            },
                            span
                        )
                    )
                | Choice2Of2 _ ->
                    failWith
                        (SyntaxProblem.Unexpected("a size", [ "the number of classes" ]))
                        reply.Result.Span
        | Some { Value = "def" } -> definition stream
        | _ ->
            stream.BacktrackTo state
            let reply = statement stream

            if reply.Status = Ok then
                Reply(Item.Statement reply.Result)
            else
                failed reply

/// Everything in the braces of a network.
let items: P<Item list> =
    fun stream -> braces "network" (Item.Statement brokenStatement) item stream
