namespace Sss.Files

open Sss.Core

/// Size of one network.
[<RequireQualifiedAccess>]
type RunSize = { Params: int64; Macs: int64 }

/// The selected network on the test set.
[<RequireQualifiedAccess>]
type RunTest = {
    /// From 0 to 1.
    Accuracy: float
    /// Mean cross-entropy, in nats.
    Loss: float
    /// Images.
    Count: int
}

/// The epoch whose numbers were taken, by what it did on images held out of training.
[<RequireQualifiedAccess>]
type RunValidation = {
    /// From 1.
    Epoch: int
    Accuracy: float
    Loss: float
}

/// How the selected network compares with the full one.
[<RequireQualifiedAccess>]
type RunExactness = {
    MaxAbs: float
    /// max|a−b| / max|a| an input, the largest over all inputs.
    MaxRel: float
    /// The fraction of inputs with the same arg-max.
    ArgmaxAgree: float
    Inputs: int
    /// `exact`, or what it is instead.
    Verdict: string
}

/// Wall-clock seconds of the parts of a run.
[<RequireQualifiedAccess>]
type RunSeconds = { Train: float; Select: float }

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
    Test: RunTest
    /// None: no images were held out, and the last epoch's numbers were taken.
    Validation: RunValidation option
    Exactness: RunExactness
    Seconds: RunSeconds
}
