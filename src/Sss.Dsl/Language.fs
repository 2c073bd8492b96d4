namespace Sss.Dsl

open Sss.Core

/// What a text says.
type Parsed = {
    Network: Network
    /// None: the text has no `train { … }`. Otherwise defaults are filled in.
    Recipe: Recipe option
    Warnings: Diagnostic list
}

/// The entry point of the language: texts to networks and back.
[<RequireQualifiedAccess>]
module Language =

    /// Columns count UTF-16 units while parsing and code points from here on.
    let private inCodePoints (text: string) (diagnostics: Diagnostic list) =
        let mapSpan (span: Span) =
            let line = Render.lineOf text span.Line

            let pairs first last =
                Seq.sumBy
                    (fun i ->
                        if i < line.Length && System.Char.IsHighSurrogate line[i] then
                            1
                        else
                            0
                    )
                    (seq { first..last })

            let before = pairs 0 (span.Column - 2)
            let inside = pairs (span.Column - 1) (span.Column + span.Length - 2)

            {
                span with
                    Column = span.Column - before
                    Length = max 1 (span.Length - inside)
            }

        if
            not (
                System.MemoryExtensions.ContainsAnyInRange(
                    System.MemoryExtensions.AsSpan text,
                    '\uD800',
                    '\uDFFF'
                )
            )
        then
            diagnostics
        else
            diagnostics
            |> List.map (fun d -> {
                d with
                    Span = Option.map mapSpan d.Span
                    CalledFrom = d.CalledFrom |> List.map (fun (name, span) -> name, mapSpan span)
            })

    /// Parses and checks a text, and gives all that is known of it, also where it is wrong.
    let analyse (text: string) : Analysis = Analysis.ofText text

    /// Parses and checks a text. Wrong: all independent mistakes, in the order of the text.
    let parse (text: string) : Result<Parsed, Diagnostic list> =
        let analysis = analyse text
        let diagnostics = analysis.Findings |> List.map _.Diagnostic |> inCodePoints text

        match analysis.Network with
        | Some network when diagnostics |> List.forall (fun d -> d.Severity = Warning) ->
            Ok {
                Network = network
                Recipe = analysis.Recipe
                Warnings = diagnostics
            }
        | _ -> Error diagnostics

    /// The author's text with one style for spaces, braces and indentation. Comments and lines
    /// are kept; formatting twice changes nothing more. Wrong form gives its diagnostics.
    let format (text: string) : Result<string, Diagnostic list> = Format.format text

    /// A diagnostic as text for people.
    let render (path: string) (text: string) (diagnostic: Diagnostic) : string =
        Render.diagnostic path text diagnostic

    /// The text of a file.
    let readFile (path: string) : Result<string, Diagnostic> = ReadFile.read path

    /// Reads and parses a file: its text with what it says, or with what is wrong in it.
    let load (path: string) : Result<string * Parsed, string * Diagnostic list> =
        match readFile path with
        | Error problem -> Error("", [ problem ])
        | Ok text ->
            match parse text with
            | Ok parsed -> Ok(text, parsed)
            | Error problems -> Error(text, problems)

    /// A network as canonical text; parsing it gives the same network.
    let print (network: Network) : string = PrintNetwork.network network

    /// A recipe as canonical text: `train { … }` with every value that holds.
    let printRecipe (recipe: Recipe) : string = PrintRecipe.recipe recipe

    /// A network with its recipe after it.
    let printWithRecipe (network: Network) (recipe: Recipe) : string =
        PrintNetwork.network network + "\n" + PrintRecipe.recipe recipe
