namespace Sss.Core

/// Numbers that single precision can hold, in which training computes.
[<RequireQualifiedAccess>]
module SinglePrecision =

    /// Whether a number is finite in single precision.
    let fits (value: float) : bool = System.Single.IsFinite(float32 value)

    /// What a number that does not fit must be.
    let expected = "at most 3.4e38, the largest number of single precision"

/// The step size over the epochs.
type LearningRate =
    | Constant
    /// Half a cosine from the start value to 0 over all epochs.
    | Cosine
    /// The same until the target holds, and from there another half cosine from the start value to 0 over the epochs
    /// that are left, for the network that is left. Without a target: `Cosine`.
    | CosineRestart
    /// The rate is multiplied by `factor` at the start of each listed epoch.
    | Step of factor: float * epochs: int list

/// The weight γ of the penalty for each kind of factor.
type Gamma = {
    Neuron: float
    Group: float
    Block: float
    Shared: float
}

/// Values of γ.
[<RequireQualifiedAccess>]
module Gamma =

    /// No penalty.
    let none: Gamma = {
        Neuron = 0.0
        Group = 0.0
        Block = 0.0
        Shared = 0.0
    }

/// An opaque colour, each part from 0 to 255.
type Rgb = { Red: byte; Green: byte; Blue: byte }

/// Colours with names, and all colours as text.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Rgb =

    let white = {
        Red = 255uy
        Green = 255uy
        Blue = 255uy
    }

    let black = { Red = 0uy; Green = 0uy; Blue = 0uy }

    /// The colours that have a name, as recipes write it.
    let named = [ "white", white; "black", black ]

    /// The name where there is one, else red, green and blue: `255, 128, 0`.
    let text (colour: Rgb) : string =
        match named |> List.tryFind (fun (_, known) -> known = colour) with
        | Some(name, _) -> name
        | None -> $"{colour.Red}, {colour.Green}, {colour.Blue}"

    /// Reads what `text` writes.
    let tryParse (text: string) : Rgb option =
        match List.tryFind (fun (name, _) -> name = text) named, text.Split ',' with
        | Some(_, colour), _ -> Some colour
        | None, [| red; green; blue |] ->
            let part (digits: string) =
                match
                    System.Byte.TryParse(
                        digits.Trim(),
                        System.Globalization.NumberStyles.None,
                        System.Globalization.CultureInfo.InvariantCulture
                    )
                with
                | true, value -> Some value
                | _ -> None

            match part red, part green, part blue with
            | Some r, Some g, Some b -> Some { Red = r; Green = g; Blue = b }
            | _ -> None
        | None, _ -> None

/// How many changes RandAugment makes of an image, and how strong they are (E. D. Cubuk et al., "RandAugment: Practical
/// automated data augmentation with a reduced search space", NeurIPS 2020).
type RandAugmentation = {
    /// At least 1.
    Count: int
    /// From 0 to 30, as torchvision counts.
    Magnitude: int
}

/// Values of it.
[<RequireQualifiedAccess>]
module RandAugmentation =

    /// What a recipe's `randaugment` means alone: torchvision's defaults.
    let standard = { Count = 2; Magnitude = 9 }

/// How pictures are cut to the input, and random changes of training images, in the order in which
/// they are made.
type Augment = {
    /// The pixels of a picture file's shorter side after it is scaled and before the middle is cut
    /// out, in testing, and in training where `Area` is 0; 0: as many as the input has.
    Resize: int
    /// The colour that shows through the transparent parts of picture files.
    Background: Rgb
    /// Train on a random rectangle of at least this fraction of the image's area, of proportions 3:4
    /// to 4:3, scaled to the input (C. Szegedy et al., "Going deeper with convolutions", CVPR 2015,
    /// section 6); 0: none.
    Area: float
    /// Zero padding in pixels on each side before a random crop of the original size; 0: none.
    Crop: int
    /// Mirror half of the images left to right.
    Flip: bool
    /// Changes of position and colour from a set, one after the other; None: none.
    Rand: RandAugmentation option
    /// Multiply brightness, contrast and saturation, in random order, by numbers from 1 − J to 1 + J
    /// (A. G. Howard, "Some improvements on deep convolutional neural network based image
    /// classification", 2013); 0: none.
    Jitter: float
    /// Standard deviation of noise along the principal axes of colour (A. Krizhevsky, I. Sutskever,
    /// G. Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012,
    /// section 4.1); 0: none.
    Pca: float
    /// The probability that a random rectangle becomes the mean of the training images (Z. Zhong et al., "Random erasing data
    /// augmentation", AAAI 2020); 0: none.
    Erase: float
    /// α of the beta distribution from which an image draws its part in the mean of itself and another one, of which the
    /// targets are mixed alike (H. Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018); 0: none.
    Mixup: float
    /// The same for the part of the area that stays of an image, where a rectangle comes from another one (S. Yun et al.,
    /// "CutMix: Regularization strategy to train strong classifiers with localizable features", ICCV 2019); 0: none. With both,
    /// each has half of the images.
    Cutmix: float
}

