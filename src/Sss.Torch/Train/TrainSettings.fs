namespace Sss.Torch

open System
open Sss.Core
open Sss.Files

/// What a run saves so that it can continue after an unexpected end.
type Keeper = {
    /// After each epoch, before its state is kept.
    Epoch: EpochReport -> Result<unit, FileError>
    /// A state to continue from: after each epoch, when the run is stopped, and in between.
    State: TrainState -> Result<unit, FileError>
    /// How long an epoch may take before a state in its middle is kept.
    Every: TimeSpan
}

/// Settings of training besides network, data and recipe.
type TrainSettings = {
    Engine: LibTorch
    /// Threads of LibTorch; None: LibTorch's default. The exact bits of a run depend on it.
    Threads: int option
    /// Threads that decode and change images ahead of the steps; None: half of the cores where
    /// pictures are decoded, else one. It does not change results.
    Loaders: int option
    /// The factors' update rule.
    Method: FactorMethod
    /// Where to continue; None: from fresh random weights of the recipe's seed.
    From: TrainState option
    /// The fraction of the training images that is held out to choose the epoch whose numbers are
    /// taken; None: all images train, and the last epoch's numbers are taken.
    Validation: float option
    /// None: nothing is kept.
    Keeper: Keeper option
    /// The ranks that train together, each a part of every batch; None: this process trains alone.
    /// `Keeper` is rank 0's matter then.
    Team: Team option
    /// Whose scores are aimed at too, as the recipe's `Teacher` says; None: nobody's.
    Teacher: TeacherSettings option
    /// What is minimised instead of the recipe's loss, which then says only what the targets are; None: the recipe's loss.
    Loss: OwnLoss option
    /// What a target counts besides macs and parameters.
    Measures: CostMeasures
}

/// Bounds that are enough for any machine.
[<RequireQualifiedAccess>]
module Limits =

    /// Threads of the arithmetic: LibTorch starts as many as it is set to.
    let threads = 1024

    /// Threads that decode images; each holds a batch.
    let loaders = 64

    /// Runs at the same time; each is a process.
    let jobs = 256

