namespace Sss.Torch

open System
open System.Diagnostics
open System.Runtime.InteropServices
open System.Threading
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open TorchSharp

/// A network with its trained numbers.
type Trained = {
    /// Whole, with what cuts took out while it trained. (A layer may have been given a bias for
    /// constants of what was cut.)
    Network: Network
    /// The iterate's factors among them: of the last epoch, or of the one that validation chose.
    Numbers: Weights<float32>
    Method: FactorMethod
    /// After the last step.
    State: TrainState
    /// Of all steps, those of earlier processes included.
    Images: int64
    /// Of this process.
    Epochs: EpochReport list
    /// Wall-clock time of training alone, that of earlier processes included.
    Seconds: float
    /// Of this process.
    Arithmetic: RunArithmetic
}

/// Training.
[<RequireQualifiedAccess>]
module Train =

    /// What LibTorch says, without the native calls that led there.
    let private reason (e: exn) =
        match e.Message.IndexOf "\nException raised from" with
        | -1 -> e.Message
        | calls -> e.Message.Substring(0, calls)

    /// Failures of LibTorch, such as too little memory, are exceptions from native code.
    let private guarded batch (work: unit -> Result<'T, TrainError>) : Result<'T, TrainError> =
        try
            work ()
        with
        | LossFailed(name, fault) -> Error(BadLoss(name, fault))
        | :? OutOfMemoryException -> Error(OutOfMemory batch)
        | :? ExternalException as e when
            e.Message.Contains "allocate memory" || e.Message.Contains "out of memory"
            ->
            Error(OutOfMemory batch)
        | :? ExternalException as e -> Error(EngineFailed(reason e))

    let private ranks (settings: TrainSettings) =
        settings.Team |> Option.map _.Size |> Option.defaultValue 1

    let private arithmetic (settings: TrainSettings) =
        LibTorch.arithmetic settings.Engine (ranks settings)

    let private trained (s: Session) (final: TrainState) reports =
        let network, numbers =
            match final.Best with
            | Some best -> best.Network, best.Numbers
            | None -> TrainState.dense final

        {
            Network = network
            Numbers = numbers
            Method = s.Settings.Method
            State = final
            Images = final.Step * int64 s.Batch
            Epochs = reports
            Seconds = final.Seconds
            Arithmetic = arithmetic s.Settings
        }

    /// The images to train on, and those that are held out.
    let private split (settings: TrainSettings) (recipe: Recipe) (dataset: Dataset) =
        match settings.Validation with
        | None -> dataset, None
        | Some fraction ->
            let training, held = Dataset.holdOut fraction recipe.Seed dataset
            training, Some held

    /// Whether the steps can be done: with these ranks, from this state, in this memory.
    let private check (settings: TrainSettings) network (training: Dataset) (recipe: Recipe) batch =
        result {
            let ranks = ranks settings
            do! TrainSettings.checkStart settings recipe (training.Train.Count / max 1 batch)

            if ranks > batch then
                return! Error(TooManyRanks(ranks, batch))

            if recipe.Epochs > 0 then
                do! TrainSettings.checkNorms ranks batch training network

            do! TrainSettings.checkMemory settings.Engine ranks batch network
        }

    /// The batches of a run, from its first step on.
    let private feed (settings: TrainSettings) (training: Dataset) (recipe: Recipe) batch step =
        let plan = Batch.training training recipe.Augment recipe.Seed
        let loaders = settings.Loaders |> Option.defaultWith (fun () -> Feed.Loaders plan)

        new Feed(
            training.Name,
            plan,
            batch,
            recipe.Seed,
            step,
            loaders,
            settings.Engine.Device <> Cpu,
            ?rows = (settings.Team |> Option.map (fun team -> Team.rows batch team.Size team.Rank))
        )

    let private started (s: Session) (state: TrainState) =
        Started {
            Network = s.Dense
            Epochs = s.Recipe.Epochs
            FirstEpoch = state.Epoch
            StepsPerEpoch = s.StepsPerEpoch
            Images = s.StepsPerEpoch * s.Batch
            Batch = s.Batch
            Arithmetic = arithmetic s.Settings
        }

    /// Work with the recipe's teacher, which lives as long.
    let private taught (settings: TrainSettings) (recipe: Recipe) work =
        result {
            let! teacher =
                Teacher.create settings.Engine settings.Teacher recipe
                |> Result.mapError BadModel

            use _ = {
                new IDisposable with
                    member _.Dispose() =
                        teacher |> Option.iter (fun t -> (t :> IDisposable).Dispose())
            }

            return! work teacher
        }

    /// All steps, once everything has been checked.
    let private steps
        (teacher: Teacher option)
        (settings: TrainSettings)
        (network: Network)
        (training: Dataset)
        (validation: Split option)
        (recipe: Recipe)
        batch
        emit
        stop
        =
        result {
            let state =
                settings.From
                |> Option.defaultWith (fun () ->
                    TrainState.start network (Init.weights recipe.Seed network)
                )

            let rule = FactorRule.ofRecipe settings.Method recipe

            let! trainer =
                Trainer.importWith
                    (TargetColumns.ofTargets training.Train.Targets)
                    settings.Loss
                    teacher
                    settings.Engine
                    rule
                    recipe
                    state
                |> Result.mapError BadModel

            use live = new Live(trainer, settings.Team, batch)
            use feed = feed settings training recipe batch state.Step

            let session = {
                Settings = settings
                Dense = network
                Dataset = training
                Recipe = recipe
                Rule = rule
                Teacher = teacher
                Batch = batch
                StepsPerEpoch = feed.StepsPerEpoch
                Target = CostLimit.ofTarget settings.Measures network recipe.Target
                Validation = validation
                Emit = emit
                Stop = stop
                Clock = Stopwatch.StartNew()
                Before = state.Seconds
            }

            emit (started session state)

            let! final, reports =
                LibTorch.training settings.Engine (fun () -> Loop.run session live feed state)

            do! Session.checkFinite (recipe.Epochs - 1) final
            emit (Finished final.Seconds)
            return trained session final reports
        }

    /// Trains: NAG for the weights, APG for the factors, both at every step on the same batch.
    /// Same network, data, recipe, state, machine and threads: same bits.
    let run
        (settings: TrainSettings)
        (network: Network)
        (dataset: Dataset)
        (recipe: Recipe)
        (emit: TrainEvent -> unit)
        (stop: CancellationToken)
        : Result<Trained, TrainError> =
        result {
            do! TrainSettings.check settings network dataset recipe
            let training, validation = split settings recipe dataset
            let batch = min recipe.Batch training.Train.Count
            do! check settings network training recipe batch
            settings.Threads |> Option.iter torch.set_num_threads

            return!
                guarded
                    batch
                    (fun () ->
                        taught
                            settings
                            recipe
                            (fun teacher ->
                                steps
                                    teacher
                                    settings
                                    network
                                    training
                                    validation
                                    recipe
                                    batch
                                    emit
                                    stop
                            )
                    )
        }
