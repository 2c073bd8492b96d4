namespace Sss.Dsl

open Sss.Core

/// Values of expressions.
module internal ExprValue =

    /// What names stand for.
    type Env = Map<string, float>

    /// The value of an expression; or what is wrong and where. An unknown name gives `None`: it has
    /// been reported by the check of names.
    let rec expr (env: Env) (e: Expr) : Result<float, (MeaningProblem * Span) option> =
        match e with
        | Expr.Number(value, _) -> Ok value
        | Expr.Name(name, _) ->
            match Map.tryFind name env with
            | Some value -> Ok value
            | None -> Error None
        | Expr.Negate(inner, _) -> expr env inner |> Result.map (~-)
        | Expr.Binary(operator, a, b, span) ->
            match expr env a, expr env b with
            | Ok x, Ok y ->
                match operator with
                | Over when y = 0.0 -> Error(Some(MeaningProblem.DivisionByZero, b.Span))
                | _ ->
                    let value =
                        match operator with
                        | Plus -> x + y
                        | Minus -> x - y
                        | Times -> x * y
                        | Over -> x / y

                    if System.Double.IsFinite value then
                        Ok value
                    else
                        Error(Some(MeaningProblem.NotFinite, span))
            | Error problem, _
            | _, Error problem -> Error problem

    /// A whole number in a range.
    let integer
        (what: unit -> string)
        least
        most
        span
        (value: float)
        : Result<int, (MeaningProblem * Span) option> =
        if value <> System.Math.Floor value then
            Error(Some(MeaningProblem.NotAnInteger(what (), value), span))
        elif value < float least || value > float most then
            Error(
                Some(
                    MeaningProblem.OutOfRange(
                        what (),
                        value,
                        $"a whole number from {least} to {most}"
                    ),
                    span
                )
            )
        else
            Ok(int value)
