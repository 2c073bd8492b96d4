namespace Sss.Lsp

open System.Text.Json.Nodes
open Sss.Core
open Sss.Dsl

/// From names to where they are given and used, and to other names.
[<RequireQualifiedAccess>]
module internal Navigation =

    let private same (document: Document) (mention: Mention) : Mention list =
        document.Names.Value |> List.filter (fun m -> m.Subject = mention.Subject)

    let private location (document: Document) (mention: Mention) : JsonNode =
        Json.object [
            "uri", Json.string document.Uri
            "range", Wire.ofRange (SourceText.ofSpan mention.Span)
        ]

    /// Where the name at a place is given.
    let definition (document: Document) (offset: int) : JsonNode option =
        Document.mentionAt document offset
        |> Option.bind (fun m -> same document m |> List.tryFind _.IsDeclaration)
        |> Option.map (location document)

    /// Everywhere the name at a place is.
    let references (document: Document) (withDeclaration: bool) (offset: int) : JsonNode list =
        match Document.mentionAt document offset with
        | None -> []
        | Some mention ->
            same document mention
            |> List.filter (fun m -> withDeclaration || not m.IsDeclaration)
            |> List.map (location document)

    /// The places to mark while the cursor is on a name: 3 writes, 2 reads.
    let highlights (document: Document) (offset: int) : JsonNode list =
        match Document.mentionAt document offset with
        | None -> []
        | Some mention ->
            same document mention
            |> List.map (fun m ->
                Json.object [
                    "range", Wire.ofRange (SourceText.ofSpan m.Span)
                    "kind", Json.number (if m.IsDeclaration then 3 else 2)
                ]
            )

    let private canRename (m: Mention) =
        match m.Subject with
        | Subject.Definition _
        | Subject.Parameter _
        | Subject.Label _
        | Subject.Network -> true
        | Subject.Classes -> false

    let private hasForm (document: Document) =
        document.Known.Value.Findings
        |> List.forall (fun f -> not (f.Diagnostic.Code.StartsWith "SSS1"))

    /// The name at a place that can be given another one.
    let prepareRename (document: Document) (offset: int) : Result<Mention, string> =
        match Document.mentionAt document offset with
        // What is not understood may hold the name too.
        | Some m when canRename m && not (hasForm document) ->
            Error "A part of the text is not understood; put that right first, then rename."
        | Some m when canRename m -> Ok m
        | Some _
        | None ->
            Error "Only definitions, parameters, labels and the network have a name of their own."

    let private isName (text: string) =
        text <> ""
        && not (System.Char.IsAsciiDigit text[0])
        && text |> Seq.forall (fun c -> System.Char.IsAsciiLetterOrDigit c || c = '_')

    /// The edits that give the name at a place another one; or why it cannot have it.
    let rename (document: Document) (offset: int) (name: string) : Result<TextEdit list, string> =
        match prepareRename document offset with
        | Error reason -> Error reason
        | Ok _ when not (isName name) ->
            Error
                $"`{Escape.line (Words.shorten name)}` is not a name: a letter or `_`, then letters, digits and `_`."
        | Ok _ when Words.isReserved name ->
            Error $"`{name}` is a reserved word and cannot be a name."
        | Ok mention ->
            let edits =
                same document mention
                |> List.map (fun m -> {
                    Range = SourceText.ofSpan m.Span
                    NewText = name
                })

            match Document.newFindings document (Document.edited edits document) with
            | [] -> Ok edits
            | first :: _ -> Error(Escape.line first.Diagnostic.Message + ".")
