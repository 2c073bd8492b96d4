namespace Sss.Lsp

open System.Text.Json.Nodes
open Sss.Core
open Sss.Dsl

/// What is wrong with a text, as the command line says it.
[<RequireQualifiedAccess>]
module internal Findings =

    /// The whole message: what is wrong, what was found and expected, and the way out.
    let message (d: Diagnostic) : string =
        [
            Escape.line d.Message

            for note in d.Notes do
                Escape.lines note

            for suggestion in Option.toList d.Suggestion do
                "help: " + Escape.lines suggestion
        ]
        |> String.concat "\n"

    let range (d: Diagnostic) : TextRange =
        d.Span
        |> Option.map SourceText.ofSpan
        |> Option.defaultValue {
            Start = { Line = 0; Character = 0 }
            End = { Line = 0; Character = 1 }
        }

    let private severity (d: Diagnostic) =
        match d.Severity with
        | Failure -> 1
        | Warning -> 2

    let private calls (uri: string) (d: Diagnostic) : JsonNode option =
        match d.CalledFrom with
        | [] -> None
        | calls ->
            Some(
                Json.array [
                    for name, span in List.truncate 10 calls do
                        Json.object [
                            "location",
                            Json.object [
                                "uri", Json.string uri
                                "range", Wire.ofRange (SourceText.ofSpan span)
                            ]
                            "message",
                            Json.string $"called from here (`{Escape.line (Words.shorten name)}`)"
                        ]
                ]
            )

    /// A finding as the protocol writes it. `page`: where the page of a code is.
    let toJson (page: string -> string option) (uri: string) (finding: Finding) : JsonNode =
        let d = finding.Diagnostic

        Json.make [
            "range", Some(Wire.ofRange (range d))
            "severity", Some(Json.number (severity d))
            "code", Some(Json.string d.Code)
            "codeDescription",
            page d.Code
            |> Option.map (fun address -> Json.object [ "href", Json.string address ])
            "source", Some(Json.string "sss")
            "message", Some(Json.string (message d))
            "relatedInformation", calls uri d
        ]

    /// What is published for a document.
    let publish (page: string -> string option) (document: Document) : JsonNode =
        Json.object [
            "uri", Json.string document.Uri
            "version", Json.number document.Version
            "diagnostics",
            Json.array (document.Known.Value.Findings |> List.map (toJson page document.Uri))
        ]
