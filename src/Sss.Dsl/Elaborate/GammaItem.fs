namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core
open Sss.Dsl.RecipeItems

/// `gamma …`: the weight of the penalty for each kind of factor.
module internal GammaItem =

    let private gammaExpected = "a number of 0 or more"

    /// `KIND=G` of an item of γ.
    let private namedGamma
        run
        (given: Dictionary<FactorKind, float>)
        (name: Located<string>)
        (value: Located<float>)
        =
        match List.tryFind (fun (word, _) -> word = name.Value) gammaKinds with
        | Some(_, kind) ->
            real
                run
                $"gamma's {name.Value}"
                value.Span
                value.Value
                isNotNegative
                gammaExpected
                (fun v ->
                    if not (given.TryAdd(kind, v)) then
                        run.Report (MeaningProblem.ArgumentTwice name.Value) name.Span
                )
        | None ->
            let words = List.map fst gammaKinds

            run.Report
                (MeaningProblem.UnknownArgument(
                    "gamma",
                    name.Value,
                    Suggest.nearest words name.Value,
                    words
                ))
                name.Span

    /// The plain number of an item of γ, which goes to the kinds that are not named.
    let private plainGamma run (given: Dictionary<FactorKind, float>) span value =
        real
            run
            "gamma"
            span
            value
            isNotNegative
            gammaExpected
            (fun value ->
                for _, kind in gammaKinds do
                    given.TryAdd(kind, value) |> ignore
            )

    /// The kinds that an item of γ named; the plain number goes to the rest. Shared factors are those of
    /// neurons in several layers: they have the neurons' γ where they are not named.
    let gamma run (item: RecipeItem) : FactorKind list =
        let plain, named =
            match item.Words with
            | RecipeWord.Number(value, span) :: rest -> Some(value, span), rest
            | words -> None, words

        let given = Dictionary<FactorKind, float>()
        let mutable isGood = plain.IsSome || not named.IsEmpty

        for word in named do
            match word with
            | RecipeWord.Named(name, value) -> namedGamma run given name value
            | _ -> isGood <- false

        plain |> Option.iter (fun (value, span) -> plainGamma run given span value)

        match given.TryGetValue Neuron with
        | true, neuron -> given.TryAdd(Shared, neuron) |> ignore
        | _ -> ()

        let value kind =
            match given.TryGetValue kind with
            | true, v -> v
            | _ -> 0.0

        if isGood then
            run.Recipe <- {
                run.Recipe with
                    Gamma = {
                        Neuron = value Neuron
                        Group = value Group
                        Block = value Block
                        Shared = value Shared
                    }
            }
        else
            badForm run item

        if plain.IsSome then
            List.map snd gammaKinds
        else
            List.ofSeq given.Keys
