/// Statements, definitions and what else is in a network.
module internal Sss.Dsl.Statements

open Sss.Core
open Sss.Dsl.Lexeme
open Sss.Dsl.Numerals
open Sss.Dsl.Expressions
open Sss.Dsl.ArgumentSyntax

let private nowhere = { Line = 1; Column = 1; Length = 1 }

let private broken: Statement = {
    Label = None
    Kind = StatementKind.Broken
    Span = nowhere
}

let private starts = [
    "a layer"
    "a call"
    "`repeat`"
    for word in Node.words do
        $"`{word}`"
]

let private startsOrEnd = starts @ [ $"`{Node.OutputWord}`"; "`}`" ]

/// `{ statements }`. `what` names the owner of the braces.
let rec body (what: string) : P<Statement list> =
    fun stream -> Recovery.braces what broken (statement ()) stream

/// A statement in a body.
and private statement () : P<Statement> =
    syntax {
        match! peek with
        | struct ('{', _) ->
            let! here = located (give ())
            let! inner = body "body"

            return {
                Label = None
                Kind = StatementKind.Body inner
                Span = here.Span
            }
        | _ ->
            let! first = word startsOrEnd

            let! isLabel =
                tryRead (
                    syntax {
                        do! blanks
                        let! found = skipIf ':'
                        return if found then Some() else None
                    }
                )

            if isLabel.IsSome then
                do! lines
                return! labelled first
            else
                return! unlabelled None first
    }

/// What is after a label.
and private labelled (label: Located<string>) : P<Statement> =
    syntax {
        let! struct (c, _) = peek
        let isBody = c = '{'

        // `shortcut: { … }` is what is left of a projection whose branch is gone.
        if Words.isReserved label.Value && not (isBody && label.Value = "shortcut") then
            return! failWith (SyntaxProblem.ReservedName(label.Value, "a label")) label.Span
        elif isBody then
            let! inner = body "named scope"

            return {
                Label = Some label
                Kind = StatementKind.Body inner
                Span = label.Span
            }
        else
            let! first = word starts
            return! unlabelled (Some label) first
    }

and private unlabelled (label: Located<string> option) (first: Located<string>) : P<Statement> =
    syntax {
        let! isOutput =
            if first.Value = Node.OutputWord && label.IsNone then
                Structures.startsOutput
            else
                give false

        if isOutput then
            let! found, kind = Structures.output body

            return {
                Label = Some found
                Kind = kind
                Span = first.Span
            }
        else
            return! plain label first
    }

and private plain (label: Located<string> option) (first: Located<string>) : P<Statement> =
    syntax {
        let! kind =
            match first.Value with
            | "repeat" -> repeat ()
            | "residual" -> Structures.residual body
            | "gate" -> Structures.gate body
            | "concat" -> Structures.concat body
            | "split" -> Structures.split body
            | "train" -> failWith SyntaxProblem.TrainInside first.Span
            | "input"
            | "classes"
            | "outputs"
            | "def"
            | "network" -> failWith (SyntaxProblem.ItemInside first.Value) first.Span
            | text when Words.isReserved text && not (Words.isKind text) ->
                failWith (SyntaxProblem.Unexpected(text, starts)) first.Span
            | _ -> apply first

        return {
            Label = label
            Kind = kind
            Span = first.Span
        }
    }

and private repeat () : P<StatementKind> =
    syntax {
        do! blanks
        let! count = expr OneLine
        let! inner = body "`repeat`"
        return StatementKind.Repeat(count, inner)
    }

/// `NAME = default`.
let private parameter: P<ParameterSyntax> =
    syntax {
        let! found = name [ "a parameter" ] "a parameter"
        do! lines

        match! skipIf '=' with
        | true ->
            do! lines
            let! value = expr ManyLines
            return { Name = found; Default = Some value }
        | false -> return { Name = found; Default = None }
    }

/// `def NAME(parameters) { … }`, the word read.
let private definition: P<Item> =
    syntax {
        do! blanks
        let! found = name [ "the definition's name" ] "a definition's name"
        do! blanks
        let! parameters = commaList parameter
        let! inner = body "`def`"

        return
            Item.Definition {
                Name = found
                Parameters = parameters
                Body = inner
            }
    }

/// `input`, `classes`, `outputs` or `def` at the start of an item, if it is not a label.
let private keyword: P<Located<string> option> =
    tryRead (
        syntax {
            match! startsName with
            | false -> return None
            | true ->
                let! found = word []
                do! blanks
                let! struct (c, _) = peek

                match found.Value with
                | "input"
                | "classes"
                | "outputs"
                | "def" when c <> ':' -> return Some found
                | _ -> return None
        }
    )

/// What is directly in the braces of a network.
let private item: P<Item> =
    syntax {
        match! keyword with
        | Some { Value = "def" } -> return! definition
        | Some { Value = "input"; Span = span } ->
            let! found = number

            let dims =
                match found.Value with
                | Dims dims -> dims
                | Real n -> [ int64 n ]

            return Item.Input({ Value = dims; Span = found.Span }, span)
        | Some { Value = word; Span = span } ->
            let! found = number

            match found.Value with
            | Real n ->
                let value = { Value = n; Span = found.Span }

                return
                    if word = "outputs" then
                        Item.Outputs(value, span)
                    else
                        Item.Classes(value, span)
            | Dims _ ->
                return!
                    failWith
                        (SyntaxProblem.Unexpected("a size", [ $"the number of {word}" ]))
                        found.Span
        | None ->
            let! found = statement ()
            return Item.Statement found
    }

/// Everything in the braces of a network.
let items: P<Item list> = Recovery.braces "network" (Item.Statement broken) item
