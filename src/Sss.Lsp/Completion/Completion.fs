namespace Sss.Lsp

open System.Text.Json.Nodes
open Sss.Core
open Sss.Dsl

/// What may be written at the cursor.
[<RequireQualifiedAccess>]
module internal Completion =

    /// The names that an expression may use.
    let private names (document: Document) (offset: int) : Proposal list =
        let outline = document.Layout.Value

        let parameters =
            outline.Definitions
            |> List.tryFind (fun d ->
                outline.Tokens[d.First].Start <= offset
                && offset <= outline.Tokens[d.Body.Close].Stop
            )
            |> Option.map (fun d -> d.Definition.Parameters |> List.map _.Name.Value)
            |> Option.defaultValue []

        // `classes` or `outputs`, whichever the network has.
        let count =
            document.Names.Value
            |> List.tryFind (fun m -> m.Subject = Subject.Classes && m.IsDeclaration)
            |> Option.map _.Name
            |> Option.defaultValue "classes"

        Proposals.values (count :: parameters)

    /// Whether an argument of a kind may be an expression.
    let private isExpression (kind: ArgumentKind) =
        match kind with
        | ArgumentKind.Count
        | ArgumentKind.CountOrOrder
        | ArgumentKind.Extent _
        | ArgumentKind.Padding
        | ArgumentKind.Real _ -> true
        | ArgumentKind.Flag
        | ArgumentKind.Choice _
        | ArgumentKind.Kernel
        | ArgumentKind.KernelOrGlobal -> false

    /// The values that an argument may have; `names`: those that an expression may use.
    let private valuesOf names (spec: ArgumentSpec) : Proposal list =
        Proposals.values (LayerWords.choices spec.Kind)
        @ (if isExpression spec.Kind then names else [])

    let private ofLayer (word: Word<Op>) names (outline: Outline) (cursor: Cursor) =
        match Cursor.named outline cursor.Statement with
        | Some name ->
            word.Arguments
            |> List.filter (fun spec -> spec.Name = name)
            |> List.collect (valuesOf names)
        | None ->
            let given = Cursor.arguments outline cursor.Statement
            let places = given |> List.filter Option.isNone |> List.length

            [
                for spec in word.Arguments do
                    if spec.IsNamed && not (List.contains (Some spec.Name) given) then
                        Proposals.named
                            spec.Name
                            (LayerWords.describe spec.Kind
                             + (
                                 match LayerWords.fixedDefault word spec with
                                 | Some value -> $"; {value} if not given"
                                 | None -> ""
                             ))

                match
                    word.Arguments |> List.filter (fun s -> not s.IsNamed) |> List.tryItem places
                with
                | Some spec -> yield! valuesOf names spec
                | None -> ()

                yield! Proposals.scales false
            ]

    let private ofCall (d: Definition) (outline: Outline) (cursor: Cursor) : Proposal list =
        let given = Cursor.arguments outline cursor.Statement

        match Cursor.named outline cursor.Statement with
        | Some _ -> []
        | None -> [
            for p in d.Parameters do
                if not (List.contains (Some p.Name.Value) given) then
                    Proposals.named p.Name.Value "a parameter"
          ]

    let private inScale (outline: Outline) (cursor: Cursor) : Proposal list =
        match cursor.Inside with
        | [] -> Proposals.values Words.scaleKinds
        | inside ->
            let given = inside |> List.map (Outline.text outline)
            let open' = List.filter (fun name -> not (List.contains name given))

            Proposals.values (open' Words.scaleFlags)
            @ (open' Words.scaleArguments
               |> List.map (fun name -> Proposals.named name "a number of 0 or more"))

    let private inRecipe (outline: Outline) (cursor: Cursor) : Proposal list =
        match cursor.Statement with
        | [] -> Proposals.recipeItems
        | item :: rest ->
            let given = rest |> List.map (Outline.text outline)

            RecipeItems.wordsOf (Outline.text outline item)
            |> List.filter (fun word -> not (List.contains (word.TrimEnd '=') given))
            |> List.map (Proposals.plain Proposals.valueKind "")

    let private inStatement (document: Document) (cursor: Cursor) (offset: int) : Proposal list =
        let outline = document.Layout.Value
        let word = Outline.text outline cursor.Statement.Head
        let last = Outline.text outline (List.last cursor.Statement)

        if last = "shortcut" then
            Proposals.values [ "auto"; "identity" ]
        elif last = "}" then
            Proposals.values [ "shortcut" ]
        else
            match Op.tryWord word, Map.tryFind word document.Defined.Value with
            | _, Some d -> ofCall d outline cursor @ names document offset
            | Some word, None -> ofLayer word (names document offset) outline cursor
            | None, None when word = "residual" ->
                Proposals.named "drop" "a probability" :: Proposals.scales true
            | None, None when word = "repeat" || word = "split" -> names document offset
            | None, None -> []

    /// Whether an item of a network is not written yet: `input` and the size of the output come once.
    let private isMissing (document: Document) (item: Proposal) : bool =
        let items =
            document.Known.Value.File |> Option.map _.Items |> Option.defaultValue []

        let isThere (word: string) =
            items
            |> List.exists (fun item ->
                match item with
                | Item.Input _ -> word = "input"
                | Item.Classes _
                | Item.Outputs _ -> Words.isCount word
                | Item.Definition _
                | Item.Statement _ -> false
            )

        not (isThere item.Label)

    let private atStatement (document: Document) (cursor: Cursor) : Proposal list = [
        if cursor.After = "residual" then
            yield! Proposals.values [ "shortcut" ]

        if cursor.Owners = [ "network" ] then
            yield! Proposals.items |> List.filter (isMissing document)

        for word in Op.words do
            Proposals.layer word

        yield! Proposals.joins

        for d in document.Defined.Value do
            Proposals.call d.Value
    ]

    /// All that may be written at a place, not yet narrowed to the word that is begun.
    let proposals (document: Document) (offset: int) : Cursor * Proposal list =
        let outline = document.Layout.Value
        let cursor = Cursor.at outline offset

        let found =
            if Cursor.isInComment outline offset then
                []
            else
                match cursor.Parenthesis, cursor.Owners, cursor.Statement with
                | Some opener, _, _ when Outline.text outline opener = "@scale" ->
                    inScale outline cursor
                | Some _, _, _ -> names document offset
                | None, [], [] -> Proposals.file
                | None, [], _ -> []
                | None, "train" :: _, _ -> inRecipe outline cursor
                | None, _, [] -> atStatement document cursor
                | None, _, _ -> inStatement document cursor offset

        cursor, found

    /// The answer of the protocol. `withSnippets`: whether the client can do them.
    let list (document: Document) (withSnippets: bool) (offset: int) : JsonNode =
        let cursor, found = proposals document offset
        let range = SourceText.range document.Source cursor.Start offset

        Json.object [
            "isIncomplete", Json.truth false
            "items",
            Json.array [
                for p in found do
                    let hasPlaces = withSnippets && p.Snippet.Contains '$'

                    let text =
                        if withSnippets || not (p.Snippet.Contains '$') then
                            p.Snippet
                        else
                            p.Plain

                    Json.make [
                        "label", Some(Json.string p.Label)
                        "kind", Some(Json.number p.Kind)
                        "detail", (if p.Detail = "" then None else Some(Json.string p.Detail))
                        "insertTextFormat", Some(Json.number (if hasPlaces then 2 else 1))
                        "textEdit", Some(Wire.ofEdit { Range = range; NewText = text })
                    ]
            ]
        ]
