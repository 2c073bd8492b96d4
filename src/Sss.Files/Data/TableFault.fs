namespace Sss.Files

open System
open Sss.Core

/// What is wrong with one value of a table.
[<RequireQualifiedAccess>]
type CellFault =
    /// Nothing is there.
    | Missing
    /// Text where a number should be.
    | NotNumber of text: string
    /// No number, infinite, or too large for single precision.
    | NotFinite of text: string
    /// A number that does not say yes or no: outside of 0 to 1.
    | NotYesOrNo of text: string

/// What is wrong with a table. Lines and columns count from 1.
[<RequireQualifiedAccess>]
type TableFault =
    /// A column without a name.
    | NoName of column: int
    /// Two columns of one name.
    | SameName of name: string * first: int * second: int
    /// The first line has numbers alone, so it is no header.
    | NumbersAsNames
    /// The name of a column differs from the one in another file; none: the column is too many, or is missing.
    | OtherName of column: int * expected: string * found: string
    /// A row of more or fewer values than there are names.
    | Ragged of line: int * expected: int * found: int
    /// A quote inside a value that does not begin with one, or one that is not closed.
    | Quotes of line: int
    | Cell of line: int * column: int * name: string * CellFault

/// Wording.
[<RequireQualifiedAccess>]
module TableFault =

    /// The line that it is about.
    let line fault =
        match fault with
        | TableFault.NoName _
        | TableFault.SameName _
        | TableFault.NumbersAsNames
        | TableFault.OtherName _ -> 1
        | TableFault.Ragged(line, _, _)
        | TableFault.Quotes line
        | TableFault.Cell(line, _, _, _) -> line

    /// The column that it is about; 0 where it is about the whole line.
    let column fault =
        match fault with
        | TableFault.NumbersAsNames
        | TableFault.Ragged _
        | TableFault.Quotes _ -> 0
        | TableFault.NoName column
        | TableFault.SameName(_, _, column)
        | TableFault.OtherName(column, _, _)
        | TableFault.Cell(_, column, _, _) -> column

    /// Longer texts are cut: a value of a table is short, and one that is not is a mistake elsewhere.
    let private short (text: string) =
        let most = 40

        if text.Length <= most then
            text
        else
            text.Substring(0, most) + "…"

    let private cell fault =
        match fault with
        | CellFault.Missing -> "the value is missing"
        | CellFault.NotNumber text -> $"`{short text}` is not a number"
        | CellFault.NotFinite text -> $"`{short text}` is not a finite number"
        | CellFault.NotYesOrNo text -> $"`{short text}` is not from 0 (no) to 1 (yes)"

    let private values count =
        if count = 1 then "1 value" else $"{count} values"

    /// One line. Texts are those of the file; they may have any characters.
    let message fault =
        match fault with
        | TableFault.NoName column -> $"line 1, column {column}: the column has no name"
        | TableFault.SameName(name, first, second) ->
            $"line 1, column {second}: `{short name}` is the name of column {first} already"
        | TableFault.NumbersAsNames ->
            "line 1: it has only numbers; the first line must be the names of the columns"
        | TableFault.OtherName(column, "", found) ->
            $"line 1, column {column}: `{short found}` is one column too many"
        | TableFault.OtherName(column, expected, "") ->
            $"line 1, column {column}: `{short expected}` is missing"
        | TableFault.OtherName(column, expected, found) ->
            $"line 1, column {column}: expected `{short expected}`, found `{short found}`"
        | TableFault.Ragged(line, expected, found) ->
            $"line {line}: {values found}; the header has {expected} names"
        | TableFault.Quotes line ->
            $"line {line}: a quotation mark that is not closed, or not doubled"
        | TableFault.Cell(line, column, name, fault) ->
            $"line {line}, column {column} (`{short name}`): {cell fault}"

    /// What is wrong where a table has no column of a name, with the names that it has.
    let internal noColumn path name (suggestion: string option) (columns: string list) =
        let shown = Escape.line
        let most = 8
        let first = columns |> List.truncate most |> List.map shown |> String.concat ", "
        let more = columns.Length - most
        let rest = if more > 0 then $" and {more} more" else ""

        let meant =
            match suggestion with
            | Some near -> $"; did you mean `{shown near}`?"
            | None -> ""

        $"{shown path}: there is no column `{shown name}`{meant}\n  columns: {first}{rest}"

    /// What is wrong where a network takes another number of columns.
    let internal columnsDiffer dataset (input: Shape) (targets: int list) (found: int) =
        let features = int (Shape.count input)
        let featureWord = if features = 1 then "feature" else "features"
        let targetWord = if targets = [ 1 ] then "target" else "targets"
        let needed = targets |> List.map string |> String.concat " or "

        let all =
            targets |> List.map (fun n -> string (features + n)) |> String.concat " or "

        String.concat "\n" [
            $"data set {Escape.line dataset} does not fit: the network takes {features} {featureWord} (`input {input}`) \
              and {needed} {targetWord}, so {all} columns; the table has {found}"
            "  the first columns are the features and the last ones the targets; \
             csv:FILE#NAME,NAME says which columns are the targets"
        ]
