namespace Sss.Bench.Rivals

open System.Threading
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch
open TorchSharp

/// What all trainings of a comparison share.
type Bench = {
    Engine: LibTorch
    Dataset: Dataset
    Threads: int
}

/// Training without factors.
[<RequireQualifiedAccess>]
module Fit =

    let private recipe epochs lr (recipe: Recipe) = {
        StudyRecipe.free recipe with
            Epochs = epochs
            Lr = lr
    }

    let private settings (bench: Bench) from : TrainSettings = {
        Engine = bench.Engine
        Threads = Some bench.Threads
        Loaders = Some 1
        Method = FactorMethod.Apg
        From = from
        Validation = None
        Keeper = None
        Team = None
        Teacher = None
        Loss = None
        Measures = CostLimit.noMeasures
    }

    /// This many epochs from these numbers on, or from fresh ones; the recipe's schedule over them.
    let train (bench: Bench) (wanted: Recipe) epochs lr network (from: Weights<float32> option) =
        let from = from |> Option.map (TrainState.start network)

        Train.run
            (settings bench from)
            network
            bench.Dataset
            (recipe epochs lr wanted)
            ignore
            CancellationToken.None
        |> Result.map _.Numbers
        |> Result.mapError TrainError.message

    /// The same from fresh numbers, with strength·Σ|scale| over the given bns added to the loss, by its
    /// subgradient.
    let trainSlimming
        (bench: Bench)
        (wanted: Recipe)
        epochs
        strength
        network
        (scales: ArrayKey list)
        =
        let recipe = recipe epochs wanted.Lr wanted
        let schedule = Schedule.ofRecipe recipe
        let start = TrainState.start network (Init.weights recipe.Seed network)

        result {
            use! trainer =
                Trainer.import
                    bench.Engine
                    (FactorRule.ofRecipe FactorMethod.Apg recipe)
                    recipe
                    start
                |> Result.mapError ModelError.message

            torch.set_num_threads bench.Threads
            let plan = Batch.training bench.Dataset recipe.Augment recipe.Seed

            use feed = new Feed(bench.Dataset.Name, plan, recipe.Batch, recipe.Seed, 0L, 1)

            // A leaf's gradient is a view of the flat gradient, there from the start.
            let leaves =
                scales
                |> List.map (fun key ->
                    let leaf = trainer.Model.Weights.Leaf key
                    struct (leaf, nonNull leaf.grad)
                )

            use strength = (strength: float).ToScalar()

            let step (batch: Loaded) rate =
                use _ = torch.NewDisposeScope()
                let scores = trainer.Model.Run(Training, batch.Images)
                torch.nn.functional.cross_entropy(scores, batch.Targets).backward()

                use _ = torch.no_grad ()

                for struct (leaf, gradient) in leaves do
                    gradient.add_ (leaf.sign (), strength) |> ignore

                trainer.Update rate

            for at in 0 .. epochs * feed.StepsPerEpoch - 1 do
                let! batch = feed.Take() |> Result.mapError FileError.message
                step batch (Schedule.atStep feed.StepsPerEpoch schedule at)

            return (trainer.Export start).Numbers
        }

    /// Test accuracy.
    let accuracy (bench: Bench) network numbers =
        result {
            use! model =
                Model.create bench.Engine network numbers |> Result.mapError ModelError.message

            let! evaluation =
                Evaluate.run model bench.Dataset bench.Dataset.Test
                |> Result.mapError FileError.message

            return evaluation.Accuracy
        }
