namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// Counts the layers that a text will make, before any is made: a `repeat` is counted once, and
/// a call once for each list of arguments.
module internal Count =

    /// The number of statements to look at before giving up: calls with ever new arguments cannot be counted once.
    let private maxSteps = 1_000_000

    /// Calls with arguments of their own that are followed: doubling definitions that change their
    /// argument each time would otherwise be counted one by one.
    let private maxCalls = 50_000

    type private Run = {
        Known: Names.Known
        Memo: Dictionary<string, float>
        mutable Steps: int
        /// The statement that makes too many.
        mutable Found: (Span * (string * Span) list) option
    }

    /// Rounds of a `repeat`, if that is a number.
    let private rounds (frame: Frame) count =
        match ExprValue.expr frame.Env count with
        | Ok n when n >= 0.0 -> n
        | _ -> 0.0

    let private key (name: string) (definition: Definition) (frame: Frame) =
        let values =
            definition.Parameters
            |> List.map (fun p -> frame.Env[p.Name.Value].ToString "R")

        String.concat " " (name :: values)

    let rec private ofBody run (frame: Frame) (body: Statement list) : float =
        let mutable sum = 0.0
        let mutable rest = body

        while not rest.IsEmpty && run.Found.IsNone do
            let statement = rest.Head
            rest <- rest.Tail
            run.Steps <- run.Steps + 1
            sum <- sum + ofStatement run frame statement

            if
                run.Found.IsNone
                && (sum > float Check.maxLayers || run.Steps > maxSteps + Check.maxLayers)
            then
                run.Found <- Some(statement.Span, frame.CalledFrom)

        sum

    and private ofStatement run (frame: Frame) statement : float =
        match statement.Kind with
        | StatementKind.Apply(word, arguments, _) ->
            match run.Known.Definitions.TryGetValue word.Value with
            | true, definition when
                run.Known.Cyclic.Contains word.Value || frame.Depth >= Frame.maxDepth
                ->
                ignore definition
                0.0
            | true, definition ->
                match Frame.call frame definition word arguments with
                | Error _ -> 0.0
                | Ok inner ->
                    let key = key word.Value definition inner

                    match run.Memo.TryGetValue key with
                    | true, n -> n
                    | _ ->
                        if run.Memo.Count >= maxCalls && run.Found.IsNone then
                            run.Found <- Some(statement.Span, frame.CalledFrom)

                        // A call costs time even where it makes no layer, and calls may double.
                        let n = max 1.0 (ofBody run inner definition.Body)
                        run.Memo[key] <- n
                        n
            | _ -> 1.0
        | StatementKind.Repeat(count, inner) ->
            let n = rounds frame count
            // A round costs time even where it makes no layer.
            let total = n * max 1.0 (ofBody run frame inner)

            if run.Found.IsNone && total > float Check.maxLayers then
                run.Found <- Some(count.Span, frame.CalledFrom)

            total
        | StatementKind.Residual(_, branch, shortcut) ->
            ofBody run frame branch
            + (
                match shortcut with
                | ShortcutSyntax.Body inner -> ofBody run frame inner
                | _ -> 0.0
            )
        | StatementKind.Gate inner
        | StatementKind.Output inner -> ofBody run frame inner
        | StatementKind.Concat branches
        | StatementKind.Split(_, branches) ->
            branches |> List.sumBy (fun (_, inner, _) -> ofBody run frame inner)
        | StatementKind.Body inner -> ofBody run frame inner
        | StatementKind.Broken -> 0.0

    /// The statement that makes more layers than a network may have, if there is one.
    let tooMany
        known
        (frame: Frame)
        (statements: Statement list)
        : (Span * (string * Span) list) option =
        let run = {
            Known = known
            Memo = Dictionary()
            Steps = 0
            Found = None
        }

        ofBody run frame statements |> ignore
        run.Found
