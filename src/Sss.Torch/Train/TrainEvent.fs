namespace Sss.Torch

open Sss.Core
open Sss.Files

/// What training starts with.
type TrainStart = {
    Network: Network
    Epochs: int
    /// Epochs that a resumed run has done already.
    FirstEpoch: int
    StepsPerEpoch: int
    /// Images of an epoch; what does not fill a last batch is left out (another part each epoch).
    Images: int
    /// Over all ranks.
    Batch: int
    /// Where, with what numbers and in how many parts.
    Arithmetic: RunArithmetic
}

/// One step.
type StepReport = {
    /// From 0.
    Epoch: int
    /// From 1, in the epoch.
    Step: int
    StepsPerEpoch: int
    /// The mean loss of the batch, with the weights before the step.
    Loss: float
    /// Since the start of the epoch.
    ImagesPerSecond: float
}

/// Factors of one layer or residual that are not zero, of how many.
type OwnerCount = {
    Owner: string
    NonZero: int
    Total: int
}

/// Factors of a kind that are not zero, of how many.
type FactorCount = {
    Kind: FactorKind
    NonZero: int
    Total: int
}

/// One epoch.
type EpochReport = {
    /// From 0.
    Epoch: int
    /// Mean loss over the epoch's training batches, with the teacher's part where there is one.
    Loss: float
    /// Fraction of the epoch's answers in training that were right: images, pixels of masks, or labels where an
    /// image may have several; not a number for `outputs`.
    Accuracy: float
    /// η of the epoch's last step.
    Rate: float
    /// The recipe's; with a target the mean over the factors that are not held at 0.
    Gamma: Gamma
    /// By kind, over the whole network; what was cut counts as 0.
    Factors: FactorCount list
    /// By owner, in the order of the network's text.
    Owners: OwnerCount list
    /// The network that selection would leave if training ended here; None: a layer has died.
    WouldBe: Cost option
    ImagesPerSecond: float
    /// Seconds of the epoch in which a step waited for its batch.
    Waited: float
    /// The sum of ηγ so far, for each kind.
    Dose: Gamma
    /// On the images held out, with the iterate's factors; None without validation.
    Validation: Evaluation option
}

/// Structures removed permanently while training continues.
type CutReport = {
    /// From 0: the epoch after which they went.
    Epoch: int
    /// How many factors went.
    Structures: int
    /// Of the network in training.
    Before: Cost
    After: Cost
}

/// Where a run continues.
type Resumption = {
    /// None: there was no checkpoint, and the run starts at its first step.
    Checkpoint: string option
    Epoch: int
    Step: int64
    /// Newer checkpoints that could not be read, each with the reason.
    Damaged: string list
}

/// Training as it goes; console, CSV and C# `IProgress` are listeners.
type TrainEvent =
    | Resumed of Resumption
    /// The threads of the arithmetic, and why.
    | ThreadsChosen of ThreadChoice
    | Started of TrainStart
    | Stepped of StepReport
    /// A picture turned out to be broken; the next one of the split replaces it.
    | LeftOut of FileError
    /// A file about the training (`metrics.csv`, `events/`) could not be written. Training does not
    /// depend on it and continues; the same file is reported once.
    | NotWritten of FileError
    | EpochDone of EpochReport
    | CutDone of CutReport
    /// The recipe's `stop` ended the training after this many epochs: `without` of them in a row had no lower
    /// validation loss.
    | EndedEarly of epochs: int * without: int
    | Finished of seconds: float
