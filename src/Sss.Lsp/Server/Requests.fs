namespace Sss.Lsp

open System.Text.Json
open System.Text.Json.Nodes
open Sss.Dsl

/// Requests and their answers.
[<RequireQualifiedAccess>]
module internal Requests =

    let private texts words =
        Json.array (words |> List.map Json.string)

    /// What the server can do.
    let private capabilities () : JsonNode =
        Json.object [
            "positionEncoding", Json.string "utf-16"
            "textDocumentSync",
            Json.object [ "openClose", Json.truth true; "change", Json.number 2 ]
            "hoverProvider", Json.truth true
            "completionProvider", Json.object [ "triggerCharacters", texts [ "@"; "="; "(" ] ]
            "signatureHelpProvider", Json.object [ "triggerCharacters", texts [ " "; "="; "(" ] ]
            "definitionProvider", Json.truth true
            "referencesProvider", Json.truth true
            "documentHighlightProvider", Json.truth true
            "documentSymbolProvider", Json.truth true
            "codeActionProvider",
            Json.object [
                "codeActionKinds", texts [ "quickfix"; "refactor.rewrite"; "refactor.extract" ]
            ]
            "codeLensProvider", Json.object []
            "documentFormattingProvider", Json.truth true
            "documentRangeFormattingProvider", Json.truth true
            "renameProvider", Json.object [ "prepareProvider", Json.truth true ]
            "foldingRangeProvider", Json.truth true
            "inlayHintProvider", Json.truth true
            "semanticTokensProvider",
            Json.object [
                "legend",
                Json.object [
                    "tokenTypes", texts SemanticTokens.types
                    "tokenModifiers", texts SemanticTokens.modifiers
                ]
                "full", Json.truth true
            ]
        ]

    let private initialized (options: ServerOptions) : JsonNode =
        Json.object [
            "capabilities", capabilities ()
            "serverInfo",
            Json.object [ "name", Json.string "sss"; "version", Json.string options.Version ]
        ]

    /// An answer: None is the protocol's null.
    type Answer = Result<JsonNode option, Refusal>

    let private some (node: JsonNode) : Answer = Ok(Some node)
    let private many (nodes: JsonNode list) : Answer = some (Json.array nodes)

    let private refused code message : Answer =
        Error { Code = code; Message = message }

    let private wholeText (document: Document) =
        SourceText.range document.Source 0 document.Source.Text.Length

    let private rename document parameters offset : Answer =
        let name = Json.text [ "newName" ] parameters |> Option.defaultValue ""

        match Navigation.rename document offset name with
        | Ok edits -> some (Actions.workspaceEdit document edits)
        | Error reason -> refused -32803 reason

    let private prepareRename document offset : Answer =
        match Navigation.prepareRename document offset with
        | Ok mention ->
            some (
                Json.object [
                    "range", Wire.ofRange (SourceText.ofSpan mention.Span)
                    "placeholder", Json.string mention.Name
                ]
            )
        | Error reason -> refused -32803 reason

    /// The kinds of actions that a client asks for: all, or those that begin with one of these.
    let private wanted parameters (action: CodeAction) =
        match Json.items [ "context"; "only" ] parameters |> List.choose (Json.text []) with
        | [] -> true
        | only ->
            only
            |> List.exists (fun kind -> action.Kind = kind || action.Kind.StartsWith(kind + "."))

    let private actions (options: ServerOptions) document parameters range : Answer =
        Actions.inside document range
        |> List.filter (wanted parameters)
        |> List.map (Actions.toJson options.PageAddress document)
        |> many

    let private picture (options: ServerOptions) (document: Document) : Answer =
        Ok(
            document.Known.Value.Network
            |> Option.map (fun network ->
                Json.object [
                    "html", Json.string (options.Draw network)
                    "version", Json.number document.Version
                ]
            )
        )

    /// What is asked about a place in a document.
    let private atPlace
        (options: ServerOptions)
        session
        document
        name
        (parameters: JsonElement)
        : Answer option =
        let offset =
            Wire.position [ "position" ] parameters
            |> Option.map (SourceText.offset document.Source)

        let answer (f: int -> Answer) =
            Some(
                match offset with
                | Some offset -> f offset
                | None -> refused -32602 "The request has no position."
            )

        match name with
        | "textDocument/hover" -> answer (Hover.at document options.PageText >> Ok)
        | "textDocument/completion" -> answer (Completion.list document session.HasSnippets >> some)
        | "textDocument/signatureHelp" -> answer (Signatures.at document >> Ok)
        | "textDocument/definition" -> answer (Navigation.definition document >> Ok)
        | "textDocument/references" ->
            let withDeclaration =
                Json.flag [ "context"; "includeDeclaration" ] parameters
                |> Option.defaultValue true

            answer (Navigation.references document withDeclaration >> many)
        | "textDocument/documentHighlight" -> answer (Navigation.highlights document >> many)
        | "textDocument/prepareRename" -> answer (prepareRename document)
        | "textDocument/rename" -> answer (rename document parameters)
        | _ -> None

    /// What is asked about a document or a range of it.
    let private ofDocument
        (options: ServerOptions)
        session
        document
        name
        (parameters: JsonElement)
        : Answer option =
        let range =
            Wire.range [ "range" ] parameters |> Option.defaultValue (wholeText document)

        let edits = List.map Wire.ofEdit >> many

        match name with
        | "textDocument/documentSymbol" -> Some(many (Symbols.all document))
        | "textDocument/foldingRange" -> Some(many (Symbols.folds document))
        | "textDocument/semanticTokens/full" -> Some(some (SemanticTokens.full document))
        | "textDocument/codeLens" -> Some(many (Lenses.all document session.Commands))
        | "textDocument/inlayHint" -> Some(many (Hints.inside document session.Hints range))
        | "textDocument/formatting" -> Some(edits (Formatting.whole document))
        | "textDocument/rangeFormatting" -> Some(edits (Formatting.range document range))
        | "textDocument/codeAction" -> Some(actions options document parameters range)
        | "sss/picture" -> Some(picture options document)
        | _ -> None

    let private isOfDocument (name: string) =
        name.StartsWith "textDocument/" || name = "sss/picture"

    /// The answer to a request, and the session after it.
    let answer
        (options: ServerOptions)
        (session: Session)
        (name: string)
        (parameters: JsonElement)
        : Session * Answer =
        match name with
        | "initialize" when session.IsInitialized ->
            session, refused -32600 "The server is initialized already."
        | "initialize" -> Session.initialize parameters session, some (initialized options)
        | _ when not session.IsInitialized ->
            session, refused -32002 "The first request must be `initialize`."
        | _ when session.IsShutDown -> session, refused -32600 "The server is shut down."
        | "shutdown" -> { session with IsShutDown = true }, Ok None
        | _ when isOfDocument name ->
            match Session.document parameters session with
            | None -> session, Ok None
            | Some document ->
                session,
                atPlace options session document name parameters
                |> Option.orElseWith (fun () -> ofDocument options session document name parameters)
                |> Option.defaultWith (fun () ->
                    refused -32601 $"There is no request `{Words.shorten name}`."
                )
        | _ -> session, refused -32601 $"There is no request `{Words.shorten name}`."
