namespace Sss.Files

open Sss.Core

/// Size of one network.
[<RequireQualifiedAccess>]
type RunSize = { Params: int64; Macs: int64 }

/// A further output of the selected network on the test set.
[<RequireQualifiedAccess>]
type RunOutput = {
    Name: string
    Quality: Quality
    Loss: float
}

/// The selected network on the test set.
[<RequireQualifiedAccess>]
type RunTest = {
    Quality: Quality
    /// Mean cross-entropy, in nats; of `outputs` the mean squared difference.
    Loss: float
    /// Images.
    Count: int
    /// Of its further outputs.
    Outputs: RunOutput list
}

/// The epoch whose numbers were taken, by what it did on images held out of training.
[<RequireQualifiedAccess>]
type RunValidation = {
    /// From 1.
    Epoch: int
    Quality: Quality
    Loss: float
}

/// How the selected network compares with the full one.
[<RequireQualifiedAccess>]
type RunExactness = {
    MaxAbs: float
    /// max|a−b| over the scale of an input's scores, the largest over all inputs.
    MaxRel: float
    /// The fraction of inputs with the same arg-max.
    ArgmaxAgree: float
    Inputs: int
    /// `exact`, or another verdict.
    Verdict: string
}

/// Wall-clock seconds of the parts of a run.
[<RequireQualifiedAccess>]
type RunSeconds = { Train: float; Select: float }

/// What training took.
[<RequireQualifiedAccess>]
type RunCompute = {
    /// Forward multiply-adds of all steps: images times the macs of the network as it was then, so
    /// that what cuts took out no longer counts. (Backward passes cost about twice as much again.)
    TrainMacs: float
    /// Images of all steps.
    Images: int64
    /// Epochs that were done; fewer than the recipe's where it ended early.
    Epochs: int
}

/// Where, with what numbers and in how many parts a network was trained. Its verdict and its accuracy are always those of
/// float32 numbers.
[<RequireQualifiedAccess>]
type RunArithmetic = {
    /// `cpu`, `cuda:0`, …
    Device: string
    /// `float32` or `bf16`: what the network in training computed with.
    Precision: string
    /// Whether products in training rounded their inputs to TF32.
    Tf32: bool
    /// Processes that trained together; 1: one alone.
    Ranks: int
    /// Of each rank. Other numbers of them add in another order, and round otherwise.
    Threads: int
}

/// Wording.
[<RequireQualifiedAccess>]
module RunArithmetic =

    /// The default device and precision of training.
    let usual = "cpu at float32"

    /// What a training computed on and with: `cuda:0 at float32 with TF32`.
    let text (a: RunArithmetic) =
        let tf32 = if a.Tf32 then " with TF32" else ""
        $"{a.Device} at {a.Precision}{tf32}"

    /// The same where it is not the usual.
    let unusual (a: RunArithmetic) : string option =
        Some(text a) |> Option.filter ((<>) usual)

/// The selected network's time, where the target had a limit on it: in the engine of the profile, with its threads
/// and its images per call. In milliseconds.
type RunLatency = {
    Machine: string
    Engine: string
    Threads: int
    Batch: int
    /// The most that the target allows.
    Most: float
    Dense: float
    Predicted: float
    /// None: the profile is of another machine.
    Measured: float option
}

/// One run among several that differ in their seed alone.
type SeedRun = {
    Seed: int
    /// Of the test images; where the task is another than one class for each image, its main metric.
    Accuracy: float
    Params: int64
    Macs: int64
    Epochs: int
    /// None: the run's file does not say.
    TrainMacs: float option
    /// `exact`, or another verdict.
    Verdict: string
}

/// One way to train a network, over seeds: the runs of a study in one row.
type SeedRow = {
    /// `selected`, `dense`, `scratch-e`, `scratch-b`, `uniform`.
    Name: string
    /// Mean over the runs, rounded; so are the macs.
    Params: int64
    Macs: int64
    /// How many runs the numbers come from.
    Seeds: int
    /// Mean over the runs, on the test images.
    Accuracy: float
    /// Sample standard deviation over the runs; None: one run.
    Deviation: float option
    /// Mean, over the seeds that both have, of the selected network's accuracy less this one's.
    Difference: float option
    /// Standard error of that mean; None: fewer than two pairs.
    StandardError: float option
    /// The runs themselves; none where a file gives the means alone.
    Runs: SeedRun list
}

/// What a run comes to: `result.json`.
type RunResult = {
    /// The network's name.
    Network: string
    Seed: int
    Recipe: Recipe
    /// The optimizer of the factors: `apg`, or a named variant.
    Method: string
    Dense: RunSize
    Selected: RunSize
    /// Structures of each kind: how many stay, of how many.
    Neuron: Tally
    Group: Tally
    Block: Tally
    /// Channels with shared factors; none in an older file.
    Shared: Tally
    Test: RunTest
    /// What the selected network makes of each class of the test set; empty: an older file.
    Classes: ClassRow list
    /// The same of the dense network that was trained beside it, with the run's own seed; empty: there is none.
    DenseClasses: ClassRow list
    /// What the selected network gets wrong.
    Diagnosis: RunDiagnosis
    /// None: no images were held out, and the last epoch's numbers were taken.
    Validation: RunValidation option
    Exactness: RunExactness
    /// None: an older file.
    Compute: RunCompute option
    /// None: an older file.
    Arithmetic: RunArithmetic option
    /// Bytes of the selected network's ONNX file; None: the target has no limit on them.
    FileSize: int64 option
    /// None: the target has no limit on the time.
    Latency: RunLatency option
    /// The same run with further seeds, itself among them.
    Repeats: SeedRow option
    /// The networks to compare the selected network with.
    Controls: SeedRow list
    Seconds: RunSeconds
}
