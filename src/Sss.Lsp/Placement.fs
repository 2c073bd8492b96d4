namespace Sss.Lsp

open Sss.Core
open Sss.Dsl

/// A pair of braces and what is in it, as indexes of tokens.
type internal PlacedBody = {
    Open: int
    /// The last token of the text where the braces are not closed.
    Close: int
    Statements: PlacedStatement list
}

/// A statement with where it begins and ends, as indexes of tokens.
and internal PlacedStatement = {
    Statement: Statement
    /// Its label, where it has one.
    First: int
    Last: int
    Bodies: PlacedBody list
}

/// A definition with where it begins and ends.
type internal PlacedDefinition = {
    Definition: Definition
    First: int
    Body: PlacedBody
}

/// Finding where statements begin and end. The syntax tree knows where they begin; the tokens tell the rest.
[<RequireQualifiedAccess>]
module internal Placement =

    /// The token that a stretch of the syntax tree begins with.
    let ofSpan source tokens (span: Span) : int =
        max 0 (TokenPairs.indexAt tokens (SourceText.startOf source span))

    /// Everything that finding ends needs.
    type Scan = {
        From: SourceText
        All: PlacedToken[]
        Pairs: int[]
    }

    let private closing scan opened =
        if scan.Pairs[opened] >= 0 then
            scan.Pairs[opened]
        else
            scan.All.Length - 1

    /// The first `{` from here on.
    let rec opening scan i =
        if i >= scan.All.Length then None
        elif TokenPairs.isMark scan.All '{' i then Some i
        else opening scan (i + 1)

    /// The last token of a statement without bodies.
    let private lineEnd scan first =
        let rec go i last =
            if i >= scan.All.Length then
                last
            else
                match scan.All[i].Token with
                | Token.Newline
                | Token.Mark(';' | '{' | '}') -> last
                | Token.Comment _ -> last
                | Token.Mark '(' when scan.Pairs[i] > i -> go (scan.Pairs[i] + 1) scan.Pairs[i]
                | Token.Word _
                | Token.Mark _
                | Token.Operator _ -> go (i + 1) i

        go (first + 1) first

    /// The statements between braces.
    let rec body scan (opened: int) (statements: Statement list) : PlacedBody = {
        Open = opened
        Close = closing scan opened
        Statements = statements |> List.choose (statement scan)
    }

    /// Bodies one after the other, each at the next `{`.
    and private bodies scan first (inner: Statement list list) : PlacedBody list =
        match inner with
        | [] -> []
        | statements :: rest ->
            match opening scan first with
            | None -> []
            | Some opened ->
                let found = body scan opened statements
                found :: bodies scan (found.Close + 1) rest

    and private lastOf fallback (bodies: PlacedBody list) =
        bodies |> List.tryLast |> Option.map _.Close |> Option.defaultValue fallback

    and private statement scan (statement: Statement) : PlacedStatement option =
        let word = ofSpan scan.From scan.All statement.Span

        let first =
            match statement.Label with
            // The name of a further output is after its word.
            | Some label when word < ofSpan scan.From scan.All label.Span -> word
            | Some label -> ofSpan scan.From scan.All label.Span
            | None -> word

        let placed last bodies =
            Some {
                Statement = statement
                First = first
                Last = last
                Bodies = bodies
            }

        let withBodies inner =
            let found = bodies scan word inner
            placed (lastOf (lineEnd scan word) found) found

        match statement.Kind with
        | StatementKind.Broken -> None
        | StatementKind.Apply _ -> placed (lineEnd scan word) []
        | StatementKind.Repeat(_, inner)
        | StatementKind.Gate inner
        | StatementKind.Output inner
        | StatementKind.Body inner -> withBodies [ inner ]
        | StatementKind.Concat branches
        | StatementKind.Split(_, branches) ->
            withBodies (branches |> List.map (fun (_, inner, _) -> inner))
        | StatementKind.Residual(_, branch, ShortcutSyntax.Body inner) ->
            withBodies [ branch; inner ]
        | StatementKind.Residual(_, branch, (ShortcutSyntax.Identity | ShortcutSyntax.Auto)) ->
            let found = bodies scan word [ branch ]
            let last = lastOf word found
            let shortcut = TokenPairs.next scan.All (last + 1)

            // `shortcut auto` is on the same line or on a later one.
            if
                shortcut < scan.All.Length
                && scan.All[shortcut].Token = Token.Word "shortcut"
                && not (TokenPairs.isMark scan.All ':' (shortcut + 1))
            then
                placed (min (scan.All.Length - 1) (TokenPairs.next scan.All (shortcut + 1))) found
            else
                placed last found

    /// A definition with its braces.
    let definition scan (d: Definition) : PlacedDefinition option =
        let name = ofSpan scan.From scan.All d.Name.Span

        opening scan name
        |> Option.map (fun opened -> {
            Definition = d
            First = max 0 (name - 1)
            Body = body scan opened d.Body
        })
