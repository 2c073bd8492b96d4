/// `residual` and `concat`.
module internal Sss.Dsl.Structures

open Sss.Core
open Sss.Dsl.Lexeme
open Sss.Dsl.ArgumentSyntax

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
        let! scales = scales
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
            return StatementKind.Residual(scales, branch, shortcut)
        else
            return StatementKind.Residual(scales, branch, ShortcutSyntax.Identity)
    }

/// `concat`, its word read.
let concat (body: string -> P<Statement list>) : P<StatementKind> =
    let label: P<Located<string> option> =
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
                        if
                            isLabel && found.Value.StartsWith "branch" && found.Value <> "branch"
                        then
                            Some found
                        else
                            None
            }
        )

    let branch =
        tryRead (
            syntax {
                do! lines
                let! here = located (give ())
                let! label = label

                match! peek with
                | struct ('{', _) ->
                    let! inner = body "`concat`"
                    return Some(label, inner, here.Span)
                | _ -> return None
            }
        )

    syntax {
        let! branches = collect branch

        if branches.Length < 2 then
            do! lines
            return! unexpected [ "`{`: a concat joins two or more bodies" ]
        else
            return StatementKind.Concat branches
    }
