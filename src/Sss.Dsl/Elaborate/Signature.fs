namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// What an argument of a layer must be.
type internal ArgumentType =
    /// A number of channels, features or groups.
    | Count
    /// `S` or `SxS`; the smallest value.
    | Extent of least: int
    | Real
    /// `yes` or `no`.
    | Flag
    /// `KxK`.
    | Kernel
    /// `KxK` or `global`.
    | KernelOrGlobal

/// The arguments that a layer takes.
type internal Signature = {
    Positional: (string * ArgumentType) list
    Named: (string * ArgumentType) list
    Example: string
}

/// The table of `language.md` §3, and how written arguments are matched with it.
module internal Signature =

    let private window = [ "stride", Extent 1; "pad", Extent 0 ]
    let private convolution = window @ [ "dilation", Extent 1; "bias", Flag ]

    let private none = {
        Positional = []
        Named = []
        Example = ""
    }

    let private pool = {
        Positional = [ "window", KernelOrGlobal ]
        Named = window @ [ "ceil", Flag ]
        Example = "2x2"
    }

    // Values, not made anew for every layer.
    let private conv = {
        Positional = [ "number of channels", Count; "kernel", Kernel ]
        Named = window @ [ "groups", Count; "dilation", Extent 1; "bias", Flag ]
        Example = "16 3x3"
    }

    let private dwconv = {
        Positional = [ "kernel", Kernel ]
        Named = convolution
        Example = "3x3"
    }

    let private dense = {
        Positional = [ "number of features", Count ]
        Named = [ "bias", Flag ]
        Example = "classes"
    }

    let private bn = {
        none with
            Named = [ "eps", Real; "momentum", Real ]
    }

    let private leakyrelu = { none with Named = [ "slope", Real ] }

    let private dropout = {
        none with
            Positional = [ "probability", Real ]
            Example = "0.5"
    }

    /// The arguments of a kind of layer.
    let ofKind (kind: string) : Signature =
        match kind with
        | "conv" -> conv
        | "dwconv" -> dwconv
        | "dense" -> dense
        | "bn" -> bn
        | "leakyrelu" -> leakyrelu
        | "maxpool"
        | "avgpool" -> pool
        | "dropout" -> dropout
        | _ -> none

    let private expected argument =
        match argument with
        | Count
        | Real -> "a number"
        | Extent _ -> "a number such as `2`, or a size such as `2x1`"
        | Flag -> "`yes` or `no`"
        | Kernel -> "a size such as `3x3`"
        | KernelOrGlobal -> "a size such as `3x3`, or `global`"

    let private found value =
        match value with
        | Value.Expr _ -> "a number"
        | Value.Dims dims ->
            "the size `"
            + Words.shorten (dims |> List.map string |> String.concat "x")
            + "`"
        | Value.Word word -> $"`{word}`"

    let private fits argument value =
        match argument, value with
        | (Count | Real | Extent _), Value.Expr _ -> true
        | (Extent _ | Kernel | KernelOrGlobal), Value.Dims [ _; _ ] -> true
        | Flag, Value.Word("yes" | "no") -> true
        | KernelOrGlobal, Value.Word "global" -> true
        | _ -> false

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

    /// The arguments of a layer, matched; or what is wrong with them.
    let bindLayer (word: Located<string>) arguments : Result<Bound, (MeaningProblem * Span) list> =
        let signature = ofKind word.Value
        let positional = List.map fst signature.Positional

        let bound, problems =
            matchUp word.Value positional (List.map fst signature.Named) arguments

        for name, kind in signature.Positional @ signature.Named do
            match bound.TryGetValue name with
            | true, value when not (fits kind value.Value) ->
                problems.Add(
                    MeaningProblem.WrongArgument(
                        $"the {name} of `{word.Value}`",
                        found value.Value,
                        expected kind
                    ),
                    value.Span
                )
            | true, value when value.Value.IsWord && kind = KernelOrGlobal && bound.Count > 1 ->
                for other in bound do
                    if other.Key <> name then
                        problems.Add(
                            MeaningProblem.WrongArgument(
                                $"{other.Key} of a global pool",
                                "given",
                                $"`{word.Value} global` alone"
                            ),
                            other.Value.Span
                        )
            | true, _ -> ()
            | false, _ when List.contains name positional ->
                problems.Add(
                    MeaningProblem.MissingArgument(
                        word.Value,
                        name,
                        Some $"{word.Value} {signature.Example}"
                    ),
                    word.Span
                )
            | false, _ -> ()

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
                        "a number"
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
