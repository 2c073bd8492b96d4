namespace Sss.Lsp

open System.Text.Json.Nodes
open Sss.Core
open Sss.Dsl

/// The arguments of the statement at the cursor, and which of them is being written.
[<RequireQualifiedAccess>]
module internal Signatures =

    /// A word with its arguments: what is shown of each, its name, and whether it is known by position.
    type private Signature = {
        Word: string
        Parameters: (string * string * bool) list
        Documentation: string list
    }

    let private ofWord (word: Word<Op>) = {
        Word = word.Name
        Parameters =
            word.Arguments
            |> List.map (fun spec -> LayerWords.parameter word spec, spec.Name, not spec.IsNamed)
        Documentation = word.Arguments |> List.map (fun spec -> LayerWords.describe spec.Kind)
    }

    let private ofDefinition (document: Document) (d: Definition) = {
        Word = d.Name.Value
        Parameters =
            d.Parameters
            |> List.map (fun p ->
                let shown =
                    match p.Default with
                    | Some value ->
                        let start = SourceText.startOf document.Source value.Span

                        p.Name.Value
                        + "="
                        + document.Source.Text.Substring(start, value.Span.Length)
                    | None -> p.Name.Value

                shown, p.Name.Value, true
            )
        Documentation = d.Parameters |> List.map (fun _ -> "a number")
    }

    /// The number of the argument at the cursor.
    let private active (outline: Outline) (cursor: Cursor) (signature: Signature) : int option =
        let indexOf name =
            signature.Parameters |> List.tryFindIndex (fun (_, n, _) -> n = name)

        match Cursor.named outline cursor.Statement with
        | Some name -> indexOf name
        | None ->
            let given = Cursor.arguments outline cursor.Statement
            let places = given |> List.filter Option.isNone |> List.length

            signature.Parameters
            |> List.indexed
            |> List.filter (fun (_, (_, _, isPlaced)) -> isPlaced)
            |> List.tryItem places
            |> Option.map fst

    let private toJson (signature: Signature) (active: int option) : JsonNode =
        let label =
            signature.Word
            :: (signature.Parameters |> List.map (fun (shown, _, _) -> shown))
            |> String.concat " "

        let parameters =
            List.zip signature.Parameters signature.Documentation
            |> List.map (fun ((shown, _, _), text) ->
                Json.object [ "label", Json.string shown; "documentation", Json.string text ]
            )

        Json.make [
            "signatures",
            Some(
                Json.array [
                    Json.object [ "label", Json.string label; "parameters", Json.array parameters ]
                ]
            )
            "activeSignature", Some(Json.number 0)
            // A number after the last one: none of them.
            "activeParameter",
            Some(Json.number (Option.defaultValue signature.Parameters.Length active))
        ]

    /// What is shown of text that has no arguments to count.
    let private examples (documentation: string) (labels: string list) : JsonNode =
        Json.object [
            "signatures",
            Json.array [
                for label in labels do
                    Json.object [
                        "label", Json.string label
                        "documentation", Json.string documentation
                    ]
            ]
            "activeSignature", Json.number 0
        ]

    /// How an item of a recipe is written.
    let private ofItem (word: string) : JsonNode option =
        match RecipeItems.examplesOf word with
        | [] -> None
        | labels ->
            RecipeItems.wordsOf word
            |> String.concat " "
            |> fun words -> Some(examples words labels)

    /// How factors are declared.
    let private ofScale () : JsonNode =
        let arguments = Words.scaleArguments |> List.map (fun name -> name + "=")
        let label = "kind" :: arguments @ Words.scaleFlags |> String.concat ", "
        let kinds = Words.scaleKinds |> String.concat ", "
        examples $"kinds: {kinds}" [ $"@scale({label})" ]

    /// What a residual takes before its body, apart from a factor.
    let private residual: Signature = {
        Word = "residual"
        Parameters = [ "drop=P", "drop", false ]
        Documentation = [
            "a probability from 0 to below 1: in training, the branch is left out for an image that often"
        ]
    }

    /// The signature at a place; None: the cursor is in no statement with arguments.
    let at (document: Document) (offset: int) : JsonNode option =
        let outline = document.Layout.Value
        let cursor = Cursor.at outline offset

        let isInScale =
            cursor.Parenthesis
            |> Option.exists (fun opener -> Outline.text outline opener = "@scale")

        match cursor.Owners, cursor.Statement with
        | [], _
        | _, [] -> None
        | "train" :: _, word :: _ -> ofItem (Outline.text outline word)
        | _ when isInScale -> Some(ofScale ())
        | _, word :: _ ->
            let word = Outline.text outline word

            match Map.tryFind word document.Defined.Value, Op.tryWord word with
            | Some d, _ -> Some(ofDefinition document d)
            | None, Some word when not word.Arguments.IsEmpty -> Some(ofWord word)
            | None, None when word = residual.Word -> Some residual
            | None, _ -> None
            |> Option.map (fun signature -> toJson signature (active outline cursor signature))
