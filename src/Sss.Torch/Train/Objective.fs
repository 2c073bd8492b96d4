namespace Sss.Torch

open Sss.Core
open Sss.Files
open TorchSharp

/// What a step computes of what a network gives for a batch (N × values: the scores in the order C×H×W, then those of its
/// further outputs) and of the targets. Targets are classes as 64-bit numbers, N or N × positions, or numbers N × values; where
/// images are mixed and have a class, numbers N × 3: both classes and the part of the first; where further outputs have targets
/// of their own, numbers N × values, one output after the other.
type internal Objective = {
    /// The scores among what the network gives.
    Scores: Tensor -> Tensor
    /// The loss of the scores: one number, the mean over the batch.
    Loss: Tensor -> Tensor -> Tensor
    /// The losses of the further outputs, times their weights, added up; None: there are none.
    Further: (Tensor -> Tensor -> Tensor) option
    /// How many answers of the scores are right, as one 64-bit number on their device.
    Right: Tensor -> Tensor -> Tensor
    /// Answers per image; 0: numbers are neither right nor wrong.
    Answers: int64
}

/// Where the targets of each output are in a row of targets.
type internal TargetColumns = {
    Scores: int
    /// Those that have targets of their own, in order, with the number of their values.
    Further: (string * int) list
}

/// Where targets are.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal TargetColumns =

    /// One kind of targets for all outputs.
    let single: TargetColumns = { Scores = 0; Further = [] }

    let ofTargets (targets: Targets) : TargetColumns = {
        Scores = Targets.size (Targets.ofScores targets)
        Further = Targets.further targets |> List.map (fun (name, own) -> name, Targets.size own)
    }

/// The losses of recipes.
[<RequireQualifiedAccess>]
module internal Objective =

    /// Scores of one image at each position: N × classes × positions. Where there is one position, as they are.
    let private byPosition (output: Shape) (scores: Tensor) =
        if Shape.area output = 1L then
            scores
        else
            scores.view (scores.size 0, int64 output.Channels, -1L)

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

    /// The loss of an output of a shape, and which of its answers are right.
    let private ofOutput (output: Shape) (loss: Loss) : Objective =
        let byPosition = byPosition output
        let lossOf = lossOf loss
        let half = (0.5f).ToScalar()
        let zero = (0.0f).ToScalar()

        match loss with
        | Loss.CrossEntropy _
        | Loss.Focal _ ->
            let mixed = mixed loss

            {
                Scores = id
                Loss =
                    fun scores targets ->
                        if areMixed targets then
                            mixed scores targets
                        else
                            lossOf (byPosition scores) targets
                Further = None
                Right =
                    fun scores targets ->
                        (byPosition scores).argmax(1L).eq(mainClass half targets).sum()
                Answers = Shape.area output
            }
        | Loss.Bce -> {
            Scores = id
            Loss = lossOf
            Further = None
            Right = fun scores targets -> scores.gt(zero).eq(targets.gt half).sum()
            Answers = Shape.count output
          }
        | Loss.Mse
        | Loss.Huber _ -> {
            Scores = id
            Loss = lossOf
            Further = None
            Right =
                fun scores _ ->
                    torch.zeros (
                        Array.empty<int64>,
                        dtype = ScalarType.Int64,
                        device = scores.device
                    )
            Answers = 0L
          }

    /// The targets of one output in rows of those of all outputs, as its loss takes them.
    let private column (loss: Loss) first count (targets: Tensor) =
        let own = targets.narrow (1L, int64 first, int64 count)

        if Loss.takesClass loss then
            let classes = own.``to`` ScalarType.Int64
            if count = 1 then classes.squeeze 1L else classes
        else
            own

    /// The targets of an output; `name`: of a further one. What has no targets of its own has those of the scores.
    let private targetsOf
        (columns: TargetColumns)
        (name: string option)
        (loss: Loss)
        : Tensor -> Tensor =
        let starts =
            columns.Further
            |> List.scan (fun first (_, count) -> first + count) columns.Scores

        let own =
            List.zip columns.Further (List.truncate columns.Further.Length starts)
            |> List.tryFind (fun ((other, _), _) -> Some other = name)

        match columns.Further, own with
        | [], _ -> id
        | _, Some((_, count), first) -> column loss first count
        | _, None -> column loss 0 columns.Scores

    /// Of the losses of a recipe for a network, and of targets that are where `columns` says.
    let ofRecipe (columns: TargetColumns) (network: Network) (recipe: Recipe) : Objective =
        let objective = ofOutput (Network.output network) recipe.Loss

        match Network.outputs network with
        | [] -> objective
        | outputs ->
            let count = int64 (Network.scores network)
            let scores (values: Tensor) = values.narrow (1L, 0L, count)
            let targets = targetsOf columns None recipe.Loss

            let further = [
                for (name, shape), (first, count) in List.zip outputs (Network.columns network).Tail do
                    let own = Recipe.lossOf recipe name
                    let loss = (ofOutput shape own.Loss).Loss
                    let targets = targetsOf columns (Some name) own.Loss
                    let weight = own.Weight.ToScalar()

                    fun (values: Tensor) all ->
                        let given = values.narrow (1L, int64 first, int64 count)
                        (loss given (targets all)).mul weight
            ]

            {
                objective with
                    Scores = scores
                    Loss = fun values all -> objective.Loss (scores values) (targets all)
                    Further =
                        Some(fun values all ->
                            further |> List.map (fun loss -> loss values all) |> List.reduce (+)
                        )
                    Right = fun values all -> objective.Right (scores values) (targets all)
            }

    /// The same with a caller's own loss in the place of the recipe's loss of the scores.
    let withOwn
        (columns: TargetColumns)
        (network: Network)
        (recipe: Recipe)
        (own: OwnLoss option)
        (objective: Objective)
        : Objective =
        match own with
        | None -> objective
        | Some own ->
            let arranged =
                if Loss.takesClass recipe.Loss then
                    byPosition (Network.output network)
                else
                    id

            let targets = targetsOf columns None recipe.Loss

            {
                objective with
                    Loss =
                        fun values all ->
                            OwnLoss.run own (arranged (objective.Scores values)) (targets all)
            }

    /// All losses together.
    let total (objective: Objective) (values: Tensor) (targets: Tensor) : Tensor =
        let loss = objective.Loss values targets

        match objective.Further with
        | None -> loss
        | Some further -> loss.add (further values targets)
