namespace Sss.Lsp

open System.Text.Json.Nodes
open Sss.Dsl

/// What each word is, for colours.
[<RequireQualifiedAccess>]
module internal SemanticTokens =

    /// The names of types, in the order of their numbers.
    let types = [
        "keyword"
        "function"
        "parameter"
        "variable"
        "number"
        "comment"
        "decorator"
        "operator"
        "class"
        "property"
        "enumMember"
    ]

    /// The names of modifiers, in the order of their bits.
    let modifiers = [ "declaration"; "defaultLibrary" ]

    let private number name = List.findIndex ((=) name) types
    let private declaration, defaultLibrary = 1, 2

    let private ofMention (m: Mention) : string =
        match m.Subject with
        | Subject.Definition _ -> "function"
        | Subject.Parameter _ -> "parameter"
        | Subject.Label _ -> "variable"
        | Subject.Network -> "class"
        | Subject.Classes -> "keyword"

    let private isKeyword = System.Collections.Generic.HashSet Words.keywords

    /// The type and the modifiers of a word that is no name of the text.
    let private ofWord (outline: Outline) (i: int) (word: string) : struct (string * int) voption =
        let isBefore c =
            i + 1 < outline.Tokens.Length && outline.Tokens[i + 1].Token = Token.Mark c

        let begins =
            i = 0
            || (
                match outline.Tokens[i - 1].Token with
                | Token.Newline
                | Token.Mark('{' | ';') -> true
                | Token.Word _
                | Token.Mark _
                | Token.Operator _
                | Token.Comment _ -> false
            )

        let inTrain =
            outline.Train
            |> Option.exists (fun (_, body) -> body.Open < i && i < body.Close)

        if word[0] = '@' then
            ValueSome(struct ("decorator", 0))
        elif System.Char.IsAsciiDigit word[0] then
            ValueSome(struct ("number", 0))
        elif isBefore '=' then
            ValueSome(struct ("property", 0))
        elif inTrain then
            ValueSome(struct ((if begins then "keyword" else "enumMember"), 0))
        elif Words.isKind word then
            ValueSome(struct ("function", defaultLibrary))
        elif Words.isValue word then
            ValueSome(struct ("enumMember", 0))
        elif isKeyword.Contains word then
            ValueSome(struct ("keyword", 0))
        elif begins && not (isBefore ':') && Array.contains word Words.inPlace then
            ValueSome(struct ("keyword", 0))
        elif begins then
            ValueNone
        else
            ValueSome(struct ("enumMember", 0))

    let private classify names (outline: Outline) (i: int) : struct (string * int) voption =
        let token = outline.Tokens[i]

        match token.Token with
        | Token.Comment _ -> ValueSome(struct ("comment", 0))
        | Token.Operator _ -> ValueSome(struct ("operator", 0))
        | Token.Mark _
        | Token.Newline -> ValueNone
        | Token.Word word ->
            match Map.tryFind token.Start names with
            | Some m ->
                ValueSome(struct (ofMention m, (if m.IsDeclaration then declaration else 0)))
            | None -> ofWord outline i word

    /// The tokens of a document, five numbers each, every place counted from the token before it.
    let encode (document: Document) : int list =
        let outline = document.Layout.Value

        let names =
            document.Names.Value
            |> List.map (fun m -> SourceText.startOf document.Source m.Span, m)
            |> Map.ofList

        let mutable line = 0
        let mutable character = 0

        [
            for i in 0 .. outline.Tokens.Length - 1 do
                match classify names outline i with
                | ValueNone -> ()
                | ValueSome(struct (kind, modifiers)) ->
                    let token = outline.Tokens[i]
                    let start = SourceText.position document.Source token.Start
                    start.Line - line

                    if start.Line = line then
                        start.Character - character
                    else
                        start.Character

                    token.Stop - token.Start
                    number kind
                    modifiers
                    line <- start.Line
                    character <- start.Character
        ]

    /// The answer of the protocol.
    let full (document: Document) : JsonNode =
        Json.object [ "data", Json.array (encode document |> List.map Json.number) ]
