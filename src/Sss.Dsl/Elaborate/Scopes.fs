namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// The position of elaboration: inside which calls, with which values.
type internal Frame = {
    Env: ExprValue.Env
    CalledFrom: (string * Span) list
    Depth: int
    /// Directly in a `repeat`: labels there have been refused, and are left out.
    InRepeat: bool
}

/// Calls and the values they are made with.
module internal Frame =

    /// How deep calls and bodies may go together.
    let maxDepth = 200

    /// Outside of all calls. `count`: `classes` or `outputs`, with its number.
    let top (count: (string * float) option) = {
        Env = count |> Option.toList |> Map.ofList
        CalledFrom = []
        Depth = 0
        InRepeat = false
    }

    /// The frame inside a call, or what is wrong with its arguments.
    let call
        (frame: Frame)
        (definition: Definition)
        (word: Located<string>)
        (arguments: Argument list)
        : Result<Frame, (MeaningProblem * Span) option> =
        match Signature.bindCall definition word arguments with
        | Error _ -> Error None
        | Ok bound ->
            let start = frame.Env |> Map.filter (fun name _ -> Words.isCount name)

            (Ok start, definition.Parameters)
            ||> List.fold (fun env parameter ->
                env
                |> Result.bind (fun env ->
                    let value =
                        match bound.TryGetValue parameter.Name.Value, parameter.Default with
                        | (true, { Value = Value.Expr e }), _ -> ExprValue.expr frame.Env e
                        | _, Some e -> ExprValue.expr env e
                        | _ -> Error None

                    value |> Result.map (fun v -> Map.add parameter.Name.Value v env)
                )
            )
            |> Result.map (fun env -> {
                Env = env
                CalledFrom = (definition.Name.Value, word.Span) :: frame.CalledFrom
                Depth = frame.Depth + 1
                InRepeat = false
            })
