namespace Sss.Torch

open Sss.Core
open TorchSharp

/// What a step computes of a batch's scores (N × values, as the network gives them, in the order C×H×W) and of its
/// targets. Targets are classes as 64-bit numbers, N or N × positions, or numbers N × values; where images are mixed and have a
/// class, numbers N × 3: both classes and the part of the first.
type internal Objective = {
    /// Scores and targets to one number, the mean over the batch.
    Loss: Tensor -> Tensor -> Tensor
    /// How many answers are right, as one 64-bit number on the scores' device.
    Right: Tensor -> Tensor -> Tensor
    /// Answers per image; 0: numbers are neither right nor wrong.
    Answers: int64
}

/// The losses of recipes.
[<RequireQualifiedAccess>]
module internal Objective =

    /// Scores of one image at each position: N × classes × positions. Where there is one position, as they are.
    let private byPosition (network: Network) (scores: Tensor) =
        if Network.isClassifier network then
            scores
        else
            scores.view (scores.size 0, int64 network.Classes, -1L)

    /// −(1 − p)^gamma · log p of the right class, of each image or position.
    let private eachFocal (gamma: float) : Tensor -> Tensor -> Tensor =
        let one = (1.0f).ToScalar()
        let power = gamma.ToScalar()
        // The slope of a power below 1 is not finite at 0.
        let least = (1e-7f).ToScalar()

        fun scores targets ->
            let log = functional.log_softmax (scores, 1L)
            let right = log.gather(1L, targets.unsqueeze 1L).squeeze 1L
            let wrong = right.exp().neg().add(one).clamp_min least
            wrong.pow(power).mul(right).neg()

    /// Cross-entropy with a part of the probability spread over all classes, and its mean.
    let private smoothed (smoothing: float) : Tensor -> Tensor -> Tensor =
        let most = (1.0 - smoothing).ToScalar()
        let part = smoothing.ToScalar()

        fun scores targets ->
            let log = functional.log_softmax (scores, 1L)
            let right = log.gather(1L, targets.unsqueeze 1L).mean()
            right.mul(most).add(log.mean().mul part).neg()

    /// The loss of scores, by position where there are positions.
    let private lossOf (loss: Loss) : Tensor -> Tensor -> Tensor =
        match loss with
        | Loss.CrossEntropy 0.0 -> fun scores targets -> functional.cross_entropy (scores, targets)
        | Loss.CrossEntropy smoothing -> smoothed smoothing
        | Loss.Focal gamma ->
            let each = eachFocal gamma
            fun scores targets -> (each scores targets).mean()
        | Loss.Bce ->
            fun scores targets -> functional.binary_cross_entropy_with_logits (scores, targets)
        | Loss.Mse -> fun scores targets -> functional.mse_loss (scores, targets)
        | Loss.Huber delta -> fun scores targets -> functional.huber_loss (scores, targets, delta)

    /// Whether the targets of a loss of classes are those of mixed images.
    let private areMixed (targets: Tensor) = targets.dtype = ScalarType.Float32

    /// Which of the two classes of mixed images.
    let private mixedClass (targets: Tensor) (which: int64) =
        targets.select(1L, which).``to`` ScalarType.Int64

    /// A loss of classes for each image.
    let private eachOf (loss: Loss) : Tensor -> Tensor -> Tensor =
        match loss with
        | Loss.CrossEntropy smoothing ->
            let most = (1.0 - smoothing).ToScalar()
            let part = smoothing.ToScalar()

            fun scores targets ->
                let log = functional.log_softmax (scores, 1L)
                let right = log.gather(1L, targets.unsqueeze 1L).squeeze 1L
                right.mul(most).add(log.mean([| 1L |]).mul part).neg()
        | Loss.Focal gamma -> eachFocal gamma
        | Loss.Bce
        | Loss.Mse
        | Loss.Huber _ -> invalidOp $"`loss {Loss.word loss}` has no classes"

    /// The mean loss of mixed images: with λ the part of the first, λ times that with its class plus 1 − λ times that with the
    /// other's, which is the loss with the mixed probabilities.
    let private mixed (loss: Loss) : Tensor -> Tensor -> Tensor =
        let each = eachOf loss

        fun scores targets ->
            let first = each scores (mixedClass targets 0L)
            let second = each scores (mixedClass targets 1L)
            first.sub(second).mul(targets.select (1L, 2L)).add(second).mean()

    /// The class of each image; of a mixed one that of its larger part.
    let private mainClass (half: Scalar) (targets: Tensor) =
        if areMixed targets then
            let isOther = targets.select(1L, 2L).lt half
            torch.where (isOther, mixedClass targets 1L, mixedClass targets 0L)
        else
            targets

    /// Of a recipe's loss for a network.
    let ofLoss (network: Network) (loss: Loss) : Objective =
        let byPosition = byPosition network
        let lossOf = lossOf loss
        let half = (0.5f).ToScalar()
        let zero = (0.0f).ToScalar()

        match loss with
        | Loss.CrossEntropy _
        | Loss.Focal _ ->
            let mixed = mixed loss

            {
                Loss =
                    fun scores targets ->
                        if areMixed targets then
                            mixed scores targets
                        else
                            lossOf (byPosition scores) targets
                Right =
                    fun scores targets ->
                        (byPosition scores).argmax(1L).eq(mainClass half targets).sum()
                Answers = Shape.area (Network.output network)
            }
        | Loss.Bce -> {
            Loss = lossOf
            Right = fun scores targets -> scores.gt(zero).eq(targets.gt half).sum()
            Answers = int64 (Network.scores network)
          }
        | Loss.Mse
        | Loss.Huber _ -> {
            Loss = lossOf
            Right =
                fun scores _ ->
                    torch.zeros (
                        Array.empty<int64>,
                        dtype = ScalarType.Int64,
                        device = scores.device
                    )
            Answers = 0L
          }

    /// The same with a caller's own loss in the place of the recipe's.
    let withOwn
        (network: Network)
        (loss: Loss)
        (own: OwnLoss option)
        (objective: Objective)
        : Objective =
        match own with
        | None -> objective
        | Some own ->
            let arranged = if Loss.takesClass loss then byPosition network else id

            {
                objective with
                    Loss = fun scores targets -> OwnLoss.run own (arranged scores) targets
            }
