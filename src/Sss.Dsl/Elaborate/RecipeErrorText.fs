namespace Sss.Dsl

open Sss.Core

/// The wording of mistakes in recipes.
[<RequireQualifiedAccess>]
module internal RecipeErrorText =

    let unknownRecipeItem word guess =
        "SSS601",
        $"unknown item of a recipe: `{Words.shorten word}`",
        [ "items: " + String.concat ", " Words.recipe ],
        Words.didYouMean (OtherNames.item word |> Option.orElse guess)

    let recipeItemTwice word =
        "SSS602", $"`{word}` is given twice", [], Some "remove one of them"

    let recipeForm item expected =
        "SSS603", $"this is not how `{item}` is written", [ $"expected `{expected}`" ], None

    let unknownPenalty word guess =
        "SSS604",
        $"there is no penalty `{Words.shorten word}`",
        [ "penalties: " + String.concat ", " FactorPenalty.words ],
        Words.didYouMean guess

    let penaltyWithTarget word =
        "SSS605",
        $"a target cannot steer `penalty {word}`",
        [
            "a target moves each factor at a known speed, and holds the factors that it keeps above 0"
            "this works only with `penalty nonneg`, the default"
        ],
        Some "remove the penalty, or remove the target"

    let unknownLoss word guess =
        "SSS606",
        $"there is no loss `{Words.shorten word}`",
        [ "losses: " + String.concat ", " Loss.words ],
        Words.didYouMean guess

    let lossForOther word network =
        let item, example =
            match network with
            | OutputKind.Classes -> "classes", "loss crossentropy"
            | OutputKind.Numbers -> "outputs", "loss mse"

        "SSS607",
        $"`loss {word}` does not train a network with `{item}`",
        [ $"its losses are {Loss.wordsFor network}" ],
        Some $"write `{example}`, for example"

    let unknownOptimizer word guess =
        "SSS608",
        $"there is no optimizer `{Words.shorten word}`",
        [ "optimizers: " + String.concat ", " Optimizer.words ],
        Words.didYouMean guess

    let unknownOutput name guess (known: string list) =
        "SSS609",
        $"the network has no output `{Words.shorten name}`",
        [
            match known with
            | [] -> "it has no further outputs; `loss` is for its scores"
            | _ -> "its further outputs: " + Words.listed known
        ],
        match known with
        | [] -> Some $"write `output {Words.shorten name} {{ … }}` in the network"
        | _ -> Words.didYouMean guess

    let noGamma kind =
        "SSS651",
        $"the recipe has no gamma for the network's {Plan.kindWord kind} factors",
        [ "without a penalty they rarely become zero, so nothing is removed" ],
        Some $"write `gamma {Plan.kindWord kind}=0.001`, for example"
