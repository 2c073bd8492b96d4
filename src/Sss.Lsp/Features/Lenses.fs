namespace Sss.Lsp

open System.Text.Json.Nodes
open Sss.Core
open Sss.Dsl

/// Lines above the network and above the recipe.
[<RequireQualifiedAccess>]
module internal Lenses =

    /// What the client can do when a line is clicked: its commands have these names.
    let trainCommand, reportCommand, pictureCommand =
        "sss.train", "sss.openReport", "sss.showNetwork"

    let private lens
        (range: TextRange)
        (title: string)
        (command: string)
        (arguments: JsonNode list)
        =
        Json.object [
            "range", Wire.ofRange range
            "command",
            Json.object [
                "title", Json.string title
                "command", Json.string command
                "arguments", Json.array arguments
            ]
        ]

    let private wordBefore (outline: Outline) (token: int) =
        let i = max 0 (token - 1)
        Outline.range outline i i

    let private words (cost: Cost) =
        String.concat " · " [
            Numbers.counted cost.Params "param"
            Numbers.grouped cost.Macs + " macs"
            Numbers.counted cost.Factors "factor"
        ]

    /// The lines of a document. `commands`: those that the client has.
    let all (document: Document) (commands: Set<string>) : JsonNode list =
        let outline = document.Layout.Value

        let clickable range title command =
            if Set.contains command commands then
                [ lens range title command [ Json.string document.Uri ] ]
            else
                []

        [
            match document.Known.Value.File with
            | Some file ->
                let name = Placement.ofSpan outline.Source outline.Tokens file.Name.Span
                let range = wordBefore outline name

                // The line stays while there is a mistake, or the text below it would jump.
                let costs =
                    document.Known.Value.Network
                    |> Option.map (Cost.ofNetwork >> words)
                    |> Option.defaultValue "costs are shown once the mistakes are corrected"

                lens range costs "" []
                yield! clickable range "Show network" pictureCommand
            | None -> ()

            match outline.Train with
            | Some(word, _) ->
                let range = Outline.range outline word word
                yield! clickable range "Train" trainCommand
                yield! clickable range "Open report" reportCommand
            | None -> ()
        ]
