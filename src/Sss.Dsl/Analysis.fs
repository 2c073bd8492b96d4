namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// One finding about a text, and what would put it right where one word does.
type Finding = {
    /// Its columns count UTF-16 units, as those of the syntax tree do.
    Diagnostic: Diagnostic
    /// To be written in place of the words that it is about.
    Replacement: string option
}

/// All that is known of a text, whether or not it is right. Columns count UTF-16 units.
type Analysis = {
    /// What was understood of its form; None: it is not a network at all.
    File: File option
    /// In the order of the text, each mistake once however often its definition is called.
    Findings: Finding list
    /// What was checked, inner nodes before outer ones; of a large network only the first.
    Nodes: CheckedNode[]
    /// None: there are errors in it. Those of the recipe do not count.
    Network: Network option
    /// None: the text has no `train { … }`. Otherwise defaults are filled in.
    Recipe: Recipe option
}

/// Reading of texts.
[<RequireQualifiedAccess>]
module internal Analysis =

    /// The largest number of reported findings.
    let private most = 100

    /// The largest number of nodes that are kept: more than any network for people has.
    let private mostNodes = 100_000

    let private order (f: Finding) =
        match f.Diagnostic.Span with
        | Some span -> struct (span.Line, span.Column)
        | None -> struct (0, 0)

    /// In the order of the text, each mistake once however often its definition is called.
    let private tidy (findings: Finding seq) : Finding list =
        let seen = HashSet<struct (string * Span option)>()

        findings
        |> Seq.sortBy order
        |> Seq.filter (fun f -> seen.Add(struct (f.Diagnostic.Code, f.Diagnostic.Span)))
        |> Seq.truncate most
        |> List.ofSeq

    let private plain diagnostic = {
        Diagnostic = diagnostic
        Replacement = None
    }

    let private ofMeaning problem place = {
        Diagnostic = MeaningErrorText.toDiagnostic { Problem = problem; Place = place }
        Replacement = MeaningErrorText.guess problem
    }

    /// The kinds of factors that a network has.
    let private kindsOf (network: Network option) : FactorKind list =
        network
        |> Option.map (fun network ->
            Network.scales network
            |> Seq.map (fun (_, scale) -> scale.Kind)
            |> Seq.distinct
            |> List.ofSeq
        )
        |> Option.defaultValue []

    /// Whether a finding is a mistake in the network, and not one in the recipe after it.
    let private isOfNetwork (file: File) (f: Finding) : bool =
        let isInRecipe =
            match file.Train, f.Diagnostic.Span with
            | Some train, Some span ->
                struct (span.Line, span.Column)
                >= struct (train.Keyword.Line, train.Keyword.Column)
            | Some _, None
            | None, _ -> false

        f.Diagnostic.Severity = Failure && not isInRecipe

    /// Parses and checks a text.
    let ofText (text: string) : Analysis =
        let found = ResizeArray<Finding>()
        let nodes = ResizeArray<CheckedNode>()
        let report problem place = found.Add(ofMeaning problem place)

        let seen node =
            if nodes.Count < mostNodes then
                nodes.Add node

        let file, syntaxErrors = Parser.parse text
        found.AddRange(syntaxErrors |> Seq.map (SyntaxErrorText.toDiagnostic >> plain))

        let network =
            file
            |> Option.bind (fun file ->
                let add errors =
                    found.AddRange(errors |> Seq.map (NetworkErrorText.toDiagnostic >> plain))

                match Check.trace seen (Elaborate.draft report file) with
                | Ok(network, warnings) ->
                    let isRight = not (found.Exists(fun f -> isOfNetwork file f))
                    add warnings
                    if isRight then Some network else None
                | Error errors ->
                    add errors
                    None
            )

        let recipe =
            file
            |> Option.bind _.Train
            |> Option.map (Recipes.recipe report (kindsOf network) network)

        {
            File = file
            Findings = tidy found
            Nodes = nodes.ToArray()
            Network = network
            Recipe = recipe
        }
