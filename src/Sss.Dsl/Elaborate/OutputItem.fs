namespace Sss.Dsl

open Sss.Core
open Sss.Dsl.RecipeItems

/// `output NAME …`: how a further output is trained.
module internal OutputItem =

    let private parameterOf (loss: Loss) =
        Loss.parameter loss |> Option.map fst |> Option.toList

    let private set run name change =
        run.Recipe <- {
            run.Recipe with
                Outputs = Map.add name (change (Recipe.lossOf run.Recipe name)) run.Recipe.Outputs
        }

    /// The weight, and the parameter of the loss.
    let private numbers run (item: RecipeItem) name (standard: Loss) rest =
        let title = "output " + name

        match named run title ("weight" :: parameterOf standard) Map.empty rest with
        | None -> badForm run item
        | Some given ->
            set run name (fun own -> { own with Loss = standard })

            for KeyValue(key, value) in given do
                let what = $"{key} of `{title}`"

                if key = "weight" then
                    real
                        run
                        what
                        value.Span
                        value.Value
                        isPositive
                        "a number above 0"
                        (fun x -> set run name (fun own -> { own with Weight = x }))
                else
                    let problem x =
                        Loss.problem (Loss.withParameter x standard)

                    real
                        run
                        what
                        value.Span
                        value.Value
                        (problem >> Option.isNone)
                        (problem value.Value |> Option.defaultValue "")
                        (fun x ->
                            set
                                run
                                name
                                (fun own -> {
                                    own with
                                        Loss = Loss.withParameter x standard
                                })
                        )

    let private ofOutput run (item: RecipeItem) name rest =
        match rest with
        | RecipeWord.Word(word, span) :: rest ->
            match Loss.ofWord word with
            | Some standard -> numbers run item name standard rest
            | None ->
                run.Report (MeaningProblem.UnknownLoss(word, Suggest.nearest Loss.words word)) span
        | []
        | RecipeWord.Number _ :: _
        | RecipeWord.Named _ :: _
        | RecipeWord.Chosen _ :: _
        | RecipeWord.Measured _ :: _
        | RecipeWord.Comma _ :: _ -> numbers run item name run.Recipe.Loss rest

    /// `output NAME`, then a loss, its parameter and `weight=W`, or some of them. Read after `loss`, which is what an output has
    /// that names none. `known`: the outputs of the network; None: it is wrong or missing.
    let output run (known: string list option) (item: RecipeItem) =
        match item.Words with
        | RecipeWord.Word(name, span) :: rest ->
            let isKnown = known |> Option.forall (List.contains name)

            if not isKnown then
                let names = Option.defaultValue [] known

                run.Report
                    (MeaningProblem.UnknownOutput(name, Suggest.nearest names name, names))
                    span
            elif run.Recipe.Outputs.ContainsKey name then
                run.Report (MeaningProblem.RecipeItemTwice("output " + name)) item.Keyword.Span
            else
                ofOutput run item name rest
        | []
        | RecipeWord.Number _ :: _
        | RecipeWord.Named _ :: _
        | RecipeWord.Chosen _ :: _
        | RecipeWord.Measured _ :: _
        | RecipeWord.Comma _ :: _ -> badForm run item
