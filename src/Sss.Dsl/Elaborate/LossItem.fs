namespace Sss.Dsl

open Sss.Core
open Sss.Dsl.RecipeItems

/// `loss …` and `optimizer …`: a word, and parameters by name, each of which has a default.
module internal LossItem =

    /// A parameter's value within its bounds.
    let private value run title name (given: Located<float>) problem set =
        real
            run
            $"{name} of `{title}`"
            given.Span
            given.Value
            (problem >> Option.isNone)
            (problem given.Value |> Option.defaultValue "")
            set

    let private lossOf run (item: RecipeItem) word (standard: Loss) rest =
        let title = "loss " + word
        let known = Loss.parameter standard |> Option.map fst |> Option.toList

        let set loss =
            run.Recipe <- { run.Recipe with Loss = loss }

        match named run title known Map.empty rest with
        | None -> badForm run item
        | Some given ->
            set standard

            for KeyValue(name, number) in given do
                let withValue x = Loss.withParameter x standard
                value run title name number (withValue >> Loss.problem) (withValue >> set)

    /// `loss WORD` or `loss WORD NAME=R`
    let loss run (item: RecipeItem) =
        match item.Words with
        | RecipeWord.Word(word, span) :: rest ->
            match Loss.ofWord word with
            | Some standard -> lossOf run item word standard rest
            | None ->
                run.Report (MeaningProblem.UnknownLoss(word, Suggest.nearest Loss.words word)) span
        | [] -> badForm run item
        | RecipeWord.Number _ :: _
        | RecipeWord.Named _ :: _
        | RecipeWord.Chosen _ :: _
        | RecipeWord.Measured _ :: _
        | RecipeWord.Comma _ :: _ -> badForm run item

    /// AdamW with one of its parameters changed.
    let private change name x optimizer =
        match optimizer, name with
        | Optimizer.AdamW(_, beta2, eps), "beta1" -> Optimizer.AdamW(x, beta2, eps)
        | Optimizer.AdamW(beta1, _, eps), "beta2" -> Optimizer.AdamW(beta1, x, eps)
        | Optimizer.AdamW(beta1, beta2, _), "eps" -> Optimizer.AdamW(beta1, beta2, x)
        | other, _ -> other

    let private optimizerOf run (item: RecipeItem) word (standard: Optimizer) rest =
        let title = "optimizer " + word
        let known = Optimizer.parameters standard |> List.map fst

        match named run title known Map.empty rest with
        | None -> badForm run item
        | Some given ->
            run.Recipe <- { run.Recipe with Optimizer = standard }

            for KeyValue(name, number) in given do
                let problem x =
                    change name x standard
                    |> Optimizer.problem
                    |> Option.map (fun (_, _, expected) -> expected)

                let set x =
                    run.Recipe <- {
                        run.Recipe with
                            Optimizer = change name x run.Recipe.Optimizer
                    }

                value run title name number problem set

    /// `optimizer nag` or `optimizer adamw beta1=R beta2=R eps=R`
    let optimizer run (item: RecipeItem) =
        match item.Words with
        | RecipeWord.Word("nag" as word, _) :: rest -> optimizerOf run item word Optimizer.Nag rest
        | RecipeWord.Word("adamw" as word, _) :: rest ->
            optimizerOf run item word Optimizer.adamW rest
        | RecipeWord.Word(word, span) :: _ ->
            run.Report
                (MeaningProblem.UnknownOptimizer(word, Suggest.nearest Optimizer.words word))
                span
        | [] -> badForm run item
        | RecipeWord.Number _ :: _
        | RecipeWord.Named _ :: _
        | RecipeWord.Chosen _ :: _
        | RecipeWord.Measured _ :: _
        | RecipeWord.Comma _ :: _ -> badForm run item
