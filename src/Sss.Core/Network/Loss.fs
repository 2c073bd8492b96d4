namespace Sss.Core

/// What the values are that a network gives.
[<RequireQualifiedAccess>]
type OutputKind =
    /// `classes N`: a score for each of N classes, once or at each position.
    | Classes
    /// `outputs N`: N numbers, once or at each position.
    | Numbers

/// What training minimises, as a recipe names it: a mean over the images of a batch, and over the
/// positions or values where a network gives several of them.
[<RequireQualifiedAccess>]
type Loss =
    /// −log p of the right class, p the softmax of the scores. `smoothing` is the part of the probability
    /// that is spread evenly over all classes (C. Szegedy et al., "Rethinking the Inception architecture
    /// for computer vision", CVPR 2016, section 7); at least 0 and below 1.
    | CrossEntropy of smoothing: float
    /// −(1 − p)^gamma · log p of the right class (T.-Y. Lin et al., "Focal loss for dense object detection",
    /// ICCV 2017); gamma is 0 or more.
    | Focal of gamma: float
    /// Cross-entropy of each class by itself: any number of classes may be present. Its targets are from 0 to 1.
    | Bce
    /// The square of the difference.
    | Mse
    /// Half the square of the difference up to delta, linear beyond it; delta is above 0.
    | Huber of delta: float

/// How a further output is trained.
type OutputLoss = {
    Loss: Loss
    /// What its loss is multiplied by before it is added to that of the scores; above 0.
    Weight: float
}

/// Names and properties of losses.
[<RequireQualifiedAccess>]
module Loss =

    /// What trains where a recipe says nothing.
    let standard = Loss.CrossEntropy 0.0

    /// What a recipe and `result.json` call it; parameters aside.
    let word loss =
        match loss with
        | Loss.CrossEntropy _ -> "crossentropy"
        | Loss.Focal _ -> "focal"
        | Loss.Bce -> "bce"
        | Loss.Mse -> "mse"
        | Loss.Huber _ -> "huber"

    /// All words, the default first.
    let words = [ "crossentropy"; "focal"; "bce"; "mse"; "huber" ]

    /// The parameter, with its value.
    let parameter loss : (string * float) option =
        match loss with
        | Loss.CrossEntropy smoothing -> Some("smoothing", smoothing)
        | Loss.Focal gamma -> Some("gamma", gamma)
        | Loss.Huber delta -> Some("delta", delta)
        | Loss.Bce
        | Loss.Mse -> None

    /// The loss of a word, with the default of its parameter.
    let ofWord (word: string) : Loss option =
        match word with
        | "crossentropy" -> Some(Loss.CrossEntropy 0.0)
        | "focal" -> Some(Loss.Focal 2.0)
        | "bce" -> Some Loss.Bce
        | "mse" -> Some Loss.Mse
        | "huber" -> Some(Loss.Huber 1.0)
        | _ -> None

    /// The same loss with another parameter; one without a parameter stays as it is.
    let withParameter (value: float) loss =
        match loss with
        | Loss.CrossEntropy _ -> Loss.CrossEntropy value
        | Loss.Focal _ -> Loss.Focal value
        | Loss.Huber _ -> Loss.Huber value
        | Loss.Bce
        | Loss.Mse -> loss

    /// What its parameter must be, in words; None: the parameter is right, or there is none.
    let problem loss : string option =
        let unless isGood expected = if isGood then None else Some expected

        match loss with
        | Loss.CrossEntropy smoothing ->
            unless (smoothing >= 0.0 && smoothing < 1.0) "a number of at least 0 and below 1"
        | Loss.Focal gamma -> unless (gamma >= 0.0) "a number of 0 or more"
        | Loss.Huber delta -> unless (delta > 0.0) "a number above 0"
        | Loss.Bce
        | Loss.Mse -> None

    /// The networks that it trains: those with `classes`, or those with `outputs`.
    let trains loss : OutputKind =
        match loss with
        | Loss.CrossEntropy _
        | Loss.Focal _
        | Loss.Bce -> OutputKind.Classes
        | Loss.Mse
        | Loss.Huber _ -> OutputKind.Numbers

    /// Whether its targets are one class for each image or position, and not numbers.
    let takesClass loss =
        match loss with
        | Loss.CrossEntropy _
        | Loss.Focal _ -> true
        | Loss.Bce
        | Loss.Mse
        | Loss.Huber _ -> false

    /// The words of the losses for a kind of network: `crossentropy, focal or bce`.
    let wordsFor (kind: OutputKind) : string =
        match kind with
        | OutputKind.Classes -> "crossentropy, focal or bce"
        | OutputKind.Numbers -> "mse or huber"
