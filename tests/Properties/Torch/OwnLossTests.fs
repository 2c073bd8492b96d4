/// Losses of the caller's own.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.OwnLossTests

open Xunit
open Sss.Core
open Sss.Torch
open TorchSharp

let private train (task: Tasks.Task) recipe own =
    Train.run
        { Small.settings None with Loss = own }
        task.Network
        task.Dataset
        recipe
        ignore
        System.Threading.CancellationToken.None

/// The recipe's loss as a caller would write it.
let private written (loss: Loss) : OwnLoss = {
    Name = "written"
    Of =
        match loss with
        | Loss.Bce ->
            fun scores targets -> functional.binary_cross_entropy_with_logits (scores, targets)
        | Loss.Mse -> fun scores targets -> functional.mse_loss (scores, targets)
        | Loss.CrossEntropy _
        | Loss.Focal _
        | Loss.Huber _ -> fun scores targets -> functional.cross_entropy (scores, targets)
}

[<Fact>]
let ``a loss of one's own trains every task to the bits of the same loss of a recipe, cuts included``
    ()
    =
    for task, loss in
        [
            Tasks.labels, Loss.CrossEntropy 0.0
            Tasks.masks, Loss.CrossEntropy 0.0
            Tasks.several, Loss.Bce
            Tasks.numbers, Loss.Mse
        ] do
        let task = task.Value

        let recipe = {
            Tasks.recipe loss Optimizer.Nag with
                Epochs = 3
        }

        let expected = Engine.ok (train task recipe None)
        let found = Engine.ok (train task recipe (Some(written loss)))
        Assert.Equal<Weights<float32>>(expected.Numbers, found.Numbers)

[<Fact>]
let ``what is no loss is a message, in every task`` () =
    let said (task: Lazy<Tasks.Task>) loss make =
        let recipe = Tasks.recipe loss Optimizer.Nag

        match train task.Value recipe (Some { Name = "mine"; Of = make }) with
        | Ok _ -> "trained"
        | Error error -> TrainError.message error

    let shape task loss = said task loss (fun scores _ -> scores)

    Assert.Equal<string list>(
        [
            "The loss `mine` gives a tensor of 32x10 values; it must give one number: take the mean, for example."
            "The loss `mine` gives a tensor of 32x2x64 values; it must give one number: take the mean, for example."
            "The loss `mine` gives a tensor of 32x3 values; it must give one number: take the mean, for example."
            "The loss `mine` gives a tensor of 32x2 values; it must give one number: take the mean, for example."
        ],
        [
            shape Tasks.labels (Loss.CrossEntropy 0.0)
            shape Tasks.masks (Loss.CrossEntropy 0.0)
            shape Tasks.several Loss.Bce
            shape Tasks.numbers Loss.Mse
        ]
    )

    // A number of another kind and shape is one number too; a loss that is not a number is what it always was.
    let double (scores: torch.Tensor) (_: torch.Tensor) =
        scores.``to``(torch.float64).square().mean().reshape([| 1L; 1L |])

    Assert.Equal("trained", said Tasks.numbers Loss.Mse double)

    Assert.Equal(
        "The loss of the first batch is NaN, before any step was made. The weights that training starts from, or the \
         images, contain numbers that are too large; `lr` is not the cause. Check `--init`, `init=` of the factors and \
         the data.",
        said Tasks.numbers Loss.Mse (fun scores _ -> scores.sum().mul(nanf.ToScalar()))
    )

    // What the engine finds only on the way back.
    Assert.StartsWith(
        "LibTorch failed: ",
        said
            Tasks.numbers
            Loss.Mse
            (fun scores _ ->
                let square = scores.exp ()
                let loss = square.sum ()
                square.zero_ () |> ignore
                loss
            )
    )
