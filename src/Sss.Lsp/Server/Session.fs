namespace Sss.Lsp

open System.Text.Json
open System.Text.Json.Nodes
open Sss.Core

/// What the server is given by the program that it is part of.
type ServerOptions = {
    Version: string
    /// The address of the page of an error's code, for the client to open.
    PageAddress: string -> string option
    /// The text of that page, as Markdown.
    PageText: string -> string option
    /// The page with the picture of a network, as HTML.
    Draw: Network -> string
}

/// What is known between two messages.
type internal Session = {
    Documents: Map<string, Document>
    Hints: HintOptions
    /// Whether the client can put the cursor into what it inserts.
    HasSnippets: bool
    /// The commands that the client has for lines above the text.
    Commands: Set<string>
    IsInitialized: bool
    IsShutDown: bool
}

/// Why a request is not answered: a code of the protocol and a sentence.
type internal Refusal = { Code: int; Message: string }

/// Opening, changing and closing texts.
[<RequireQualifiedAccess>]
module internal Session =

    let start: Session = {
        Documents = Map.empty
        Hints = { Shapes = true; Macs = true }
        HasSnippets = false
        Commands = Set.empty
        IsInitialized = false
        IsShutDown = false
    }

    let uri (parameters: JsonElement) : string =
        Json.text [ "textDocument"; "uri" ] parameters |> Option.defaultValue ""

    let document (parameters: JsonElement) (session: Session) : Document option =
        Map.tryFind (uri parameters) session.Documents

    let private put (document: Document) (session: Session) = {
        session with
            Documents = Map.add document.Uri document session.Documents
    }

    let private opened (parameters: JsonElement) (session: Session) : Session =
        let version =
            Json.int [ "textDocument"; "version" ] parameters |> Option.defaultValue 0

        let text = Json.text [ "textDocument"; "text" ] parameters |> Option.defaultValue ""

        put (Document.make (uri parameters) version (SourceText.ofText text)) session

    /// One change: of a range, or of the whole text.
    let private change (source: SourceText) (item: JsonElement) : SourceText =
        match Json.text [ "text" ] item, Wire.range [ "range" ] item with
        | Some text, Some range -> SourceText.replace source range text
        | Some text, None -> SourceText.ofText text
        | None, _ -> source

    let private changed (parameters: JsonElement) (session: Session) : Session =
        match document parameters session with
        | None -> session
        | Some document ->
            let version =
                Json.int [ "textDocument"; "version" ] parameters
                |> Option.defaultValue (document.Version + 1)

            let source =
                Json.items [ "contentChanges" ] parameters |> List.fold change document.Source

            put (Document.make document.Uri version source) session

    let private hints (path: string list) (settings: JsonElement) (old: HintOptions) = {
        Shapes = Json.flag (path @ [ "shapes" ]) settings |> Option.defaultValue old.Shapes
        Macs = Json.flag (path @ [ "macs" ]) settings |> Option.defaultValue old.Macs
    }

    /// What the client says of itself and of its user's wishes.
    let initialize (parameters: JsonElement) (session: Session) : Session =
        let completion = [ "capabilities"; "textDocument"; "completion"; "completionItem" ]

        {
            session with
                IsInitialized = true
                HasSnippets =
                    Json.flag (completion @ [ "snippetSupport" ]) parameters
                    |> Option.defaultValue false
                Hints = hints [ "initializationOptions"; "inlayHints" ] parameters session.Hints
                Commands =
                    Json.items [ "initializationOptions"; "commands" ] parameters
                    |> List.choose (Json.text [])
                    |> Set.ofList
        }

    /// The session after a notification, and the texts whose findings have to be sent again.
    let notified
        (name: string)
        (parameters: JsonElement)
        (session: Session)
        : Session * string list =
        match name with
        | "textDocument/didOpen" -> opened parameters session, [ uri parameters ]
        | "textDocument/didChange" -> changed parameters session, [ uri parameters ]
        | "textDocument/didClose" ->
            {
                session with
                    Documents = Map.remove (uri parameters) session.Documents
            },
            [ uri parameters ]
        | "workspace/didChangeConfiguration" ->
            {
                session with
                    Hints = hints [ "settings"; "sss"; "inlayHints" ] parameters session.Hints
            },
            []
        | _ -> session, []

    /// What is published for a text; nothing is wrong with one that is closed.
    let findings (options: ServerOptions) (session: Session) (uri: string) : JsonNode =
        match Map.tryFind uri session.Documents with
        | Some document -> Findings.publish options.PageAddress document
        | None -> Json.object [ "uri", Json.string uri; "diagnostics", Json.array [] ]
