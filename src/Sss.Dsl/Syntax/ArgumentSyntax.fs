/// Arguments, `@scale(…)`, layers and calls.
module internal Sss.Dsl.ArgumentSyntax

open Sss.Core
open Sss.Dsl.Lexeme
open Sss.Dsl.Numerals
open Sss.Dsl.Expressions

/// Things between parentheses with commas between them.
let commaList (p: P<'T>) : P<'T list> =
    syntax {
        let! _ = symbol '('
        do! lines
        let! isEmpty = skipIf ')'
        let isOpen = ref (not isEmpty)

        return!
            collect (
                syntax {
                    if not isOpen.Value then
                        return None
                    else
                        do! lines
                        let! item = p
                        do! lines
                        let! goesOn = skipIf ','
                        let! isClosed = if goesOn then give false else skipIf ')'
                        isOpen.Value <- goesOn

                        if goesOn || isClosed then
                            return Some item
                        else
                            return! unexpected [ "`,`"; "`)`" ]
                }
            )
    }

/// `NAME=` after which a value follows; nothing is read where there is none.
let named (blanks: P<unit>) : P<Located<string> option> =
    tryRead (
        syntax {
            match! startsName with
            | false -> return None
            | true ->
                let! found = word []
                do! blanks
                let! isNamed = skipIf '='
                do! if isNamed then blanks else give ()
                return if isNamed then Some found else None
        }
    )

/// A word that is in no place a label, if it is this one.
let isNext (text: string) : P<bool> =
    lookAhead (
        syntax {
            match! startsName with
            | false -> return false
            | true ->
                let! found = word []
                do! blanks
                let! struct (c, _) = peek
                return found.Value = text && c <> ':'
        }
    )

let private kinds = [ "`neuron`"; "`group`"; "`block`" ]

/// What may be after the kind.
let private afterKind = [
    for flag in Words.scaleFlags do
        $"`{flag}`"
    for name in Words.scaleArguments do
        $"`{name}=…`"
]

let private scaleArgument isFirst : P<Choice<Located<string>, Located<string> * Expr>> =
    syntax {
        match! named lines with
        | None ->
            let! found = word (if isFirst then kinds else afterKind)
            return Choice1Of2 found
        | Some name when isFirst ->
            return! failWith (SyntaxProblem.Unexpected(name.Value, kinds)) name.Span
        | Some name when List.contains name.Value Words.scaleFlags ->
            return!
                failWith
                    (SyntaxProblem.Unexpected(name.Value + "=", [ $"`{name.Value}`" ]))
                    name.Span
        | Some name ->
            let! value = expr ManyLines
            return Choice2Of2(name, value)
    }

let private scaleArguments =
    syntax {
        let! _ = symbol '@'

        match! isNext "scale" with
        | false -> return! unexpected [ "`scale` after `@`" ]
        | true ->
            let! _ = word []
            do! blanks
            let isFirst = ref true

            return!
                commaList (
                    syntax {
                        let! found = scaleArgument isFirst.Value
                        isFirst.Value <- false
                        return found
                    }
                )
    }

/// `@scale(kind, FLAG, NAME=expr, …)`.
let private scale: P<ScaleSyntax> =
    syntax {
        let! whole = located scaleArguments

        match whole.Value with
        | Choice1Of2 kind :: rest ->
            let words =
                rest
                |> List.choose (
                    function
                    | Choice1Of2 word -> Some word
                    | Choice2Of2 _ -> None
                )

            match
                words
                |> List.tryFind (fun word -> not (List.contains word.Value Words.scaleFlags))
            with
            | Some word ->
                return! failWith (SyntaxProblem.Unexpected(word.Value, afterKind)) word.Span
            | None ->
                return {
                    Kind = kind
                    Flags = words
                    Arguments =
                        rest
                        |> List.choose (
                            function
                            | Choice2Of2 pair -> Some pair
                            | Choice1Of2 _ -> None
                        )
                    Span = whole.Span
                }
        | _ ->
            return!
                failWith
                    (SyntaxProblem.Unexpected(
                        "@scale()",
                        [ "`@scale(neuron)`"; "`@scale(group)`"; "`@scale(block)`" ]
                    ))
                    whole.Span
    }

/// Any number of `@scale(…)`: that there is one only is checked later, together with the rest.
let scales: P<ScaleSyntax list> =
    collect (
        syntax {
            do! blanks

            match! peek with
            | struct ('@', _) ->
                let! found = scale
                return Some found
            | _ -> return None
        }
    )

/// Refuses `4 * k`: spaces separate arguments.
let private notLoose: P<unit> =
    syntax {
        let! loose =
            lookAhead (
                syntax {
                    do! blanks
                    let! struct (c, next) = peek
                    let! here = located (skipIf c)
                    let isSign = c = '+' || c = '-'
                    let isLoose = c = '*' || c = '/' || (isSign && (next = ' ' || next = '\t'))
                    return if isLoose then Some(string c, here.Span) else None
                }
            )

        match loose with
        | Some(operator, span) -> return! failWith (SyntaxProblem.LooseOperator operator) span
        | None -> return ()
    }

/// The value of an argument: a size, a word, or an expression.
let private value: P<Located<Value>> =
    let simple: P<Located<Value> option> =
        tryRead (
            syntax {
                let! isNumber = startsNumber
                let! isName = startsName

                if isNumber then
                    let! found = number

                    match found.Value with
                    | Dims dims ->
                        return
                            Some {
                                Value = Value.Dims dims
                                Span = found.Span
                            }
                    | Real _ -> return None
                elif isName then
                    let! found = word []

                    if Words.isValue found.Value then
                        return
                            Some {
                                Value = Value.Word found.Value
                                Span = found.Span
                            }
                    else
                        return None
                else
                    return None
            }
        )

    syntax {
        match! simple with
        | Some found -> return found
        | None ->
            let! found = located (expr Tight)
            do! notLoose

            return {
                Value = Value.Expr found.Value
                Span = found.Span
            }
    }

/// A layer or a call, its word read.
let private applied (word: Located<string>) : P<StatementKind> =
    syntax {
        let isNamed = ref false
        let found = ResizeArray<ScaleSyntax>()

        let argument: P<Argument option> =
            syntax {
                let! more = scales
                found.AddRange more

                match! endsStatement with
                | true -> return None
                | false ->
                    let! name = named blanks
                    let! value = value

                    if name.IsNone && isNamed.Value then
                        return! failWith SyntaxProblem.PositionalAfterNamed value.Span
                    else
                        isNamed.Value <- name.IsSome
                        return Some { Name = name; Value = value }
            }

        let! arguments = collect argument
        return StatementKind.Apply(word, arguments, List.ofSeq found)
    }

/// A layer or a call, its word read. What looks like a loop of another language is an error that shows `repeat`.
let apply (word: Located<string>) : P<StatementKind> =
    if OtherNames.isLoop word.Value then
        applied word |> Recovery.otherwise (SyntaxProblem.Loop word.Value) word.Span
    else
        applied word
