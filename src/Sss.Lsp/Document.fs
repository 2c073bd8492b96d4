namespace Sss.Lsp

open Sss.Core
open Sss.Dsl

/// An open text with what is known of it. What is known is worked out when it is first asked for.
type internal Document = {
    Uri: string
    Version: int
    Source: SourceText
    Known: Lazy<Analysis>
    Layout: Lazy<Outline>
    Names: Lazy<Mention list>
    Facts: Lazy<StatementFacts.Index>
    Defined: Lazy<Map<string, Definition>>
}

/// Open texts.
[<RequireQualifiedAccess>]
module internal Document =

    /// A text under an address.
    let make (uri: string) (version: int) (source: SourceText) : Document =
        let known = lazy (Language.analyse source.Text)

        {
            Uri = uri
            Version = version
            Source = source
            Known = known
            Layout = lazy (Outline.make source known.Value.File)
            Names = lazy (known.Value.File |> Option.map Mentions.ofFile |> Option.defaultValue [])
            Facts = lazy (StatementFacts.index known.Value)
            Defined =
                lazy
                    (known.Value.File
                     |> Option.map Mentions.definitions
                     |> Option.defaultValue Map.empty)
        }

    /// The macs of everything whose shapes are known.
    let macs (document: Document) : int64 =
        document.Facts.Value.Costs |> Array.sumBy _.Macs

    /// Whether a statement calls a definition.
    let isCall (document: Document) (statement: Statement) : bool =
        match statement.Kind with
        | StatementKind.Apply(word, _, _) -> document.Defined.Value.ContainsKey word.Value
        | StatementKind.Repeat _
        | StatementKind.Residual _
        | StatementKind.Gate _
        | StatementKind.Output _
        | StatementKind.Concat _
        | StatementKind.Split _
        | StatementKind.Body _
        | StatementKind.Broken -> false

    /// What is known of a statement.
    let factsOf (document: Document) (placed: PlacedStatement) : StatementFacts =
        StatementFacts.ofStatement document.Facts.Value (isCall document placed.Statement) placed

    /// The name at an index of the text.
    let mentionAt (document: Document) (offset: int) : Mention option =
        document.Names.Value
        |> List.tryFind (fun m ->
            let start = SourceText.startOf document.Source m.Span
            start <= offset && offset <= start + m.Span.Length
        )

    /// The innermost statement at an index of the text.
    let statementAt (document: Document) (offset: int) : PlacedStatement option =
        let outline = document.Layout.Value

        match Outline.wordAt outline offset with
        | Some token -> Outline.statementAt outline token
        | None -> Outline.statementAt outline (TokenPairs.indexAt outline.Tokens offset)

    /// The document after some edits, to see what they would do.
    let edited (edits: TextEdit list) (document: Document) : Document =
        make document.Uri document.Version (SourceText.edit edits document.Source)

    /// Findings that a document has and another one has not, by code and how often.
    let newFindings (before: Document) (after: Document) : Finding list =
        let counts (document: Document) =
            document.Known.Value.Findings
            |> List.countBy (fun f -> f.Diagnostic.Code)
            |> Map.ofList

        let old, now = counts before, counts after

        after.Known.Value.Findings
        |> List.filter (fun f ->
            let code = f.Diagnostic.Code
            now[code] > (Map.tryFind code old |> Option.defaultValue 0)
        )

/// Numbers for people.
[<RequireQualifiedAccess>]
module internal Numbers =

    /// 1234567 as `1,234,567`.
    let grouped (n: int64) = Show.grouped n

    /// 1234567 as `1.2M`.
    let brief (n: int64) : string =
        let scaled (unit: float) (letter: string) =
            let value = float n / unit
            let format = if value < 9.95 then "0.0" else "0"

            value.ToString(format, System.Globalization.CultureInfo.InvariantCulture)
            + letter

        if n < 1_000L then string n
        elif n < 999_500L then scaled 1e3 "k"
        elif n < 999_500_000L then scaled 1e6 "M"
        else scaled 1e9 "G"

    /// `1 factor`, `16 factors`.
    let counted (n: int64) (one: string) =
        grouped n + " " + one + (if n = 1L then "" else "s")

    /// A part of a whole as `12.3 %`.
    let share (part: int64) (whole: int64) : string =
        let percent = 100.0 * float part / float (max 1L whole)

        percent.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture)
        + " %"
