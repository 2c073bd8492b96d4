namespace Sss.Lsp

open System.Collections.Generic
open Sss.Dsl

/// Where the cursor is in a text that may be half typed: known from the tokens before it alone.
type internal Cursor = {
    /// Words that own the open braces, the innermost first: `residual`, `def`, `network`.
    Owners: string list
    /// Tokens of the statement so far, without its label and without the word at the cursor.
    Statement: int list
    /// The token before the parenthesis that the cursor is in.
    Parenthesis: int option
    /// Tokens since that parenthesis.
    Inside: int list
    /// The word at the cursor, up to it, and where it begins.
    Partial: string
    Start: int
    /// Whether the last thing before the statement is a body of this owner.
    After: string
}

/// Finding out where the cursor is.
[<RequireQualifiedAccess>]
module internal Cursor =

    /// What is known of the innermost braces or parentheses.
    type private Frame = {
        Owner: string
        Opener: int option
        Found: int list
    }

    let private outermost = {
        Owner = ""
        Opener = None
        Found = []
    }

    /// The statement's own word: the first one, or the one after a label.
    let private owner (outline: Outline) (found: int list) : string =
        let words = List.rev found |> List.map (Outline.text outline)

        match words with
        | label :: ":" :: rest ->
            match rest with
            | [] -> label
            | word :: _ -> word
        | word :: _ -> word
        | [] -> ""

    /// The frames at a token, the innermost first, and the owner of a body that has just been closed.
    let private frames (outline: Outline) (count: int) : Frame list * string =
        let stack = Stack [ outermost ]
        let mutable after = ""

        let change f =
            let top = stack.Pop()
            stack.Push(f top)

        for i in 0 .. count - 1 do
            match outline.Tokens[i].Token with
            | Token.Mark '{' ->
                stack.Push {
                    Owner = owner outline (stack.Peek()).Found
                    Opener = None
                    Found = []
                }
            | Token.Mark '(' ->
                stack.Push {
                    Owner = (stack.Peek()).Owner
                    Opener = List.tryHead (stack.Peek()).Found
                    Found = []
                }
            | Token.Mark('}' | ')') when stack.Count > 1 ->
                let closed = stack.Pop()

                after <-
                    if outline.Tokens[i].Token = Token.Mark '}' then
                        closed.Owner
                    else
                        after

                change (fun top -> { top with Found = i :: top.Found })
            | Token.Newline when (stack.Peek()).Opener.IsSome -> ()
            | Token.Newline
            | Token.Mark ';' ->
                // A parenthesis that is never closed ends with its statement.
                change (fun top -> { top with Found = [] })
            | Token.Comment _ -> ()
            | Token.Word _
            | Token.Mark _
            | Token.Operator _ ->
                if (stack.Peek()).Found.IsEmpty then
                    after <- ""

                change (fun top -> { top with Found = i :: top.Found })

        List.ofSeq stack, after

    /// A statement's tokens without its label.
    let private unlabelled (outline: Outline) (tokens: int list) : int list =
        match tokens with
        | _ :: colon :: rest when outline.Tokens[colon].Token = Token.Mark ':' -> rest
        | tokens -> tokens

    /// Where the cursor is.
    let at (outline: Outline) (offset: int) : Cursor =
        // The last token that begins before the cursor.
        let last = TokenPairs.indexAt outline.Tokens (offset - 1)

        let isPartial =
            last >= 0
            && outline.Tokens[last].Stop >= offset
            && (
                match outline.Tokens[last].Token with
                | Token.Word _ -> true
                | Token.Mark '@' -> true
                | Token.Mark _
                | Token.Operator _
                | Token.Comment _
                | Token.Newline -> false
            )

        let start = if isPartial then outline.Tokens[last].Start else offset
        let frames, after = frames outline (if isPartial then last else last + 1)

        let statement =
            frames
            |> List.tryFind (fun f -> f.Opener.IsNone)
            |> Option.map _.Found
            |> Option.defaultValue []

        let inner = frames |> List.tryHead |> Option.filter _.Opener.IsSome

        {
            Owners =
                frames
                |> List.filter (fun f -> f.Opener.IsNone && f.Owner <> "")
                |> List.map _.Owner
            Statement = unlabelled outline (List.rev statement)
            Parenthesis = inner |> Option.bind _.Opener
            Inside = inner |> Option.map (fun f -> List.rev f.Found) |> Option.defaultValue []
            Partial = outline.Source.Text.Substring(start, max 0 (offset - start))
            Start = start
            After = after
        }

    /// Whether the cursor is in a comment.
    let isInComment (outline: Outline) (offset: int) : bool =
        let last = TokenPairs.indexAt outline.Tokens (offset - 1)

        last >= 0
        && (
            match outline.Tokens[last].Token with
            | Token.Comment _ -> outline.Tokens[last].Stop >= offset
            | Token.Word _
            | Token.Mark _
            | Token.Operator _
            | Token.Newline -> false
        )

    /// The name that a `NAME=` right before the cursor gives a value to.
    let named (outline: Outline) (tokens: int list) : string option =
        match List.rev tokens with
        | equals :: name :: _ when outline.Tokens[equals].Token = Token.Mark '=' ->
            Some(Outline.text outline name)
        | _ -> None

    /// The arguments of a statement: the name of each that has one. Blanks are between them.
    let arguments (outline: Outline) (tokens: int list) : string option list =
        let isStart (before: int) (i: int) =
            outline.Tokens[i].Start > outline.Tokens[before].Stop
            && outline.Tokens[before].Token <> Token.Mark '='
            && outline.Tokens[i].Token <> Token.Mark '='

        let starts =
            List.pairwise tokens |> List.filter (fun (a, b) -> isStart a b) |> List.map snd

        starts
        |> List.map (fun i ->
            let isNamed =
                i + 1 < outline.Tokens.Length && outline.Tokens[i + 1].Token = Token.Mark '='

            if isNamed then Some(Outline.text outline i) else None
        )
