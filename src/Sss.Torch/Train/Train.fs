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
    Network: Network
    Method: FactorMethod
    /// After the last step. The numbers hold the iterate's factors.
    State: TrainState
    Epochs: EpochReport list
    /// Wall-clock time of training alone.
    Seconds: float
}

/// The training loop.
[<RequireQualifiedAccess>]
module Train =

    /// Sums over the steps of one epoch.
    [<Struct>]
    type private Sums = {
        Loss: float
        Right: int64
        Images: int64
        /// Seconds of waiting for batches before the epoch began.
        WaitedBefore: float
    }

    let private nothing waited : Sums = {
        Loss = 0.0
        Right = 0L
        Images = 0L
        WaitedBefore = waited
    }

    let private addDose rate (gamma: Gamma) (dose: Gamma) : Gamma = {
        Neuron = dose.Neuron + rate * gamma.Neuron
        Group = dose.Group + rate * gamma.Group
        Block = dose.Block + rate * gamma.Block
    }

    let private countFactors (layout: Layout) (iterate: float32[]) =
        let nonZero (slot: Slot) =
            Array.sub iterate (int slot.Offset) (int slot.Count)
            |> Array.filter (fun value -> value <> 0.0f)
            |> Array.length

        List.zip layout.Scales layout.Factors
        |> List.groupBy (fun (f, _) -> f.Scale.Kind)
        |> List.map (fun (kind, arrays) -> {
            Kind = kind
            NonZero = arrays |> List.sumBy (fun (_, slot) -> nonZero slot)
            Total = arrays |> List.sumBy (fun (f, _) -> f.Scale.Count)
        })

    let private report
        (trainer: Trainer)
        (gamma: Gamma)
        epoch
        (sums: Sums)
        batch
        rate
        dose
        waited
        (clock: Stopwatch)
        : EpochReport = {
        Epoch = epoch
        Loss = sums.Loss * float batch / float (max 1L sums.Images)
        Accuracy = float sums.Right / float (max 1L sums.Images)
        Rate = rate
        Gamma = gamma
        Factors = countFactors trainer.Model.Layout trainer.Iterate
        WouldBe = trainer.WouldBe()
        ImagesPerSecond = float sums.Images / clock.Elapsed.TotalSeconds
        Waited = waited
        Dose = dose
    }

    /// What changes from step to step besides trainer and feed.
    type private Progress = {
        Sums: Sums
        /// In the epoch that is under way.
        Gamma: Gamma
        Dose: Gamma
        Pressure: Pressure option
        Reports: EpochReport list
    }

    /// γ for the epoch that begins; without a target it stays the recipe's.
    let private steer (trainer: Trainer) vital (recipe: Recipe) perEpoch epoch progress =
        match recipe.TargetMacs with
        | None -> progress
        | Some fraction ->
            let pressure =
                Control.decide trainer vital recipe fraction perEpoch epoch progress.Pressure

            pressure.Gammas.CopyTo(trainer.Gammas, 0)

            {
                progress with
                    Pressure = Some pressure
                    Gamma = Control.summary trainer
            }

    /// All steps from a state to the end of the recipe.
    let private loop
        (trainer: Trainer)
        (feed: Feed)
        (recipe: Recipe)
        (batch: int)
        (state: TrainState)
        (emit: TrainEvent -> unit)
        (stop: CancellationToken)
        =
        let perEpoch = feed.StepsPerEpoch
        let schedule = Schedule.ofRecipe recipe
        let last = int64 recipe.Epochs * int64 perEpoch

        let vital =
            if recipe.TargetMacs.IsSome then
                Control.vital trainer
            else
                []

        let clock = Stopwatch.StartNew()

        let rec go (step: int64) (p: Progress) =
            let epoch = int (step / int64 perEpoch)
            let within = int (step % int64 perEpoch)

            if step >= last then
                let final = trainer.Export(recipe.Epochs, step, p.Dose, p.Pressure)
                Ok(final, List.rev p.Reports)
            elif stop.IsCancellationRequested then
                Error(Stopped(trainer.Export(epoch, step, p.Dose, p.Pressure)))
            else
                let p =
                    if within = 0 then
                        clock.Restart()
                        steer trainer vital recipe perEpoch epoch p
                    else
                        p

                let rate = Schedule.atStep perEpoch schedule (int step)

                match feed.Take() with
                | Error error -> Error(BadData error)
                | Ok loaded ->
                    List.iter (LeftOut >> emit) loaded.LeftOut
                    let struct (loss, right) = trainer.Step(loaded, rate, step)

                    if not (Double.IsFinite loss) then
                        Error(Diverged(epoch, loss))
                    else
                        let p = {
                            p with
                                Dose = addDose rate p.Gamma p.Dose
                                Sums = {
                                    p.Sums with
                                        Loss = p.Sums.Loss + loss
                                        Right = p.Sums.Right + right
                                        Images = p.Sums.Images + int64 batch
                                }
                        }

                        emit (
                            Stepped {
                                Epoch = epoch
                                Step = within + 1
                                StepsPerEpoch = perEpoch
                                Loss = loss
                                ImagesPerSecond = float p.Sums.Images / clock.Elapsed.TotalSeconds
                            }
                        )

                        if within + 1 = perEpoch then
                            let waited = feed.Waited - p.Sums.WaitedBefore

                            let report =
                                report trainer p.Gamma epoch p.Sums batch rate p.Dose waited clock

                            emit (EpochDone report)

                            go (step + 1L) {
                                p with
                                    Sums = nothing feed.Waited
                                    Reports = report :: p.Reports
                            }
                        else
                            go (step + 1L) p

        go state.Step {
            Sums = nothing feed.Waited
            Gamma =
                if state.Pressure.IsSome then
                    Control.summary trainer
                else
                    recipe.Gamma
            Dose = state.Dose
            Pressure = state.Pressure
            Reports = []
        }

    /// LibTorch's own failures, as of memory, come as exceptions from native code.
    let private guarded (work: unit -> Result<'T, TrainError>) : Result<'T, TrainError> =
        try
            work ()
        with :? ExternalException as e ->
            Error(EngineFailed e.Message)

    /// The state before the first step: no velocity, iterate and probe at the given factors.
    let from (network: Network) (numbers: Weights<float32>) : TrainState =
        Trainer.start network numbers

    /// A number that is not finite makes every score meaningless. (The loss need not show it: a bn
    /// that sees one value a channel makes its running variance 0/0 while training goes on.)
    let private checkFinite epochs (state: TrainState) =
        let isBad (array: Tensor<float32>) =
            array.Data |> Array.exists (fun value -> not (Single.IsFinite value))

        if state.Numbers |> Map.exists (fun _ array -> isBad array) then
            Error(Diverged(epochs - 1, nan))
        else
            Ok()

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
            let images = dataset.Train.Count
            settings.Threads |> Option.iter torch.set_num_threads
            let batch = min recipe.Batch images

            let state =
                settings.From
                |> Option.defaultWith (fun () -> from network (Init.weights recipe.Seed network))

            use! trainer =
                Trainer.import settings.Engine settings.Method network recipe state
                |> Result.mapError BadModel

            let plan = Batch.training dataset recipe.Augment recipe.Seed

            let loaders = settings.Loaders |> Option.defaultWith (fun () -> Feed.Loaders plan)

            use feed = new Feed(dataset.Name, plan, batch, recipe.Seed, state.Step, loaders)

            emit (
                Started {
                    Network = network
                    Epochs = recipe.Epochs
                    FirstEpoch = state.Epoch
                    StepsPerEpoch = feed.StepsPerEpoch
                    Images = feed.StepsPerEpoch * batch
                    Batch = batch
                    Threads = torch.get_num_threads ()
                }
            )

            let clock = Stopwatch.StartNew()

            let! final, reports =
                guarded (fun () -> loop trainer feed recipe batch state emit stop)

            do! checkFinite recipe.Epochs final
            let seconds = clock.Elapsed.TotalSeconds
            emit (Finished seconds)

            return {
                Network = network
                Method = settings.Method
                State = final
                Epochs = reports
                Seconds = seconds
            }
        }
