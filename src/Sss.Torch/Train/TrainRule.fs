namespace Sss.Torch

open Sss.Core
open Sss.Files

/// Whether a recipe's settings are valid with one another and with the method.
[<RequireQualifiedAccess>]
module TrainRule =

    /// Whether the loss and the optimizer have parameters within bounds, and the loss is one for the network.
    let private weights (network: Network) (recipe: Recipe) : Result<unit, TrainError> =
        let loss = recipe.Loss

        match Loss.problem loss, Optimizer.problem recipe.Optimizer with
        | Some expected, _ ->
            let name, value = Loss.parameter loss |> Option.defaultValue ("", 0.0)
            Error(BadSetting($"{name} of `loss {Loss.word loss}`", string value, expected))
        | None, Some(name, value, expected) ->
            let word = Optimizer.word recipe.Optimizer
            Error(BadSetting($"{name} of `optimizer {word}`", string value, expected))
        | None, None ->
            if Loss.trains loss = network.OutputKind then
                Ok()
            else
                let item, words =
                    match network.OutputKind with
                    | OutputKind.Classes -> "classes", Loss.wordsFor OutputKind.Classes
                    | OutputKind.Numbers -> "outputs", Loss.wordsFor OutputKind.Numbers

                Error(BadSetting("`loss`", Loss.word loss, $"{words} where a network has `{item}`"))

    /// It needs only the network and the recipe, so it can run before data are read.
    let check
        (method: FactorMethod)
        (network: Network)
        (recipe: Recipe)
        : Result<unit, TrainError> =
        let word = FactorPenalty.word recipe.Penalty

        match TargetCourse.problem recipe with
        | Some bounds ->
            let by = recipe.TargetBy |> Option.map string |> Option.defaultValue ""
            Error(BadSetting("`by` of `target`", by, bounds))
        | None when Target.isGiven recipe.Target && not (FactorPenalty.takesTarget recipe.Penalty) ->
            Error(BadSetting("`penalty`", word, "nonneg where there is a target"))
        | None when method <> FactorMethod.Apg && not (FactorPenalty.isPublished recipe.Penalty) ->
            Error(
                BadSetting(
                    "`penalty`",
                    word,
                    $"nonneg or l1 where the method is {FactorMethod.name method}"
                )
            )
        | None ->
            FactorProx.check recipe.Penalty
            |> Result.mapError (BadPenalty >> BadModel)
            |> Result.bind (fun () -> weights network recipe)
