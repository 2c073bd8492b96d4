namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core
open Sss.Dsl.RecipeItems

/// `train { … }` to `Recipe`.
module internal Recipes =

    /// `shrink every N`.
    let private shrink run (item: RecipeItem) =
        match item.Words with
        | [ RecipeWord.Word("every", _); RecipeWord.Number(value, span) ] ->
            whole
                run
                "shrink every"
                1
                span
                value
                (fun n -> run.Recipe <- { run.Recipe with ShrinkEvery = Some n })
        | _ -> badForm run item

    /// `stop after=N`.
    let private stop run (item: RecipeItem) =
        match item.Words |> named run "stop" (argumentsOf "stop") Map.empty with
        | Some given when given.ContainsKey "after" ->
            let value = given["after"]

            whole
                run
                "stop after"
                1
                value.Span
                value.Value
                (fun n -> run.Recipe <- { run.Recipe with StopAfter = Some n })
        | Some _
        | None -> badForm run item

    /// One item; the kinds that it gave a γ.
    let private item run (item: RecipeItem) : FactorKind list =
        let set change = run.Recipe <- change run.Recipe

        match item.Keyword.Value with
        | "epochs" -> oneWhole run item 1 (fun n -> set (fun r -> { r with Epochs = n }))
        | "batch" -> oneWhole run item 1 (fun n -> set (fun r -> { r with Batch = n }))
        | "seed" -> oneWhole run item 0 (fun n -> set (fun r -> { r with Seed = n }))
        | "lr" -> rate run item
        | "momentum" ->
            oneReal
                run
                item
                (fun x -> x >= 0.0 && x < 1.0)
                "a number of at least 0 and below 1"
                (fun x -> set (fun r -> { r with Momentum = x }))
        | "decay" ->
            oneReal
                run
                item
                isNotNegative
                "a number of 0 or more"
                (fun x -> set (fun r -> { r with Decay = x }))
        | "target" -> TargetItem.target run item
        | "shrink" -> shrink run item
        | "stop" -> stop run item
        | "penalty" -> PenaltyItem.penalty run item
        | "loss" -> LossItem.loss run item
        | "optimizer" -> LossItem.optimizer run item
        | "augment" -> AugmentItem.augment run item
        | "ema" ->
            oneReal
                run
                item
                (fun x -> x > 0.0 && x < 1.0)
                "a number above 0 and below 1"
                (fun x -> set (fun r -> { r with Ema = Some x }))
        | "randaugment" -> AugmentItem.random run item
        | "erase"
        | "mixup"
        | "cutmix" -> AugmentItem.further run item
        | "teacher" -> teacher run item
        | _ -> ()

        if item.Keyword.Value = "gamma" then
            GammaItem.gamma run item
        else
            []

    /// Reports a loss that does not train what the network gives, where it is written or could be.
    let private checkLoss run (train: Train) (kind: OutputKind) =
        let loss = run.Recipe.Loss

        if Loss.trains loss <> kind then
            let span =
                train.Items
                |> List.tryFind (fun entry -> entry.Keyword.Value = "loss")
                |> Option.map _.Keyword.Span
                |> Option.defaultValue train.Keyword

            run.Report (MeaningProblem.LossForOther(Loss.word loss, kind)) span

    /// The recipe of a file. `kinds`: the kinds of factors that the network has; one that the recipe
    /// gives no γ is warned about, unless a target sets γ. `network`: None where it is wrong or missing.
    let recipe
        (report: MeaningProblem -> Place -> unit)
        (kinds: FactorKind list)
        (network: Network option)
        (train: Train)
        =
        let mutable isSound = train.IsWhole

        let run = {
            Report =
                fun problem span ->
                    isSound <- false
                    report problem { Span = Some span; CalledFrom = [] }
            Recipe = Recipe.defaults
        }

        let seen = HashSet<string>()
        let mutable penalised = []

        for entry in train.Items do
            let word = entry.Keyword.Value

            if not (Array.contains word Words.recipe) then
                run.Report
                    (MeaningProblem.UnknownRecipeItem(word, Suggest.nearest Words.recipe word))
                    entry.Keyword.Span
            elif word <> Node.OutputWord && not (seen.Add word) then
                run.Report (MeaningProblem.RecipeItemTwice word) entry.Keyword.Span
            else
                penalised <- item run entry @ penalised

        let outputs = network |> Option.map (Network.outputs >> List.map fst)

        for entry in train.Items |> List.filter (fun e -> e.Keyword.Value = Node.OutputWord) do
            OutputItem.output run outputs entry

        if
            Target.isGiven run.Recipe.Target
            && not (FactorPenalty.takesTarget run.Recipe.Penalty)
        then
            for entry in train.Items |> List.filter (fun entry -> entry.Keyword.Value = "penalty") do
                run.Report
                    (MeaningProblem.PenaltyWithTarget(FactorPenalty.word run.Recipe.Penalty))
                    entry.Keyword.Span

        network |> Option.iter (fun n -> checkLoss run train n.OutputKind)

        // Where the epochs could not be read, they are not known.
        if isSound then
            TargetItem.checkBy run train

        // An item that could not be read may have been the γ, or the target.
        if isSound && not (Target.isGiven run.Recipe.Target) then
            for kind in kinds do
                if not (List.contains kind penalised) then
                    run.Report (MeaningProblem.NoGamma kind) train.Keyword

        run.Recipe
