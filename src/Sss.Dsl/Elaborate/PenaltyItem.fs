namespace Sss.Dsl

open Sss.Core
open Sss.Dsl.RecipeItems

/// `penalty …`: what γ is the weight of.
module internal PenaltyItem =

    /// A penalty without a parameter.
    let private plain run item word (penalty: FactorPenalty) rest =
        match named run $"penalty {word}" [] Map.empty rest with
        | Some _ -> run.Recipe <- { run.Recipe with Penalty = penalty }
        | None -> badForm run item

    /// A penalty with one parameter, which has to be given.
    let private withOne run item span word name isGood expected example penalty rest =
        match named run $"penalty {word}" [ name ] Map.empty rest with
        | None -> badForm run item
        | Some given ->
            match Map.tryFind name given with
            | None ->
                run.Report
                    (MeaningProblem.MissingArgument($"penalty {word}", name, Some example))
                    span
            | Some value ->
                real
                    run
                    $"{name} of `penalty {word}`"
                    value.Span
                    value.Value
                    isGood
                    expected
                    (fun x -> run.Recipe <- { run.Recipe with Penalty = penalty x })

    let penalty run (item: RecipeItem) =
        match item.Words with
        | RecipeWord.Word("mcp" as word, span) :: rest ->
            withOne
                run
                item
                span
                word
                "theta"
                isPositive
                "a number above 0"
                "penalty mcp theta=0.5"
                FactorPenalty.Mcp
                rest
        | RecipeWord.Word("scad" as word, span) :: rest ->
            withOne
                run
                item
                span
                word
                "a"
                (fun x -> x > 2.0)
                "a number above 2"
                "penalty scad a=3.7"
                FactorPenalty.Scad
                rest
        | RecipeWord.Word("nonneg" as word, _) :: rest ->
            plain run item word FactorPenalty.NonNegative rest
        | RecipeWord.Word("l1" as word, _) :: rest -> plain run item word FactorPenalty.L1 rest
        | RecipeWord.Word("l0" as word, _) :: rest -> plain run item word FactorPenalty.L0 rest
        | RecipeWord.Word("groupl2" as word, _) :: rest ->
            plain run item word FactorPenalty.GroupL2 rest
        | RecipeWord.Word(word, span) :: _ ->
            run.Report
                (MeaningProblem.UnknownPenalty(word, Suggest.nearest FactorPenalty.words word))
                span
        | [] -> badForm run item
        | RecipeWord.Number _ :: _
        | RecipeWord.Named _ :: _
        | RecipeWord.Chosen _ :: _
        | RecipeWord.Measured _ :: _
        | RecipeWord.Comma _ :: _ -> badForm run item
