namespace Sss.Lsp

open System.Text.Json.Nodes
open Sss.Core
open Sss.Dsl

/// The parts of a text for an editor's outline, and what can be folded.
[<RequireQualifiedAccess>]
module internal Symbols =

    // The protocol's numbers of kinds.
    let private classKind, propertyKind, fieldKind, functionKind, eventKind, structKind =
        5, 7, 8, 12, 24, 23

    let private symbol
        name
        detail
        kind
        (whole: TextRange)
        (own: TextRange)
        (children: JsonNode list)
        =
        Json.make [
            "name", Some(Json.string name)
            "detail", detail |> Option.map Json.string
            "kind", Some(Json.number kind)
            "range", Some(Wire.ofRange whole)
            "selectionRange", Some(Wire.ofRange own)
            "children", (if children.IsEmpty then None else Some(Json.array children))
        ]

    /// The first words of a statement, up to its body.
    let private head (outline: Outline) (placed: PlacedStatement) : string =
        let last =
            match placed.Bodies with
            | body :: _ -> body.Open - 1
            | [] -> placed.Last

        let start = outline.Tokens[placed.First].Start
        let stop = outline.Tokens[max placed.First last].Stop
        let line = SourceText.position outline.Source start
        let stop = min stop (SourceText.lineEnd outline.Source line.Line)
        Words.shorten (outline.Source.Text.Substring(start, stop - start))

    let rec private ofStatement (document: Document) (placed: PlacedStatement) : JsonNode =
        let outline = document.Layout.Value
        let facts = Document.factsOf document placed

        let kind =
            match placed.Statement.Kind with
            | StatementKind.Apply _ when Document.isCall document placed.Statement -> eventKind
            | StatementKind.Apply _ -> fieldKind
            | StatementKind.Repeat _
            | StatementKind.Residual _
            | StatementKind.Gate _
            | StatementKind.Output _
            | StatementKind.Concat _
            | StatementKind.Split _
            | StatementKind.Body _
            | StatementKind.Broken -> structKind

        symbol
            (head outline placed)
            (StatementFacts.outputs facts |> List.tryHead |> Option.map string)
            kind
            (Outline.range outline placed.First placed.Last)
            (Outline.range outline placed.First placed.First)
            (placed.Bodies |> List.collect (ofBody document))

    and private ofBody document (body: PlacedBody) : JsonNode list =
        body.Statements |> List.map (ofStatement document)

    let private ofDefinition (document: Document) (d: PlacedDefinition) : JsonNode =
        let outline = document.Layout.Value

        symbol
            d.Definition.Name.Value
            (Some(DefinitionText.signature d.Definition outline.Source))
            functionKind
            (Outline.range outline d.First d.Body.Close)
            (SourceText.ofSpan d.Definition.Name.Span)
            (ofBody document d.Body)

    let private ofTrain (outline: Outline) (train: Train) : JsonNode list =
        match outline.Train with
        | None -> []
        | Some(word, body) -> [
            symbol
                "train"
                None
                propertyKind
                (Outline.range outline word body.Close)
                (Outline.range outline word word)
                [
                    for item in train.Items do
                        let range = SourceText.ofSpan item.Keyword.Span
                        symbol item.Keyword.Value None propertyKind range range []
                ]
          ]

    /// The symbols of a document.
    let all (document: Document) : JsonNode list =
        let outline = document.Layout.Value

        match document.Known.Value.File, outline.Network with
        | Some file, Some network ->
            let word = max 0 (Placement.ofSpan outline.Source outline.Tokens file.Name.Span - 1)

            [
                symbol
                    file.Name.Value
                    None
                    classKind
                    (Outline.range outline word network.Close)
                    (SourceText.ofSpan file.Name.Span)
                    [
                        for definition in outline.Definitions do
                            ofDefinition document definition

                        yield! ofBody document network
                    ]

                yield! file.Train |> Option.map (ofTrain outline) |> Option.defaultValue []
            ]
        | _ -> []

    let private fold first last (kind: string option) =
        Json.make [
            "startLine", Some(Json.number first)
            "endLine", Some(Json.number last)
            "kind", kind |> Option.map Json.string
        ]

    /// Stretches of lines that hold only comments.
    let private comments (outline: Outline) : JsonNode list =
        let line (i: int) =
            (SourceText.position outline.Source outline.Tokens[i].Start).Line

        let isAlone i =
            match outline.Tokens[i].Token with
            | Token.Comment _ -> i = 0 || outline.Tokens[i - 1].Token = Token.Newline
            | Token.Word _
            | Token.Mark _
            | Token.Operator _
            | Token.Newline -> false

        let lines = [
            for i in 0 .. outline.Tokens.Length - 1 do
                if isAlone i then
                    line i
        ]

        let groups =
            List.foldBack
                (fun line groups ->
                    match groups with
                    | (first, last) :: rest when first = line + 1 -> (line, last) :: rest
                    | _ -> (line, line) :: groups
                )
                lines
                []

        [
            for first, last in groups do
                if last > first then
                    fold first last (Some "comment")
        ]

    /// What can be folded: braces of several lines, and comments.
    let folds (document: Document) : JsonNode list =
        let outline = document.Layout.Value

        let line i =
            (SourceText.position outline.Source outline.Tokens[i].Start).Line

        [
            for i in 0 .. outline.Tokens.Length - 1 do
                let partner = outline.Partner[i]

                if outline.Tokens[i].Token = Token.Mark '{' && partner > i then
                    let first, last = line i, line partner - 1

                    if last > first then
                        fold first last None

            yield! comments outline
        ]
