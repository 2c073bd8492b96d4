namespace Sss.Torch.Functional

open System
open Sss.Core
open Sss.Files
open Sss.Torch
open TorchSharp

/// One step's batch.
type TrainingBatch = {
    /// From 0, over all epochs.
    Step: int64
    /// η of the step.
    Rate: float
    /// N×C×H×W, prepared and changed as the recipe says.
    Images: torch.Tensor
    /// Classes as 64-bit numbers, N or N × pixels; or numbers, N × values. With `mixup` or `cutmix`, classes are numbers
    /// N × 3: that of an image, that of the one it is mixed with, and the part of the first; `NetworkFunction.loss` knows both.
    Targets: torch.Tensor
}

/// The batches of a training.
[<RequireQualifiedAccess>]
module Batches =

    /// The batches of all steps of a recipe, in order: the ones that `sss train` takes. A batch is good until the next one
    /// is requested: its tensors are the sequence's own. A picture that cannot be read ends it with `InvalidOperationException`.
    let ofRecipe (engine: LibTorch) (dataset: Dataset) (recipe: Recipe) : TrainingBatch seq =
        seq {
            let batch = min recipe.Batch dataset.Train.Count
            let plan = Batch.training dataset recipe.Augment recipe.Seed
            use feed = new Feed(dataset.Name, plan, batch, recipe.Seed, 0L, Feed.Loaders plan)
            let schedule = Schedule.ofRecipe recipe

            for step in 0 .. recipe.Epochs * feed.StepsPerEpoch - 1 do
                match feed.Take() with
                | Error error -> invalidOp (FileError.message error)
                | Ok loaded ->
                    use images = loaded.Images.``to`` (engine.Place, copy = true)
                    use targets = loaded.Targets.``to`` (engine.Place, copy = true)

                    yield {
                        Step = int64 step
                        Rate = Schedule.atStep feed.StepsPerEpoch schedule step
                        Images = images
                        Targets = targets
                    }
        }

    /// All steps of a training: from numbers and the state of a method over batches, with a loss of what the network gives and
    /// of the targets. The numbers that it is given, and all in between, are freed; so a run needs the memory of one step.
    let fold
        (f: NetworkFunction)
        (optimizer: Optimizer<Numbers, Gradient, 'State>)
        (loss: torch.Tensor -> torch.Tensor -> torch.Tensor)
        (numbers: Numbers)
        (batches: TrainingBatch seq)
        : Result<Numbers * 'State, FunctionError> =
        let step (numbers: Numbers) state (batch: TrainingBatch) =
            NetworkFunction.valueAndGrad
                f
                (fun run -> loss (run batch.Images) batch.Targets)
                numbers
            |> Result.map (fun found ->
                let here = {
                    numbers with
                        Statistics = found.Statistics
                }

                let next, after = optimizer.Step batch.Rate found.Gradient here state
                (found.Gradient :> IDisposable).Dispose()
                (numbers :> IDisposable).Dispose()
                optimizer.Tensors state |> List.iter _.Dispose()
                next, after
            )

        (Ok(numbers, optimizer.Start numbers), batches)
        ||> Seq.fold (fun sofar batch ->
            sofar |> Result.bind (fun (numbers, state) -> step numbers state batch)
        )
