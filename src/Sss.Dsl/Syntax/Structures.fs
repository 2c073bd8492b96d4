/// `residual`, `gate`, `concat` and `split`.
module internal Sss.Dsl.Structures

open Sss.Core
open Sss.Dsl.Lexeme
open Sss.Dsl.Numerals
open Sss.Dsl.Expressions
open Sss.Dsl.ArgumentSyntax

/// `drop=P` and `@scale(…)`, in any order.
let private residualHead: P<ResidualHead> =
    syntax {
        let found = ResizeArray<ScaleSyntax>()

        let argument =
            syntax {
                let! more = scales
                found.AddRange more
                do! blanks

                match! named blanks with
                | None -> return None
                | Some name ->
                    let! value = expr Tight
                    return Some(name, value)
            }

        let! arguments = collect argument

        return {
            Arguments = arguments
            Scales = List.ofSeq found
        }
    }

/// `residual`, its word read; `body` parses a body of the named owner.
let residual (body: string -> P<Statement list>) : P<StatementKind> =
    let shortcut: P<ShortcutSyntax> =
        syntax {
            let! isBody =
                lookAhead (
                    syntax {
                        do! lines
                        let! struct (c, _) = peek
                        return c = '{'
                    }
                )

            if isBody then
                let! inner = body "`shortcut`"
                return ShortcutSyntax.Body inner
            else
                do! blanks
                let expected = [ "`identity`"; "`auto`"; "`{`" ]
                let! found = word expected

                match found.Value with
                | "identity" -> return ShortcutSyntax.Identity
                | "auto" -> return ShortcutSyntax.Auto
                | other -> return! failWith (SyntaxProblem.Unexpected(other, expected)) found.Span
        }

    syntax {
        let! head = residualHead
        let! branch = body "`residual`"

        let! hasShortcut =
            tryRead (
                syntax {
                    do! lines

                    match! isNext "shortcut" with
                    | true ->
                        let! _ = word []
                        return Some()
                    | false -> return None
                }
            )

        if hasShortcut.IsSome then
            let! shortcut = shortcut
            return StatementKind.Residual(head, branch, shortcut)
        else
            return StatementKind.Residual(head, branch, ShortcutSyntax.Identity)
    }

/// `gate`, its word read.
let gate (body: string -> P<Statement list>) : P<StatementKind> =
    syntax {
        let! inner = body "`gate`"
        return StatementKind.Gate inner
    }

/// Whether what follows the word `output` makes it a further output, and not a call or a label.
let startsOutput: P<bool> =
    lookAhead (
        syntax {
            do! blanks
            let! isNamed = startsName
            let! _ = if isNamed then word [] else located (give "")
            do! lines
            let! struct (c, _) = peek
            return c = '{'
        }
    )

/// `output`, its word read: its name and its body.
let output (body: string -> P<Statement list>) : P<Located<string> * StatementKind> =
    syntax {
        do! blanks
        let! found = name [ "the output's name" ] "an output's name"
        let! inner = body "`output`"
        return found, StatementKind.Output inner
    }

/// A label of a branch and its colon.
let private branchLabel: P<Located<string> option> =
    tryRead (
        syntax {
            match! startsName with
            | false -> return None
            | true ->
                let! found = word []
                do! blanks
                let! isLabel = skipIf ':'
                do! lines

                return
                    if isLabel && found.Value.StartsWith "branch" && found.Value <> "branch" then
                        Some found
                    else
                        None
        }
    )

/// The bodies of a `concat` or a `split`.
let private branches word (body: string -> P<Statement list>) : P<BranchSyntax list> =
    let branch =
        tryRead (
            syntax {
                do! lines
                let! here = located (give ())
                let! label = branchLabel

                match! peek with
                | struct ('{', _) ->
                    let! inner = body $"`{word}`"
                    return Some(label, inner, here.Span)
                | _ -> return None
            }
        )

    syntax {
        let! branches = collect branch

        if branches.Length < 2 then
            do! lines
            return! unexpected [ $"`{{`: a {word} has two or more bodies" ]
        else
            return branches
    }

/// `concat`, its word read.
let concat (body: string -> P<Statement list>) : P<StatementKind> =
    syntax {
        let! branches = branches "concat" body
        return StatementKind.Concat branches
    }

/// `split`, its word read.
let split (body: string -> P<Statement list>) : P<StatementKind> =
    let part =
        syntax {
            do! blanks
            let! isNumber = startsNumber
            let! isName = startsName
            let! label = lookAhead branchLabel
            let! struct (c, _) = peek

            if isNumber || c = '(' || (isName && label.IsNone) then
                let! value = expr Tight
                return Some value
            else
                return None
        }

    syntax {
        let! parts = collect part
        let! branches = branches "split" body
        return StatementKind.Split(parts, branches)
    }
