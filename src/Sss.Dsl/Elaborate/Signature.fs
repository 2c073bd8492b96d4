namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// How written arguments are matched with those that a layer or a definition takes.
module internal Signature =

    let private expected kind =
        match kind with
        | ArgumentKind.Count
        | ArgumentKind.Real _ -> "a number"
        | ArgumentKind.Extent _ -> "a number such as `2`, or a size such as `2x1`"
        | ArgumentKind.Padding ->
            "a number such as `1`, a size such as `1x0`, four numbers (top, left, bottom, right) such as `0x1x1x0`, or `same`"
        | ArgumentKind.Flag -> "`yes` or `no`"
        | ArgumentKind.Choice words ->
            words |> List.map (fun word -> $"`{word}`") |> String.concat " or "
        | ArgumentKind.Kernel -> "a size such as `3x3`"
        | ArgumentKind.KernelOrGlobal -> "a size such as `3x3`, or `global`"
        | ArgumentKind.CountOrOrder -> "a number, or an order of channels such as `0x2x1x3`"

    let private found value =
        match value with
        | Value.Expr(Expr.Name(name, _)) -> $"`{Words.shorten name}`"
        | Value.Expr _ -> "a number"
        | Value.Dims dims ->
            "the size `"
            + Words.shorten (dims |> List.map string |> String.concat "x")
            + "`"
        | Value.Word word -> $"`{word}`"

    /// The size that a plain number was meant to be.
    let private fix kind value =
        match kind, value with
        | (ArgumentKind.Kernel | ArgumentKind.KernelOrGlobal), Value.Expr(Expr.Number(n, _)) ->
            if n >= 1.0 && n <= float ArgumentSpec.most && n = floor n then
                Some $"{int n}x{int n}"
            else
                None
        | _, (Value.Expr _ | Value.Dims _ | Value.Word _) -> None

    let private fits kind value =
        match kind, value with
        | (ArgumentKind.Count | ArgumentKind.Real _ | ArgumentKind.Extent _ | ArgumentKind.Padding),
          Value.Expr _ -> true
        | ArgumentKind.Padding, Value.Dims d -> d.Length = 2 || d.Length = 4
        | ArgumentKind.Padding, Value.Word _ -> false
        | (ArgumentKind.Extent _ | ArgumentKind.Kernel | ArgumentKind.KernelOrGlobal), Value.Dims d ->
            d.Length = 2
        | ArgumentKind.CountOrOrder, (Value.Expr _ | Value.Dims _) -> true
        | ArgumentKind.Choice words, Value.Expr(Expr.Name(name, _)) -> List.contains name words
        | ArgumentKind.Choice _, (Value.Expr _ | Value.Dims _ | Value.Word _) -> false
        | ArgumentKind.Flag, Value.Word word -> word = "yes" || word = "no"
        | ArgumentKind.KernelOrGlobal, Value.Word word -> word = "global"
        | (ArgumentKind.Count | ArgumentKind.Real _ | ArgumentKind.Flag), Value.Dims _
        | (ArgumentKind.Flag | ArgumentKind.Kernel | ArgumentKind.KernelOrGlobal), Value.Expr _
        | (ArgumentKind.Count | ArgumentKind.Real _ | ArgumentKind.Extent _ | ArgumentKind.Kernel | ArgumentKind.CountOrOrder),
          Value.Word _ -> false

    /// The arguments of one statement by name.
    type Bound = Dictionary<string, Located<Value>>

    /// Matches written arguments with positional and named ones. `required`: which must be there.
    let private matchUp
        word
        (positional: string list)
        (named: string list)
        (arguments: Argument list)
        =
        let bound = Bound()
        let problems = ResizeArray<MeaningProblem * Span>()
        let mutable rest = positional

        for argument in arguments do
            match argument.Name, rest with
            | None, first :: others ->
                bound[first] <- argument.Value
                rest <- others
            | None, [] ->
                if not (problems.Exists(fun (p, _) -> p.IsTooManyArguments)) then
                    problems.Add(
                        MeaningProblem.TooManyArguments(word, positional.Length),
                        argument.Value.Span
                    )
            | Some name, _ when not (List.contains name.Value named) ->
                problems.Add(
                    MeaningProblem.UnknownArgument(
                        word,
                        name.Value,
                        Suggest.nearest named name.Value,
                        named
                    ),
                    name.Span
                )
            | Some name, _ ->
                if not (bound.TryAdd(name.Value, argument.Value)) then
                    problems.Add(MeaningProblem.ArgumentTwice name.Value, name.Span)

        bound, problems

    /// What is wrong with one argument of a layer, written or not.
    let private problemsOf
        (known: Word<Op>)
        (word: Located<string>)
        (bound: Bound)
        (argument: ArgumentSpec)
        = [
        let kind = argument.Kind

        match bound.TryGetValue argument.Name with
        | true, value when not (fits kind value.Value) ->
            MeaningProblem.WrongArgument(
                $"the {argument.Name} of `{word.Value}`",
                found value.Value,
                expected kind,
                fix kind value.Value
            ),
            value.Span
        | true, value when value.Value.IsWord && kind.IsKernelOrGlobal && bound.Count > 1 ->
            for other in bound do
                if other.Key <> argument.Name then
                    MeaningProblem.WrongArgument(
                        $"{other.Key} of a global pool",
                        "given",
                        $"`{word.Value} global` alone",
                        None
                    ),
                    other.Value.Span
        | true, _ -> ()
        | false, _ when argument.Default.IsNone ->
            MeaningProblem.MissingArgument(
                word.Value,
                argument.Name,
                Some $"{word.Value} {known.Example}"
            ),
            word.Span
        | false, _ -> ()
    ]

    let private noWord (word: Located<string>) =
        invalidArg "word" $"`{word.Value}` is not a layer."

    /// The arguments of a layer, matched; or what is wrong with them. `word`: one of `Op.words`.
    let bindLayer (word: Located<string>) arguments : Result<Bound, (MeaningProblem * Span) list> =
        let known = Op.tryWord word.Value |> Option.defaultWith (fun () -> noWord word)

        let namesOf isNamed =
            known.Arguments |> List.filter (fun a -> a.IsNamed = isNamed) |> List.map _.Name

        let bound, problems = matchUp word.Value (namesOf false) (namesOf true) arguments

        for argument in known.Arguments do
            problems.AddRange(problemsOf known word bound argument)

        if problems.Count = 0 then
            Ok bound
        else
            Error(List.ofSeq problems)

    /// The arguments of a call, matched with a definition's parameters; or what is wrong.
    let bindCall (definition: Definition) (word: Located<string>) arguments =
        let names = definition.Parameters |> List.map (fun p -> p.Name.Value)
        let bound, problems = matchUp word.Value names names arguments

        for parameter in definition.Parameters do
            match bound.TryGetValue parameter.Name.Value with
            | true, { Value = Value.Expr _ } -> ()
            | true, value ->
                problems.Add(
                    MeaningProblem.WrongArgument(
                        $"the argument `{Words.shorten parameter.Name.Value}` of `{Words.shorten word.Value}`",
                        found value.Value,
                        "a number",
                        None
                    ),
                    value.Span
                )
            | false, _ when parameter.Default.IsNone ->
                problems.Add(
                    MeaningProblem.MissingArgument(
                        word.Value,
                        $"argument `{Words.shorten parameter.Name.Value}`",
                        None
                    ),
                    word.Span
                )
            | false, _ -> ()

        if problems.Count = 0 then
            Ok bound
        else
            Error(List.ofSeq problems)
