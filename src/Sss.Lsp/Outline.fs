namespace Sss.Lsp

open Sss.Core
open Sss.Dsl

/// What is where in a text: its tokens, which braces belong together, and the statements between them.
type internal Outline = {
    Source: SourceText
    Tokens: PlacedToken[]
    /// By token: the other one of a pair of braces or parentheses; -1: it has none.
    Partner: int[]
    /// The braces of the network, if there is one.
    Network: PlacedBody option
    Definitions: PlacedDefinition list
    /// The braces of the recipe, and the word before them.
    Train: (int * PlacedBody) option
}

/// Where things are.
[<RequireQualifiedAccess>]
module internal Outline =

    /// The word at a place: it may begin or end there.
    let wordAt (outline: Outline) (offset: int) : int option =
        let holds i =
            if i < 0 then
                false
            else
                match outline.Tokens[i].Token with
                | Token.Word _ -> outline.Tokens[i].Stop >= offset
                | _ -> false

        let i = TokenPairs.indexAt outline.Tokens offset

        if holds i then Some i
        elif holds (i - 1) then Some(i - 1)
        else None

    /// The text of a token.
    let text (outline: Outline) (i: int) : string =
        let token = outline.Tokens[i]
        outline.Source.Text.Substring(token.Start, token.Stop - token.Start)

    let range (outline: Outline) (first: int) (last: int) : TextRange =
        SourceText.range outline.Source outline.Tokens[first].Start outline.Tokens[last].Stop

    /// The stretch of a token.
    let spanOf (outline: Outline) (i: int) : Span =
        let token = outline.Tokens[i]
        let start = SourceText.position outline.Source token.Start

        {
            Line = start.Line + 1
            Column = start.Character + 1
            Length = token.Stop - token.Start
        }

    /// The outline of a text; `file`: what the parser understood of it.
    let make (source: SourceText) (file: File option) : Outline =
        let tokens = Tokens.placed source.Text
        let partner = TokenPairs.partners tokens

        let scan: Placement.Scan = {
            From = source
            All = tokens
            Pairs = partner
        }

        let after (span: Span) (statements: Statement list) =
            let word = Placement.ofSpan source tokens span

            Placement.opening scan word
            |> Option.map (fun opened -> word, Placement.body scan opened statements)

        let items = file |> Option.map _.Items |> Option.defaultValue []

        {
            Source = source
            Tokens = tokens
            Partner = partner
            Network =
                file
                |> Option.bind (fun file ->
                    after file.Name.Span [
                        for item in items do
                            match item with
                            | Item.Statement statement -> statement
                            | Item.Input _
                            | Item.Classes _
                            | Item.Outputs _
                            | Item.Definition _ -> ()
                    ]
                )
                |> Option.map snd
            Definitions =
                items
                |> List.choose (
                    function
                    | Item.Definition d -> Placement.definition scan d
                    | Item.Input _
                    | Item.Classes _
                    | Item.Outputs _
                    | Item.Statement _ -> None
                )
            Train = file |> Option.bind _.Train |> Option.bind (fun train -> after train.Keyword [])
        }

    /// All statements of a body, outer ones before inner ones.
    let rec inside (body: PlacedBody) : PlacedStatement seq =
        seq {
            for statement in body.Statements do
                yield statement

                for inner in statement.Bodies do
                    yield! inside inner
        }

    /// All statements of a text, those of definitions included.
    let statements (outline: Outline) : PlacedStatement seq =
        seq {
            for definition in outline.Definitions do
                yield! inside definition.Body

            for network in Option.toList outline.Network do
                yield! inside network
        }

    /// The innermost statement at a token.
    let statementAt (outline: Outline) (token: int) : PlacedStatement option =
        statements outline
        |> Seq.filter (fun s -> s.First <= token && token <= s.Last)
        |> Seq.tryLast
