namespace Sss.Torch

open System
open Sss.Core
open Sss.Files

/// What training needs besides network, data and recipe.
type TrainSettings = {
    Engine: LibTorch
    /// Threads of LibTorch; None: as many as LibTorch takes. Part of what a run's bits depend on.
    Threads: int option
    /// The factors' update rule.
    Method: FactorMethod
    /// Where to go on; None: from fresh random weights of the recipe's seed.
    From: TrainState option
}

/// Checks before training.
[<RequireQualifiedAccess>]
module internal TrainSettings =

    /// Settings and labels within their bounds, whoever made them.
    let check (settings: TrainSettings) (network: Network) (dataset: Dataset) (recipe: Recipe) =
        let bad name value bounds =
            Error(BadSetting(name, string value, bounds))

        let isBelow least value =
            not (Double.IsFinite value && value >= least)

        let wrongLabel =
            dataset.Train.Labels
            |> Array.tryFindIndex (fun label -> label < 0 || label >= network.Classes)

        match wrongLabel, settings.Threads with
        | _ when dataset.Train.Count = 0 -> Error NoImages
        | Some image, _ -> Error(BadLabel(image, dataset.Train.Labels[image], network.Classes))
        | _, Some threads when threads < 1 -> bad "The number of threads" threads "1 or more"
        | _ when recipe.Batch < 1 -> bad "`batch`" recipe.Batch "1 or more"
        | _ when recipe.Epochs < 0 -> bad "`epochs`" recipe.Epochs "0 or more"
        | _ when isBelow 0.0 recipe.Lr -> bad "`lr`" recipe.Lr "a number of 0 or more"
        | _ when isBelow 0.0 recipe.Decay -> bad "`decay`" recipe.Decay "a number of 0 or more"
        | _ when isBelow 0.0 recipe.Momentum || recipe.Momentum >= 1.0 ->
            bad "`momentum`" recipe.Momentum "0 or more and less than 1"
        | _ -> Ok()
