namespace Sss.Torch

open System
open Sss.Core
open Sss.Dsl
open Sss.Files
// Last, for its `Outcome`: the language has one too.
open Sss.Torch

/// The network of a job.
[<RequireQualifiedAccess>]
type NetworkSource =
    /// A text.
    | File of path: string
    /// At hand, with the recipe that is beside it.
    | Given of Network * Recipe

/// The images of a job.
[<RequireQualifiedAccess>]
type ImageSource =
    /// As the command line names them: `digits`, `folder:DIR`, ….
    | Named of string
    | Given of Dataset

/// Where a job begins.
[<RequireQualifiedAccess>]
type Begin =
    /// Random weights from the recipe's seed.
    | Random
    /// The weights of a network that was trained before.
    | Weights of WeightSource
    /// Trained already, by a job of the same network, recipe and images.
    | Trained of Trained

/// The measured times that a target of latency is counted with.
[<RequireQualifiedAccess>]
type ProfileSource =
    /// They are measured on this machine before training.
    | Measured
    /// A file that `sss profile` wrote.
    | File of path: string
    /// Those of the job that trained.
    | Given of LatencyProfile

/// How far a job goes.
[<RequireQualifiedAccess>]
type Goal =
    /// The trained network, whole.
    | Training
    /// The selected network, with its exactness check and its accuracy.
    | Selection of SelectOptions

/// Where and with what a job computes.
type Computing = {
    Device: Device
    /// Of the network in training.
    Precision: PrecisionChoice
    /// None: as many as LibTorch takes.
    Threads: int option
    /// None: as many as the data is worth.
    Loaders: int option
    /// The ranks that train together; None: this process works alone. Only rank 0 keeps anything and goes
    /// further than the training.
    Team: Team option
}

/// A job for the pipeline.
type Job = {
    Network: NetworkSource
    /// The recipe to train by, from the network's own (or the defaults).
    Recipe: Recipe -> Recipe
    Images: ImageSource
    /// This many training images only.
    Limit: int option
    Begin: Begin
    /// The network that the recipe's `teacher` is; None: that of the weights to begin with.
    Teacher: WeightSource option
    /// Minimised instead of the recipe's loss, which then says only what the targets are.
    Loss: OwnLoss option
    /// The factors' update rule.
    Method: FactorMethod
    /// Used where the target has a limit on latency.
    Profile: ProfileSource
    /// The fraction of the training images that is held out.
    Validation: float option
    Computing: Computing
    Keep: Keep
    Goal: Goal
}

/// A job's network, recipe and images, which fit each other.
type Ready = {
    Network: Network
    Recipe: Recipe
    Dataset: Dataset
}

/// What is reported about a job before it trains.
type JobEvent =
    /// Times of the network's layers are about to be measured, for a target of latency.
    | Profiling of ProfileOptions
    /// They are known.
    | Profiled of LatencyProfile
    /// Limits of the target leave little to choose from, or cannot be reached.
    | TargetNarrow of Network * NarrowLimit list
    /// What `auto` has chosen to compute with.
    | PrecisionChosen of PrecisionTrial
    /// The text of the network, and the recipe to train by.
    | TextRead of path: string * text: string * Parsed * Recipe
    /// The weights to begin with have been read from a file; some start anew.
    | WeightsRead of path: string * StartWeights
    /// A named data set has been loaded; `Skipped` are the pictures that could not be read.
    | ImagesRead of Dataset
    /// Remarks about the images before training.
    | ImagesChecked of Dataset * DataNote list

/// Listeners of a job.
type Listener<'Report> = {
    Hear: JobEvent -> unit
    /// Runs the training that it is given, with a function that hears how it goes.
    Training:
        Ready
            -> ((TrainEvent -> unit) -> Result<Trained, PipelineError>)
            -> Result<Trained, PipelineError>
    /// The last phase: all is saved, and the selected network is the same function.
    Report: Ready -> Outcome -> 'Report
}

/// Listeners.
[<RequireQualifiedAccess>]
module Listener =

    /// Listens only to the events of the training, and reports nothing.
    let ofTraining (hear: TrainEvent -> unit) : Listener<unit> = {
        Hear = ignore
        Training = fun _ train -> train hear
        Report = fun _ _ -> ()
    }

/// The result of a job.
type Finished<'Report> = {
    Ready: Ready
    Trained: Trained
    /// What the target's latency was counted with.
    Profile: LatencyProfile option
    /// None: the goal was the training.
    Selected: (Outcome * 'Report) option
}

/// A job that can train.
type internal Prepared = {
    Ready: Ready
    Engine: LibTorch
    /// The state that it begins with; None: fresh random weights.
    From: TrainState option
    Teacher: TeacherSettings option
    /// Where the target has a limit on latency.
    Profile: LatencyProfile option
    /// What the target counts besides macs and parameters.
    Measures: CostMeasures
    /// Holds the run folder.
    Lock: IDisposable option
} with

    interface IDisposable with
        member it.Dispose() = it.Lock |> Option.iter _.Dispose()

/// A selection that has not been checked yet.
type internal Chosen = {
    Selected: Selected<float32>
    Seconds: float
}

/// Whether a selection is the function that was trained.
type internal Proof = {
    Exactness: Exactness
    /// Where that is not exact.
    AtDouble: Exactness option
}