/// Plain images.
[<RequireQualifiedAccess>]
module Augment =

    /// No change at all.
    let none: Augment = {
        Resize = 0
        Background = Rgb.white
        Area = 0.0
        Crop = 0
        Flip = false
        Rand = None
        Jitter = 0.0
        Pca = 0.0
        Erase = 0.0
        Mixup = 0.0
        Cutmix = 0.0
    }

/// How much a trained network teaches. With scores s and the teacher's scores t of an image, the loss is
/// (1 − w)·H(label, softmax(s)) + w·T²·H(softmax(t/T), softmax(s/T)), H being the cross-entropy
/// (G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015, section 2).
type Teaching = {
    /// w: above 0, at most 1.
    Weight: float
    /// T: above 0.
    Temperature: float
}

/// Values of it.
[<RequireQualifiedAccess>]
module Teaching =

    /// What a recipe's `teacher` means alone.
    let standard = { Weight = 0.5; Temperature = 4.0 }

/// How a network is trained: the `train { … }` of a file after the command line has had its say.
type Recipe = {
    Epochs: int
    Batch: int
    /// The step size η at the start.
    Lr: float
    Schedule: LearningRate
    /// Epochs over which the step size rises linearly from 0; 0: none.
    Warmup: int
    /// What the step size is multiplied by for the layer that gives the scores (`Network.head`).
    Head: float
    /// μ of Nesterov's method for the weights (AdamW has betas instead) and of APG for the factors.
    Momentum: float
    /// L2 weight; `Parameter.Decays` says on what. AdamW decays by this, decoupled from the gradient.
    Decay: float
    Gamma: Gamma
    /// What γ is the weight of.
    Penalty: FactorPenalty
    Loss: Loss
    /// Of further outputs, by name; one that is not here has the loss of the scores with the weight 1.
    Outputs: Map<string, OutputLoss>
    /// Of the weights.
    Optimizer: Optimizer
    /// What the selected network may cost.
    Target: Target
    /// Epochs after which the target holds, above 0 and at most all of them; a fraction ends within an epoch.
    /// None: `TargetCourse` chooses. There is none without a target.
    TargetBy: float option
    /// Remove permanently what stays zero, every so many epochs.
    ShrinkEvery: int option
    /// End after so many epochs without a lower loss on the images held out, or a smaller network.
    StopAfter: int option
    Seed: int
    Augment: Augment
    /// None: the labels alone.
    Teacher: Teaching option
    /// D of an exponential moving average of the weights, which is what is evaluated and kept; above 0 and below 1. None: the
    /// weights themselves.
    Ema: float option
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
        Head = 1.0
        Momentum = 0.9
        Decay = 1e-4
        Gamma = Gamma.none
        Penalty = FactorPenalty.standard
        Loss = Loss.standard
        Outputs = Map.empty
        Optimizer = Optimizer.standard
        Target = Target.none
        TargetBy = None
        ShrinkEvery = None
        StopAfter = None
        Seed = 1
        Augment = Augment.none
        Teacher = None
        Ema = None
    }

    /// How a further output is trained.
    let lossOf (recipe: Recipe) (output: string) : OutputLoss =
        recipe.Outputs
        |> Map.tryFind output
        |> Option.defaultValue { Loss = recipe.Loss; Weight = 1.0 }

    /// The γ of a kind.
    let gammaOf kind (gamma: Gamma) =
        match kind with
        | Neuron -> gamma.Neuron
        | Group -> gamma.Group
        | Block -> gamma.Block
        | Shared -> gamma.Shared
