namespace Sss.Torch

open System
open System.Diagnostics
open System.Threading
open FsToolkit.ErrorHandling
open Sss
open Sss.Files
open TorchSharp

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
    }

    let private nothing: Sums = { Loss = 0.0; Right = 0L; Images = 0L }

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
        Dose = dose
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
        let perEpoch = int64 feed.StepsPerEpoch
        let schedule = Schedule.ofRecipe recipe
        let last = int64 recipe.Epochs * perEpoch
        let clock = Stopwatch.StartNew()

        let rec go (step: int64) (sums: Sums) dose reports =
            let epoch = int (step / perEpoch)

            if step >= last then
                Ok(trainer.Export(recipe.Epochs, step, dose), List.rev reports)
            elif stop.IsCancellationRequested then
                Error(Stopped(trainer.Export(epoch, step, dose)))
            else
                if step % perEpoch = 0L then
                    clock.Restart()

                let rate = Schedule.atStep feed.StepsPerEpoch schedule (int step)
                let struct (loss, right) = trainer.Step(feed.Take(), rate, step)

                if not (Double.IsFinite loss) then
                    Error(Diverged(epoch, loss))
                else
                    let sums: Sums = {
                        Loss = sums.Loss + loss
                        Right = sums.Right + right
                        Images = sums.Images + int64 batch
                    }

                    let dose = addDose rate recipe.Gamma dose
                    let next = step + 1L

                    emit (
                        Stepped {
                            Epoch = epoch
                            Step = int (step % perEpoch) + 1
                            StepsPerEpoch = int perEpoch
                            Loss = loss
                            ImagesPerSecond = float sums.Images / clock.Elapsed.TotalSeconds
                        }
                    )

                    if next % perEpoch = 0L then
                        let report = report trainer recipe.Gamma epoch sums batch rate dose clock

                        emit (EpochDone report)
                        go next nothing dose (report :: reports)
                    else
                        go next sums dose reports

        go state.Step nothing state.Dose []

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
            let images = dataset.Train.Count
            do! Result.requireTrue NoImages (images > 0)
            settings.Threads |> Option.iter torch.set_num_threads
            let batch = min recipe.Batch images

            let state =
                settings.From
                |> Option.defaultWith (fun () -> from network (Init.weights recipe.Seed network))

            use! trainer =
                Trainer.import settings.Engine settings.Method network recipe state
                |> Result.mapError BadModel

            let plan = Batch.training dataset recipe.Augment recipe.Seed
            use feed = new Feed(plan, batch, recipe.Seed, state.Step)

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
            let! final, reports = loop trainer feed recipe batch state emit stop
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
