namespace Sss.Core

/// What makes the scores of a network with `classes` probabilities. Its loss decides.
[<RequireQualifiedAccess>]
type Probabilities =
    /// An image has one of the classes: the softmax over them; all add up to 1.
    | Softmax
    /// Each class is there or not, whatever the others are: the sigmoid of its score.
    | Sigmoid

/// Scores as probabilities.
[<RequireQualifiedAccess>]
module Probabilities =

    /// What files call it.
    let word (kind: Probabilities) : string =
        match kind with
        | Probabilities.Softmax -> "softmax"
        | Probabilities.Sigmoid -> "sigmoid"

    /// Reads what `word` writes.
    let ofWord (text: string) : Probabilities option =
        [ Probabilities.Softmax; Probabilities.Sigmoid ]
        |> List.tryFind (fun kind -> word kind = text)

    /// Of a network that was trained with this loss. Numbers (`outputs N`) have no probabilities, whatever this says.
    let ofLoss (loss: Loss) : Probabilities =
        match loss with
        | Loss.Bce -> Probabilities.Sigmoid
        | Loss.CrossEntropy _
        | Loss.Focal _
        | Loss.Mse
        | Loss.Huber _ -> Probabilities.Softmax

    /// The probabilities of images × classes, in the same order.
    let ofScores (kind: Probabilities) (classes: int) (scores: float32[]) : float32[] =
        match kind with
        | Probabilities.Softmax -> Softmax.ofScores classes scores
        | Probabilities.Sigmoid ->
            scores |> Array.map (fun score -> float32 (1.0 / (1.0 + exp (-(float score)))))
