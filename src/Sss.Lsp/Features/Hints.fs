namespace Sss.Lsp

open System.Text.Json.Nodes
open Sss.Core
open Sss.Dsl

/// Which hints are shown between the words of a text.
type internal HintOptions = {
    /// The output shape behind each statement that changes it.
    Shapes: bool
    /// The macs of each body.
    Macs: bool
}

/// Shapes and costs inside the text.
[<RequireQualifiedAccess>]
module internal Hints =

    let private hint (outline: Outline) (token: int) (label: string) : JsonNode =
        Json.object [
            "position",
            Wire.ofPosition (SourceText.position outline.Source outline.Tokens[token].Stop)
            "label", Json.string label
            "paddingLeft", Json.truth true
        ]

    /// The shapes that a statement gives; none where it gives what it is given.
    let private shape (facts: StatementFacts) : string option =
        let isChanged =
            facts.Instances |> List.exists (fun i -> i.Output.IsSome && i.Output <> i.Input)

        match StatementFacts.outputs facts with
        | [] -> None
        | _ when not isChanged -> None
        | shapes ->
            let shown = shapes |> List.truncate 3 |> List.map string |> String.concat ", "
            Some(shown + (if shapes.Length > 3 then ", …" else ""))

    let private macs (document: Document) (body: PlacedBody) : string option =
        match (StatementFacts.ofBody document.Facts.Value body).Macs with
        | 0L -> None
        | macs -> Some(Numbers.brief macs + " macs")

    /// The hints in the lines of a range.
    let inside (document: Document) (options: HintOptions) (range: TextRange) : JsonNode list =
        let outline = document.Layout.Value

        let isShown token =
            let line = (SourceText.position outline.Source outline.Tokens[token].Stop).Line
            range.Start.Line <= line && line <= range.End.Line

        let ofBody (body: PlacedBody) = [
            if options.Macs && isShown body.Open then
                match macs document body with
                | Some label -> hint outline body.Open label
                | None -> ()
        ]

        [
            for definition in outline.Definitions do
                yield! ofBody definition.Body

            for placed in Outline.statements outline do
                for body in placed.Bodies do
                    yield! ofBody body

                if options.Shapes && isShown placed.Last then
                    match shape (Document.factsOf document placed) with
                    | Some label -> hint outline placed.Last label
                    | None -> ()
        ]
