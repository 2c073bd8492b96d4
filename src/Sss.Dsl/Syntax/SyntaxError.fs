namespace Sss.Dsl

open Sss.Core

/// Syntax errors of a text.
[<RequireQualifiedAccess>]
type SyntaxProblem =
    /// Something else was expected; `found` is a piece of the text, "" at the end of the file.
    | Unexpected of found: string * expected: string list
    /// A `{` that is never closed.
    | Unclosed of what: string
    /// Too many nested braces or parentheses, or too many operators.
    | TooDeep of limit: int
    | BadNumber of text: string
    /// A loop of another language.
    | Loop of word: string
    /// An operator with spaces around it in an argument.
    | LooseOperator of operator: string
    | ReservedName of word: string * purpose: string
    | PositionalAfterNamed
    /// `train` before the network's braces are closed.
    | TrainInside
    /// `input`, `classes`, `outputs` or `def` inside a body.
    | ItemInside of word: string
    /// More statements than a network may have layers.
    | TooLong of limit: int
    /// A file without a network.
    | NoNetwork
    /// A kernel written as one number, or as numbers apart.
    | BadDims of text: string

/// One syntax error, and where.
type SyntaxError = { Problem: SyntaxProblem; Span: Span }

/// The wording of syntax errors.
[<RequireQualifiedAccess>]
module SyntaxErrorText =

    let private invariant = System.Globalization.CultureInfo.InvariantCulture

    let private style = System.Globalization.NumberStyles.AllowDecimalPoint

    let private list (words: string list) =
        match List.rev words with
        | [] -> "something else"
        | [ one ] -> one
        | last :: rest -> String.concat ", " (List.rev rest) + " or " + last

    /// What was probably meant by a piece of text that is not expected.
    let private meant (found: string) (expected: string list) =
        match found with
        | "#" -> Some "a comment starts with `//`"
        | "," when expected = [ "`)`" ] ->
            Some "write arguments after a space, without parentheses or commas, as in `conv 16 3x3`"
        | "," when List.contains "a name" expected ->
            Some "remove the comma: spaces separate arguments"
        | _ when Words.isKind found && List.contains "a name" expected ->
            Some $"put `;` before `{found}`: every layer is a statement of its own"
        | _ -> None

    let private unexpected found expected =
        "SSS101",
        $"`{Words.shorten found}` was not expected here",
        [ $"expected {list expected}" ],
        meant found expected

    let private unclosed what =
        "SSS102",
        $"the `{{` of this {what} is never closed",
        [ "the file ends first" ],
        Some "write the missing `}`"

    let private tooDeep limit =
        "SSS103",
        $"nested more than {limit} deep",
        [ "this limit holds for braces, parentheses, calls and operators together" ],
        Some "use a `def` or a `repeat`"

    let private tooLong limit =
        "SSS304",
        $"the text has more than {limit} statements",
        [ "a network cannot have more layers than that" ],
        Some "use a `def` or a `repeat`"

    let private badNumber (text: string) =
        let fraction =
            match text.EndsWith '%', System.Double.TryParse(text.TrimEnd '%', style, invariant) with
            | true, (true, percent) -> Some $"write `{(percent / 100.0).ToString invariant}`"
            | _ -> None

        "SSS104",
        $"`{Words.shorten text}` is not a number",
        [
            if fraction.IsSome then
                "fractions are written as numbers: `0.5`, not `50%`"
            else
                "numbers are written `16`, `0.1` or `1e-4`; sizes `3x3` or `3x224x224`"
        ],
        fraction

    let private loop word =
        "SSS201",
        $"there is no layer or definition `{Words.shorten word}`",
        [ "`repeat N { … }` repeats its statements N times" ],
        OtherNames.statement word

    let private looseOperator operator =
        "SSS105",
        $"the operator `{operator}` has spaces around it in an argument",
        [ "spaces separate arguments" ],
        Some $"write it without spaces, `4{operator}k`, or in parentheses, `(4 {operator} k)`"

    let private reservedName word purpose =
        "SSS106",
        $"`{word}` is a reserved word and cannot be {purpose}",
        [],
        Some $"use another name, such as `{word}_a`"

    let private positionalAfterNamed =
        "SSS107",
        "an argument without a name follows one with a name",
        [ "arguments without names come first" ],
        None

    let private trainInside =
        "SSS108",
        "`train` is inside the network",
        [ "the recipe comes after the network" ],
        Some "close the network with `}` first"

    let private itemInside word =
        "SSS109",
        $"`{word}` is inside a body",
        [ $"`{word}` must be directly inside the braces of `network`" ],
        None

    let private noNetwork =
        "SSS110", "there is no network here", [ "a file begins with `network NAME { … }`" ], None

    let private badDims text =
        "SSS111",
        $"`{Words.shorten text}` is not a size",
        [ "sizes are one word: `3x3` or `3x224x224`" ],
        None

    let private text problem =
        match problem with
        | SyntaxProblem.Unexpected("", expected) ->
            "SSS101", "the file ends where more was expected", [ $"expected {list expected}" ], None
        | SyntaxProblem.Unexpected(found, expected) -> unexpected found expected
        | SyntaxProblem.Unclosed what -> unclosed what
        | SyntaxProblem.TooDeep limit -> tooDeep limit
        | SyntaxProblem.TooLong limit -> tooLong limit
        | SyntaxProblem.BadNumber text -> badNumber text
        | SyntaxProblem.Loop word -> loop word
        | SyntaxProblem.LooseOperator operator -> looseOperator operator
        | SyntaxProblem.ReservedName(word, purpose) -> reservedName word purpose
        | SyntaxProblem.PositionalAfterNamed -> positionalAfterNamed
        | SyntaxProblem.TrainInside -> trainInside
        | SyntaxProblem.ItemInside word -> itemInside word
        | SyntaxProblem.NoNetwork -> noNetwork
        | SyntaxProblem.BadDims text -> badDims text

    /// The diagnostic of a mistake.
    let toDiagnostic (error: SyntaxError) : Diagnostic =
        let code, message, notes, suggestion = text error.Problem

        {
            Code = code
            Severity = Failure
            Span = Some error.Span
            Message = message
            Notes = notes
            Suggestion = suggestion
            CalledFrom = []
        }
