/// Expressions.
module internal Sss.Dsl.Expressions

open Sss.Core
open Sss.Dsl.Lexeme
open Sss.Dsl.Numerals

/// What may be between the parts of an expression.
type Spacing =
    /// Nothing: blanks end an argument.
    | Tight
    | OneLine
    /// As in parentheses.
    | ManyLines

let private space spacing : P<unit> =
    match spacing with
    | Tight -> give ()
    | OneLine -> spaces
    | ManyLines -> lines

let private operand = [ "a number"; "a name" ]

/// A number, a name, a sign and an operand, or parentheses.
let rec private atom spacing : P<Expr> =
    syntax {
        match! peek with
        | struct (('-' | '+') as sign, _) ->
            let! start = symbol sign
            do! space spacing
            let! inner = deeper start (atom spacing)

            if sign = '-' then
                return Expr.Negate(inner, Span.join start inner.Span)
            else
                return inner
        | struct ('(', _) ->
            let! opened = symbol '('
            do! lines
            let! inner = deeper opened (expr ManyLines)
            do! lines
            let! _ = symbol ')'
            return inner
        | _ ->
            match! startsName with
            | true ->
                let! found = word operand

                if not (Words.isCount found.Value) && Words.isReserved found.Value then
                    return! failWith (SyntaxProblem.Unexpected(found.Value, operand)) found.Span
                else
                    return Expr.Name(found.Value, found.Span)
            | false ->
                match! startsNumber with
                | false -> return! unexpected operand
                | true ->
                    let! found = number

                    match found.Value with
                    | Real value -> return Expr.Number(value, found.Span)
                    | Dims _ ->
                        return! failWith (SyntaxProblem.Unexpected("a size", operand)) found.Span
    }

/// The operator here and how tightly it binds, read only if it binds at least this tightly.
and private operator spacing power : P<Located<Operator> option> =
    tryRead (
        syntax {
            do! space spacing
            let! struct (c, next) = peek

            let found =
                match c with
                | '+' -> Some(Plus, 1)
                | '-' -> Some(Minus, 1)
                | '*' -> Some(Times, 2)
                | '/' when next <> '/' -> Some(Over, 2)
                | _ -> None

            match found with
            | Some(operator, p) when p >= power ->
                let! span = symbol c
                do! space spacing
                return Some { Value = operator; Span = span }
            | _ -> return None
        }
    )

/// An expression: signs, then `* /`, then `+ -`, each from left to right.
and expr (spacing: Spacing) : P<Expr> = climb spacing 1

/// An operand, and operators of at least a binding power after it.
and private climb spacing power : P<Expr> =
    let tighter operator =
        if operator = Plus || operator = Minus then 2 else 3

    leftToRight
        (atom spacing)
        (operator spacing power)
        (fun found -> climb spacing (tighter found.Value))
        (fun found a b -> Expr.Binary(found.Value, a, b, Span.join a.Span b.Span))
