namespace Sss.Lsp

open Sss.Core
open Sss.Dsl

/// What a hover shows of definitions, their parameters, and items of recipes.
[<RequireQualifiedAccess>]
module internal DefinitionText =

    /// A definition's head as it is written.
    let signature (d: Definition) (source: SourceText) : string =
        let parameters =
            d.Parameters
            |> List.map (fun p ->
                match p.Default with
                | Some value ->
                    let start = SourceText.startOf source value.Span
                    p.Name.Value + " = " + source.Text.Substring(start, value.Span.Length)
                | None -> p.Name.Value
            )

        "def " + d.Name.Value + "(" + String.concat ", " parameters + ")"

    /// The comment in the lines right above a token.
    let private comment (outline: Outline) (first: int) : string =
        let rec back i lines =
            if
                i >= 1
                && outline.Tokens[i].Token = Token.Newline
                && (i < 2 || outline.Tokens[i - 2].Token = Token.Newline)
            then
                match outline.Tokens[i - 1].Token with
                | Token.Comment text -> back (i - 2) (text.TrimStart('/').Trim() :: lines)
                | _ -> lines
            else
                lines

        back (first - 1) [] |> String.concat "\n"

    let definition (document: Document) (d: Definition) : string =
        let outline = document.Layout.Value

        let lines =
            document.Names.Value
            |> List.filter (fun m ->
                m.Subject = Subject.Definition d.Name.Value && not m.IsDeclaration
            )
            |> List.map _.Span.Line
            |> List.distinct

        let called =
            match lines with
            | [] -> "It is never called."
            | [ line ] -> $"Called in line {line}."
            | lines ->
                let listed = lines |> List.truncate 12 |> List.map string |> String.concat ", "
                let more = if lines.Length > 12 then ", …" else "."
                $"Called in lines {listed}{more}"

        let placed =
            outline.Definitions
            |> List.tryFind (fun placed -> placed.Definition.Name = d.Name)

        StatementText.paragraphs [
            StatementText.code (signature d document.Source)
            placed
            |> Option.map (fun placed -> comment outline placed.First)
            |> Option.defaultValue ""
            called
            match placed with
            | Some placed when not lines.IsEmpty ->
                StatementText.bullets (
                    StatementText.cost
                        document
                        (StatementFacts.ofBody document.Facts.Value placed.Body)
                )
            | Some _
            | None -> ""
        ]

    let parameter (document: Document) (owner: string) (name: string) : string =
        match Map.tryFind owner document.Defined.Value with
        | Some d ->
            StatementText.paragraphs [
                StatementText.code (signature d document.Source)
                $"`{name}` is a parameter."
            ]
        | None -> ""

    /// An item of a recipe: how it is written, and what holds where it is not.
    let recipeItem (word: string) : string =
        let standard =
            PrintRecipe.recipe Recipe.defaults
            |> _.Split('\n')
            |> Array.map _.Trim()
            |> Array.tryFind (fun line -> line.StartsWith(word + " "))

        StatementText.paragraphs [
            RecipeItems.examplesOf word |> String.concat "\n" |> StatementText.code
            match standard with
            | Some line -> $"Without it: `{line}`."
            | None -> "Without it: none."
        ]
