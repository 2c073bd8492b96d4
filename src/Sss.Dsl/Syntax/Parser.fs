/// Files and recipes. One of the three files that know FParsec, and the border: what leaves it
/// are plain values.
module internal Sss.Dsl.Parser

open FParsec
open Sss
open Sss.Dsl.Lexeme
open Sss.Dsl.Grammar

/// One word of a recipe's item.
let private recipeWord: P<RecipeWord> =
    fun stream ->
        let line, column = stream.Line, stream.Column

        let number () : Reply<Located<float>> =
            let isNegative = stream.Skip '-'
            let reply = numberOrDims stream

            if reply.Status <> Ok then
                failed reply
            else
                match reply.Result.Value with
                | Choice1Of2 n ->
                    Reply {
                        Value = if isNegative then -n else n
                        Span = spanFrom stream line column
                    }
                | Choice2Of2 _ ->
                    failWith
                        (SyntaxProblem.Unexpected("a size", [ "a number" ]))
                        reply.Result.Span

        let c = stream.Peek()

        if c = ',' then
            stream.Skip()
            Reply(RecipeWord.Comma(spanFrom stream line column))
        elif isDigit c || c = '-' then
            let reply = number ()

            if reply.Status = Ok then
                Reply(RecipeWord.Number(reply.Result.Value, reply.Result.Span))
            else
                failed reply
        elif startsName stream then
            let word = (name "" stream).Result
            let state = stream.State
            skipBlanks stream

            if stream.Skip '=' then
                skipBlanks stream
                let reply = number ()

                if reply.Status = Ok then
                    Reply(
                        RecipeWord.Named(
                            word,
                            {
                                Value = reply.Result.Value
                                Span = spanFrom stream line column
                            }
                        )
                    )
                else
                    failed reply
            else
                stream.BacktrackTo state
                Reply(RecipeWord.Word(word.Value, word.Span))
        else
            unexpected stream [ "a number"; "a word"; "`;`"; "a new line" ]

let private recipeItem: P<RecipeItem> =
    fun stream ->
        let keyword = name "an item of the recipe or `}`" stream

        if keyword.Status <> Ok then
            failed keyword
        else
            let words = ResizeArray()

            let rec loop (stream: CharStream<State>) : Reply<RecipeItem> =
                skipBlanks stream
                let c = stream.Peek()

                // The epochs of `step … at` may go over lines behind a comma.
                let isOpen =
                    words.Count > 0
                    && (match words[words.Count - 1] with
                        | RecipeWord.Comma _ -> true
                        | _ -> false)

                if isOpen && (c = '\n' || c = '\r') then
                    skipLines stream
                    loop stream
                elif stream.IsEndOfStream || c = '\n' || c = '\r' || c = ';' || c = '}' then
                    Reply {
                        Keyword = keyword.Result
                        Words = List.ofSeq words
                    }
                else
                    let reply = recipeWord stream

                    if reply.Status = Ok then
                        words.Add reply.Result
                        loop stream
                    else
                        failed reply

            loop stream

let private brokenItem: RecipeItem = {
    Keyword = {
        Value = ""
        Span = { Line = 1; Column = 1; Length = 1 }
    }
    Words = []
}

/// Behind the network: the recipe, or nothing.
let private train: P<Train option> =
    fun stream ->
        skipLines stream

        if stream.IsEndOfStream then
            Reply None
        elif not (startsName stream) then
            unexpected stream [ "`train`"; "the end of the file" ]
        else
            let state = stream.State
            let word = (name "" stream).Result

            if word.Value <> "train" then
                stream.BacktrackTo state
                unexpected stream [ "`train`"; "the end of the file" ]
            else
                let items = braces "`train`" brokenItem recipeItem stream

                if items.Status <> Ok then
                    failed items
                else
                    skipLines stream

                    if stream.IsEndOfStream then
                        Reply(
                            Some {
                                Items = items.Result |> List.filter (fun i -> i.Keyword.Value <> "")
                                Keyword = word.Span
                            }
                        )
                    else
                        unexpected stream [ "the end of the file" ]

let private file: P<File> =
    fun stream ->
        skipLines stream
        let state = stream.State

        let isNetwork =
            startsName stream && (name "" stream).Result.Value = "network"

        if not isNetwork then
            stream.BacktrackTo state

            let span = {
                Line = int stream.Line
                Column = int stream.Column
                Length = 1
            }

            failWith SyntaxProblem.NoNetwork span
        else
            skipLines stream
            let word = name "the network's name" stream

            if word.Status <> Ok then
                failed word
            elif Words.isReserved word.Result.Value then
                failWith
                    (SyntaxProblem.ReservedName(word.Result.Value, "a network's name"))
                    word.Result.Span
            else
                let items = items stream

                if items.Status <> Ok then
                    failed items
                else
                    let reply = train stream

                    // Mistakes in the recipe do not hide those in the network.
                    let recipe =
                        if reply.Status = Ok then
                            reply.Result
                        else
                            if stream.UserState.Count < maxErrors then
                                note stream (errorOf stream reply) |> ignore

                            None

                    Reply {
                        Name = word.Result
                        Items = items.Result
                        Train = recipe
                    }

/// Parses a text: what was understood of it, if it was a network at all, and all mistakes of form
/// in the order of the text.
let parse (text: string) : File option * SyntaxError list =
    use stream = new CharStream<State>(text, 0, text.Length)

    stream.UserState <- {
        Depth = 0
        Errors = []
        Count = 0
    }

    let reply = file stream

    if reply.Status = Ok then
        Some reply.Result, List.rev stream.UserState.Errors
    else
        if stream.UserState.Count < maxErrors then
            note stream (errorOf stream reply) |> ignore

        None, List.rev stream.UserState.Errors
