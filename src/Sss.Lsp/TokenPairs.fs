namespace Sss.Lsp

open System.Collections.Generic
open Sss.Dsl

/// Tokens of a text that may be half typed.
[<RequireQualifiedAccess>]
module internal TokenPairs =

    /// By token: the other one of a pair of braces or parentheses; -1: it has none.
    let partners (tokens: PlacedToken[]) : int[] =
        let result = Array.create tokens.Length -1
        let opened = Stack<struct (char * int)>()

        let close isPair i =
            if opened.Count > 0 then
                let struct (c, j) = opened.Peek()

                if isPair c then
                    opened.Pop() |> ignore
                    result[i] <- j
                    result[j] <- i

        for i in 0 .. tokens.Length - 1 do
            match tokens[i].Token with
            | Token.Mark('{' | '(' as c) -> opened.Push(struct (c, i))
            | Token.Mark ')' -> close (fun c -> c = '(') i
            | Token.Mark '}' ->
                // A parenthesis that is not closed ends with its body.
                while opened.Count > 0 && (let struct (c, _) = opened.Peek() in c = '(') do
                    opened.Pop() |> ignore

                close (fun c -> c = '{') i
            | _ -> ()

        result

    /// The last token that begins at an index or before it; -1 before the first one.
    let indexAt (tokens: PlacedToken[]) (offset: int) : int =
        let mutable low, high = 0, tokens.Length

        while low < high do
            let middle = (low + high) / 2

            if tokens[middle].Start <= offset then
                low <- middle + 1
            else
                high <- middle

        low - 1

    /// Whether a token is this mark.
    let isMark (tokens: PlacedToken[]) c i =
        i < tokens.Length && tokens[i].Token = Token.Mark c

    /// The next token from here on that is no newline and no comment.
    let rec next (tokens: PlacedToken[]) i =
        if i >= tokens.Length then
            i
        else
            match tokens[i].Token with
            | Token.Newline
            | Token.Comment _ -> next tokens (i + 1)
            | Token.Word _
            | Token.Mark _
            | Token.Operator _ -> i
