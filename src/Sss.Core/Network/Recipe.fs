namespace Sss.Core

/// How the step size goes over the epochs.
type LearningRate =
    | Constant
    /// Half a cosine from the start value to 0 over all epochs.
    | Cosine
    /// The rate is multiplied by `factor` at the start of each listed epoch.
    | Step of factor: float * epochs: int list

/// The weight γ of the penalty, a kind each.
type Gamma = {
    Neuron: float
    Group: float
    Block: float
}

/// Random changes of training images.
type Augment = {
    /// Zero padding in pixels on each side before a random crop of the original size; 0: none.
    Crop: int
    /// Mirror half of the images left to right.
    Flip: bool
}

/// How a network is trained: the `train { … }` of a file after the command line has had its say.
type Recipe = {
    Epochs: int
    Batch: int
    /// The step size η at the start.
    Lr: float
    Schedule: LearningRate
    /// Epochs over which the step size rises linearly from 0; 0: none.
    Warmup: int
    /// μ of Nesterov's method for the weights and of APG for the factors.
    Momentum: float
    /// L2 weight; `Parameter.Decays` says on what.
    Decay: float
    Gamma: Gamma
    /// The fraction of the dense network's macs that the selected network may have.
    TargetMacs: float option
    /// Remove for good what stays zero, every so many epochs.
    ShrinkEvery: int option
    Seed: int
    Augment: Augment
}

/// Defaults of recipes.
[<RequireQualifiedAccess>]
module Recipe =

    /// What holds where a file says nothing (`language.md` §6).
    let defaults = {
        Epochs = 30
        Batch = 128
        Lr = 0.1
        Schedule = Cosine
        Warmup = 0
        Momentum = 0.9
        Decay = 1e-4
        Gamma = {
            Neuron = 0.0
            Group = 0.0
            Block = 0.0
        }
        TargetMacs = None
        ShrinkEvery = None
        Seed = 1
        Augment = { Crop = 0; Flip = false }
    }

    /// The γ of a kind.
    let gammaOf kind (gamma: Gamma) =
        match kind with
        | Neuron -> gamma.Neuron
        | Group -> gamma.Group
        | Block -> gamma.Block
