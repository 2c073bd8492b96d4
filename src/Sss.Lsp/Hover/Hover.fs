namespace Sss.Lsp

open System.Text.Json.Nodes
open Sss.Core
open Sss.Dsl

/// What a word of the text means here, as Markdown.
[<RequireQualifiedAccess>]
module internal Hover =

    /// The page of each finding at a place.
    let private pages
        (document: Document)
        (page: string -> string option)
        (offset: int)
        : string list = [
        for finding in document.Known.Value.Findings do
            let range = Findings.range finding.Diagnostic

            if
                SourceText.offset document.Source range.Start <= offset
                && offset <= SourceText.offset document.Source range.End
            then
                match page finding.Diagnostic.Code with
                | Some text -> text
                | None -> finding.Diagnostic.Code + ": " + Findings.message finding.Diagnostic
    ]

    let private ofMention (document: Document) (placed: PlacedStatement option) (m: Mention) =
        match m.Subject with
        | Subject.Definition name ->
            let definition =
                Map.tryFind name document.Defined.Value
                |> Option.map (DefinitionText.definition document)
                |> Option.defaultValue ""

            match placed with
            | Some placed when not m.IsDeclaration ->
                StatementText.paragraphs [ StatementText.statement document placed ""; definition ]
            | Some _
            | None -> definition
        | Subject.Parameter(owner, name) -> DefinitionText.parameter document owner name
        | Subject.Classes ->
            document.Known.Value.Network
            |> Option.map (fun network -> $"`{m.Name}`: {network.Classes}")
            |> Option.defaultValue ""
        | Subject.Network ->
            document.Known.Value.Network
            |> Option.map (fun network ->
                StatementText.paragraphs [
                    $"`{network.Name}`: {network.Input} → {Network.output network}"
                    StatementText.bullets (StatementText.costs (Cost.ofNetwork network) "")
                ]
            )
            |> Option.defaultValue ""
        | Subject.Label _ ->
            placed
            |> Option.map (fun placed -> StatementText.statement document placed "")
            |> Option.defaultValue ""

    let private isInTrain (outline: Outline) token =
        outline.Train
        |> Option.exists (fun (_, body) -> body.Open < token && token < body.Close)

    /// Whether a token is in the parentheses of `@scale(…)`, or that word.
    let private isInScale (outline: Outline) token =
        let rec back i =
            i >= 0
            && (
                match outline.Tokens[i].Token with
                | Token.Word "@scale" ->
                    i = token || (i + 1 < outline.Tokens.Length && outline.Partner[i + 1] >= token)
                | Token.Newline
                | Token.Mark(';' | '{' | '}') -> false
                | Token.Word _
                | Token.Mark _
                | Token.Operator _
                | Token.Comment _ -> back (i - 1)
            )

        back token

    let private ofWord (document: Document) token : string =
        let outline = document.Layout.Value
        let word = Outline.text outline token

        if isInTrain outline token then
            if Array.contains word Words.recipe then
                DefinitionText.recipeItem word
            else
                ""
        else
            match Outline.statementAt outline token with
            | Some placed when isInScale outline token -> FactorText.ofStatement document placed
            | Some placed when
                placed.Statement.Span = (Outline.spanOf outline token)
                || Outline.text outline placed.First = word
                ->
                StatementText.statement document placed ""
            | Some _
            | None -> ""

    /// The text to show at a place, and the range that it is about; `page`: the text of a code's page.
    let at (document: Document) (page: string -> string option) (offset: int) : JsonNode option =
        let outline = document.Layout.Value

        match Outline.wordAt outline offset with
        | None -> None
        | Some token ->
            let own =
                match Document.mentionAt document offset with
                | Some mention -> ofMention document (Outline.statementAt outline token) mention
                | None -> ofWord document token

            match StatementText.paragraphs (own :: pages document page offset) with
            | "" -> None
            | text ->
                Some(
                    Json.object [
                        "contents",
                        Json.object [ "kind", Json.string "markdown"; "value", Json.string text ]
                        "range", Wire.ofRange (Outline.range outline token token)
                    ]
                )
