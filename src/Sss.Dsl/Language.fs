namespace Sss.Dsl

open System.Collections.Generic
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

    /// The largest number of reported diagnostics.
    let private most = 100

    let private order (d: Diagnostic) =
        match d.Span with
        | Some span -> struct (span.Line, span.Column)
        | None -> struct (0, 0)

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

    /// In the order of the text, each mistake once however often its definition is called.
    let private tidy (text: string) (diagnostics: Diagnostic seq) : Diagnostic list =
        let seen = HashSet<struct (string * Span option)>()

        diagnostics
        |> Seq.sortBy order
        |> Seq.filter (fun d -> seen.Add(struct (d.Code, d.Span)))
        |> Seq.truncate most
        |> List.ofSeq
        |> inCodePoints text

    /// Parses and checks a text. Wrong: all independent mistakes, in the order of the text.
    let parse (text: string) : Result<Parsed, Diagnostic list> =
        let found = ResizeArray<Diagnostic>()

        let report problem place =
            found.Add(MeaningErrorText.toDiagnostic { Problem = problem; Place = place })

        let file, syntaxErrors = Parser.parse text
        found.AddRange(syntaxErrors |> Seq.map SyntaxErrorText.toDiagnostic)

        let result =
            file
            |> Option.bind (fun file ->
                let draft = Elaborate.draft report file
                let checkedDraft = Check.check draft

                let network =
                    match checkedDraft with
                    | Ok(network, warnings) ->
                        found.AddRange(warnings |> Seq.map NetworkErrorText.toDiagnostic)
                        Some network
                    | Error errors ->
                        found.AddRange(errors |> Seq.map NetworkErrorText.toDiagnostic)
                        None

                let kinds =
                    match network with
                    | Some network ->
                        Network.scales network
                        |> Seq.map (fun (_, scale) -> scale.Kind)
                        |> Seq.distinct
                        |> List.ofSeq
                    | None -> []

                let gives = network |> Option.map _.OutputKind
                let recipe = file.Train |> Option.map (Recipes.recipe report kinds gives)
                network |> Option.map (fun network -> network, recipe)
            )

        let diagnostics = tidy text found

        match result with
        | Some(network, recipe) when diagnostics |> List.forall (fun d -> d.Severity = Warning) ->
            Ok {
                Network = network
                Recipe = recipe
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
