namespace Sss.Torch

open System
open TorchSharp

/// A loss of the caller's own, which a training minimises instead of its recipe's. The recipe's `loss` still says which
/// targets the data must have, and so the metrics and the probabilities.
type OwnLoss = {
    /// What checkpoints call it: a training continues only with a loss of this name.
    Name: string
    /// From scores and targets to one number, by operations that have a gradient. Scores are N × classes (for masks
    /// N × classes × pixels) or N × numbers, float32; targets are classes as 64-bit numbers (N, or N × pixels) or numbers as
    /// many as the scores. It is called at every step on the thread that trains; the tensors are good until it returns.
    Of: torch.Tensor -> torch.Tensor -> torch.Tensor
}

/// What is wrong with a caller's loss.
[<RequireQualifiedAccess>]
type LossFault =
    /// It gives a tensor of this shape, and not one number.
    | NoNumber of shape: int64 list
    /// Its value does not depend on the scores by operations that have a gradient.
    | NoGradient
    /// It gives null, or a tensor that was disposed of.
    | NoTensor
    /// It ended with an exception.
    | Threw of reason: string

/// A caller's loss that cannot be used, on its way out of the step.
exception internal LossFailed of name: string * fault: LossFault

/// Running a caller's loss.
[<RequireQualifiedAccess>]
module internal OwnLoss =

    let private value (loss: OwnLoss) scores targets : torch.Tensor | null =
        try
            loss.Of scores targets
        with e ->
            raise (LossFailed(loss.Name, LossFault.Threw $"{e.GetType().Name}: {e.Message}"))

    /// Its value for a batch, float32 and without axes. Anything else is `LossFailed`.
    let run (loss: OwnLoss) (scores: torch.Tensor) (targets: torch.Tensor) : torch.Tensor =
        let failed fault = raise (LossFailed(loss.Name, fault))

        match value loss scores targets with
        | null -> failed LossFault.NoTensor
        | value when value.IsInvalid -> failed LossFault.NoTensor
        | value when value.numel () <> 1L -> failed (LossFault.NoNumber(List.ofArray value.shape))
        | value when not value.requires_grad -> failed LossFault.NoGradient
        | value -> value.reshape(Array.empty<int64>).to_type ScalarType.Float32

/// Wording.
[<RequireQualifiedAccess>]
module LossFault =

    /// What is wrong with the loss of a name, and what to do.
    let message (name: string) (fault: LossFault) : string =
        match fault with
        | LossFault.NoNumber shape ->
            let extents = String.Join("x", shape)

            $"The loss `{name}` gives a tensor of {extents} values; it must give one number: take the mean, for example."
        | LossFault.NoGradient ->
            $"The loss `{name}` has no gradient. Compute it from the scores with operations that have one, without \
              `detach`, `argmax`, comparisons and `no_grad`."
        | LossFault.NoTensor -> $"The loss `{name}` gives no tensor, or one that was disposed of."
        | LossFault.Threw reason -> $"The loss `{name}` ended with an exception: {reason}"