/// Checks before training.
[<RequireQualifiedAccess>]
module internal TrainSettings =

    /// The first batch normalisation that would see one value per channel in a batch: it has no variance.
    let checkNorms (ranks: int) (batch: int) (dataset: Dataset) (network: Network) =
        let images = batch / ranks

        Network.layers network
        |> Seq.tryFind (fun layer ->
            images = 1 && Shape.area layer.Input = 1L && Op.usesBatch layer.Op layer.Input
        )
        |> function
            | Some layer -> Error(NormOfOne(layer.Name, images, ranks, dataset.Train.Count))
            | None -> Ok()

    /// Values of a batch that one vector of LibTorch can hold.
    let private mostValues = int64 Int32.MaxValue / 4L

    /// Whether a rank's part of a batch fits into one vector, and the training into memory.
    let checkMemory (engine: LibTorch) (ranks: int) (batch: int) (network: Network) =
        let images = (batch + ranks - 1) / ranks
        let most = mostValues / Shape.count network.Input

        if most >= 1L && int64 images > most then
            Error(
                BadSetting(
                    "`batch`",
                    string batch,
                    $"{most * int64 ranks} or less where images are {network.Input}: a batch is one vector of \
                      LibTorch"
                )
            )
        elif engine.Device = Cpu then
            let size = if engine.Precision = Precision.BFloat16 then 2L else 4L
            Footprint.training size images network |> Result.mapError BadModel
        else
            Footprint.fits 4L network |> Result.mapError BadModel

    /// Whether the recipe's teacher is there, and takes the network's images to the network's classes.
    let checkTeacher (settings: TrainSettings) (network: Network) (recipe: Recipe) =
        match recipe.Teacher, settings.Teacher with
        | None, _ -> Ok()
        | Some _, None -> Error NoTeacher
        | Some teaching, Some teacher ->
            let own = teacher.Network

            if not (teaching.Weight > 0.0 && teaching.Weight <= 1.0) then
                Error(
                    BadSetting("`teacher weight`", string teaching.Weight, "above 0 and at most 1")
                )
            elif not (Double.IsFinite teaching.Temperature && teaching.Temperature > 0.0) then
                Error(BadSetting("`teacher temperature`", string teaching.Temperature, "above 0"))
            elif not (Loss.takesClass recipe.Loss) then
                Error(
                    BadSetting(
                        "`teacher`",
                        $"given with `loss {Loss.word recipe.Loss}`",
                        "left out, or the loss one of classes: crossentropy or focal"
                    )
                )
            elif own.Input <> network.Input then
                Error(
                    BadSetting(
                        "The input of the teacher",
                        string own.Input,
                        $"{network.Input}, as the network's"
                    )
                )
            elif Network.output own <> Network.output network || not (Network.isClassifier own) then
                Error(
                    BadSetting(
                        "The output of the teacher",
                        string (Network.output own),
                        $"{Network.output network}, as the network's"
                    )
                )
            else
                Ok()

    let private hasNothing (network: Network) =
        Parameters.ofNetwork network |> List.isEmpty
        && Parameters.factors network |> List.isEmpty

    let private isBelow least value =
        not (Double.IsFinite value && value >= least)

    let private isNoFraction value = isBelow 0.0 value || value > 1.0

    /// What is wrong with the changes of images.
    let private augmentFault
        (settings: TrainSettings)
        (network: Network)
        (recipe: Recipe)
        : TrainError option =
        let bad name value bounds =
            Some(BadSetting(name, string value, bounds))

        let augment = recipe.Augment
        let shorter = min network.Input.Height network.Input.Width
        // Its targets are documented as one class for each image.
        let isOwn = settings.Loss.IsSome && Loss.takesClass recipe.Loss

        match () with
        | _ when augment.Crop < 0 -> bad "`augment crop`" augment.Crop "0 or more"
        | _ when augment.Resize <> 0 && augment.Resize < shorter ->
            bad "`augment resize`" augment.Resize $"0, or at least the input's {shorter} pixels"
        | _ when isNoFraction augment.Area -> bad "`augment area`" augment.Area "0 to 1"
        | _ when isNoFraction augment.Jitter -> bad "`augment jitter`" augment.Jitter "0 to 1"
        | _ when isNoFraction augment.Pca -> bad "`augment pca`" augment.Pca "0 to 1"
        | _ when augment.Rand |> Option.exists (fun r -> r.Count < 1) ->
            bad "`randaugment n`" augment.Rand.Value.Count "1 or more"
        | _ when augment.Rand |> Option.exists (fun r -> r.Magnitude < 0 || r.Magnitude > 30) ->
            bad "`randaugment m`" augment.Rand.Value.Magnitude "0 to 30"
        | _ when isNoFraction augment.Erase -> bad "`erase p`" augment.Erase "0 to 1"
        | _ when isBelow 0.0 augment.Mixup ->
            bad "`mixup alpha`" augment.Mixup "a number of 0 or more"
        | _ when isBelow 0.0 augment.Cutmix ->
            bad "`cutmix alpha`" augment.Cutmix "a number of 0 or more"
        | _ when augment.Cutmix > 0.0 && Shape.area network.Input = 1L ->
            bad "`cutmix alpha`" augment.Cutmix "0 where images have one pixel"
        | _ when isOwn && (augment.Mixup > 0.0 || augment.Cutmix > 0.0) ->
            bad "`mixup` and `cutmix`" "on" "off where a loss of classes is your own"
        | _ when augment.Pca > 0.0 && network.Input.Channels <> 3 ->
            bad "`augment pca`" augment.Pca "0 where images do not have three channels"
        | _ -> None

    /// Checks that settings and targets are within their bounds.
    let check (settings: TrainSettings) (network: Network) (dataset: Dataset) (recipe: Recipe) =
        let bad name value bounds =
            Error(BadSetting(name, string value, bounds))

        let isFraction value = value > 0.0 && value < 1.0
        let augmentFault = augmentFault settings network recipe

        match TrainTargets.check network dataset recipe, settings.Threads with
        | Error(OutputIsImage _ as error), _ -> Error error
        | _ when settings.Validation |> Option.exists (isFraction >> not) ->
            bad "The validation fraction" settings.Validation.Value "above 0 and below 1"
        | _ when dataset.Train.Count = 0 -> Error NoImages
        | _ when hasNothing network -> Error NoWeights
        | Error error, _ -> Error error
        | _, Some threads when threads < 1 -> bad "The number of threads" threads "1 or more"
        | _, Some threads when threads > Limits.threads ->
            bad "The number of threads" threads $"{Limits.threads} or less"
        | _ when settings.Loaders |> Option.exists (fun n -> n < 1 || n > Limits.loaders) ->
            bad "The number of loaders" settings.Loaders.Value $"1 to {Limits.loaders}"
        | _ when recipe.Batch < 1 -> bad "`batch`" recipe.Batch "1 or more"
        | _ when recipe.Epochs < 0 -> bad "`epochs`" recipe.Epochs "0 or more"
        | _ when recipe.StopAfter |> Option.exists (fun n -> n < 1) ->
            bad "`stop after`" recipe.StopAfter.Value "1 or more"
        | _ when recipe.StopAfter.IsSome && settings.Validation.IsNone -> Error NoValidation
        | _ when isBelow 0.0 recipe.Lr -> bad "`lr`" recipe.Lr "a number of 0 or more"
        | _ when isBelow 0.0 recipe.Decay -> bad "`decay`" recipe.Decay "a number of 0 or more"
        | _ when isBelow 0.0 recipe.Momentum || recipe.Momentum >= 1.0 ->
            bad "`momentum`" recipe.Momentum "0 or more and less than 1"
        | _ when augmentFault.IsSome -> Error augmentFault.Value
        | _ when recipe.Ema |> Option.exists (isFraction >> not) ->
            bad "`ema`" recipe.Ema.Value "above 0 and below 1"
        | _ when recipe.Target.Latency.IsSome && settings.Measures.Latency.IsNone -> Error NoProfile
        | _ ->
            TrainRule.check settings.Method network recipe
            |> Result.bind (fun () -> checkTeacher settings network recipe)

    /// Whether the steps of the state to continue from are those of its epochs.
    let checkStart (settings: TrainSettings) (recipe: Recipe) (perEpoch: int) =
        match settings.From with
        | None -> Ok()
        | Some state ->
            let first = int64 state.Epoch * int64 perEpoch

            let last =
                if state.Epoch >= recipe.Epochs then
                    first
                else
                    first + int64 perEpoch - 1L

            if state.Epoch < 0 || state.Epoch > recipe.Epochs then
                Error(
                    BadSetting(
                        "The epoch to continue from",
                        string state.Epoch,
                        $"0 to {recipe.Epochs}"
                    )
                )
            elif state.Step < first || state.Step > last then
                Error(
                    BadSetting(
                        "The step to continue from",
                        string state.Step,
                        $"{first} to {last} after {state.Epoch} epochs of {perEpoch} steps"
                    )
                )
            else
                Ok()
