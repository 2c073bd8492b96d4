namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open TorchSharp

/// The quality and loss of a network on a set of images.
type Evaluation = {
    Quality: Quality
    /// Mean cross-entropy of classes, binary cross-entropy where each class is there or not, or mean squared difference of
    /// numbers; whatever the recipe trains with.
    Loss: float
    Count: int
    /// Of the further outputs, each compared with its own targets, or with those of the scores where it has none.
    Outputs: RunOutput list
} with

    /// The fraction of answers that are right: images, pixels of masks, or labels; not a number for `outputs`.
    member e.Accuracy = Quality.accuracy e.Quality

/// Runs of a model in evaluation mode.
[<RequireQualifiedAccess>]
module Evaluate =

    /// Images per batch, unless they have too many values.
    let batch = ModelValues.batch

    /// Images per batch for a network. It depends only on the network: sums in floating point depend on how
    /// the work is cut.
    let batchOf (network: Network) : int = ModelValues.batchOf network

    /// What a network gives for images N×C×H×W in row-major order: N × values, the scores and then the values of its further
    /// outputs. Reads the model only, so several threads may call it at once.
    let values (model: Model) (images: ReadOnlyMemory<float32>) : float32[] =
        ModelValues.single model images

    /// The scores of images, N×classes.
    let scores (model: Model) (images: ReadOnlyMemory<float32>) : float32[] =
        Network.scoresOf model.Network (values model images)

    /// The class with the largest score, the first of equals.
    let arg (scores: ReadOnlySpan<float32>) = Scoring.arg scores

    /// Fills `images` with the images from `first` on, up to `count` of them, and gives the indices
    /// of those that were written: those whose error `isSkipped` are skipped and passed to `skip`.
    /// The next to look at comes last.
    let private gather plan isSkipped skip first count (images: float32[]) =
        let size = int (Shape.count plan.Split.Shape)

        let rec go index written taken =
            if written = count || index >= plan.Split.Count then
                Ok(List.rev taken, index)
            else
                match Batch.one plan 0L index (images.AsSpan(written * size, size)) with
                | Ok() -> go (index + 1) (written + 1) (index :: taken)
                | Error error when isSkipped error ->
                    skip index error
                    go (index + 1) written taken
                | Error error -> Error error

        go first 0 []

    /// Runs all images of a plan in batches, and hands the index of each and what the network gives for it to `see`, in order.
    let private each
        (network: Network)
        (scores: ReadOnlyMemory<float32> -> Result<float32[], FileError>)
        plan
        isSkipped
        skip
        (see: int -> ReadOnlyMemory<float32> -> unit)
        =
        let size = int (Shape.count plan.Split.Shape)
        // A few pictures take no more memory than they need; how the work is cut stays the same.
        let batch = max 1 (min (batchOf network) plan.Split.Count)
        let images = Array.zeroCreate (batch * size)

        let rec go first =
            if first >= plan.Split.Count then
                Ok()
            else
                match gather plan isSkipped skip first batch images with
                | Error error -> Error error
                | Ok(taken, next) ->
                    match scores (ReadOnlyMemory(images, 0, taken.Length * size)) with
                    | Error error -> Error error
                    | Ok y ->
                        let width = y.Length / max 1 taken.Length

                        taken
                        |> List.iteri (fun i index ->
                            see index (ReadOnlyMemory(y, i * width, width))
                        )

                        go next

        go 0

    /// It is not reported.
    let private unseen (_: int) (_: FileError) = ()

    /// The first images of a split that can be read, as a network sees them, N×C×H×W.
    let images (dataset: Dataset) (split: Split) (count: int) : Result<float32[], FileError> =
        let size = int (Shape.count split.Shape)
        let images = Array.zeroCreate (Checked.(*) count size)

        gather (Batch.plain dataset split) FileError.isBroken unseen 0 count images
        |> Result.map (fun (taken, _) -> Array.truncate (taken.Length * size) images)

    let private outputOf name (quality, loss) : RunOutput = {
        RunOutput.Name = name
        Quality = quality
        Loss = loss
    }

    /// Quality and loss on a split, without augmentation, of whatever gives the scores of a network, N×classes, or all of its
    /// values: `scores` gets batches of images, N×C×H×W. Broken pictures are not counted; when there are more than `ImageFolder.tolerated` allows, or
    /// a file cannot be read for another reason, the result is an error; so is the first error of `scores`.
    /// `observe` gets the index, the label and the scores of each image, where each has one class.
    let runBy
        (scores: ReadOnlyMemory<float32> -> Result<float32[], FileError>)
        (observe: int -> int -> ReadOnlyMemory<float32> -> unit)
        (network: Network)
        (dataset: Dataset)
        (split: Split)
        : Result<Evaluation, FileError> =
        let plan = Batch.plain dataset split
        let scoring = Scoring.ofSplit network split
        let outputs = Scoring.ofOutputs network split
        let classes = Network.scores network
        let labels = Targets.tryLabels split.Targets
        let mutable count = 0
        let mutable hasOutputs = false

        let see index (row: ReadOnlyMemory<float32>) =
            let scores = row.Slice(0, classes)
            scoring.See index scores
            labels |> Option.iter (fun labels -> observe index labels[index] scores)
            hasOutputs <- row.Length > classes

            if hasOutputs then
                for _, first, size, own in outputs do
                    own.See index (row.Slice(first, size))

            count <- count + 1

        result {
            do! each network scores plan FileError.isBroken unseen see
            let missing = split.Count - count

            if missing > max 0 (ImageFolder.tolerated split.Count) then
                return!
                    Error(
                        Malformed(
                            Place.start dataset.Name,
                            Lacks $"more than {count} of {split.Count} pictures that can be decoded"
                        )
                    )

            let quality, loss = scoring.Result()

            return {
                Quality = quality
                Loss = loss
                Count = count
                Outputs =
                    if hasOutputs then
                        outputs |> List.map (fun (name, _, _, own) -> outputOf name (own.Result()))
                    else
                        []
            }
        }

    /// The same of a model. The same weights give the same bits.
    let runWith
        (observe: int -> int -> ReadOnlyMemory<float32> -> unit)
        (model: Model)
        (dataset: Dataset)
        (split: Split)
        : Result<Evaluation, FileError> =
        runBy (values model >> Ok) observe model.Network dataset split

    /// The same without an observer.
    let run (model: Model) (dataset: Dataset) (split: Split) : Result<Evaluation, FileError> =
        runWith (fun _ _ _ -> ()) model dataset split

    /// The scores of each image of a split, in the batches that `run` takes them in, so that they have
    /// the same bits; or why the image cannot be read.
    let predictions
        (model: Model)
        (dataset: Dataset)
        (split: Split)
        : Result<float32[], FileError>[] =
        let plan = Batch.plain dataset split

        let found =
            Array.create split.Count (Error(NotFound dataset.Name): Result<float32[], FileError>)

        each
            model.Network
            (scores model >> Ok)
            plan
            (fun _ -> true)
            (fun index error -> found[index] <- Error error)
            (fun index row -> found[index] <- Ok(row.ToArray()))
        |> ignore

        found
