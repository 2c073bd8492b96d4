namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open TorchSharp

/// A change of input values, channel by channel: times, then plus.
type InputChange = { Times: float32[]; Plus: float32[] }

/// A trained network that a training also learns from.
type TeacherSettings = {
    Network: Network
    Weights: Weights<float32>
    /// From the input values of the network in training to its own; None: they are the same.
    Change: InputChange option
}

/// A teacher at work: a model that is only evaluated.
[<Sealed>]
type internal Teacher(model: Model, teaching: Teaching, change: (Tensor * Tensor) option) =
    let scores = int64 (Network.scores model.Network)
    let isTaught = teaching.Weight < 1.0
    let labels = (1.0 - teaching.Weight).ToScalar()
    let cold = (1.0 / teaching.Temperature).ToScalar()

    let soft =
        (-teaching.Weight * teaching.Temperature * teaching.Temperature).ToScalar()

    /// softmax(t/T), without a gradient.
    let wanted (images: Tensor) =
        use _ = torch.no_grad ()

        let own =
            match change with
            | None -> images
            | Some(times, plus) -> images.mul(times).add(plus)

        let values = model.Run(Evaluation, own)
        values.narrow(1L, 0L, scores).mul(cold).softmax(1L)

    /// The loss of a batch with the teacher's part. `loss`: the mean cross-entropy with the labels.
    member _.Add(images: Tensor, scores: Tensor, loss: Tensor) : Tensor =
        let part =
            wanted(images).mul(scores.mul(cold).log_softmax(1L)).sum(1L).mean().mul(soft)

        if isTaught then loss.mul (labels) + part else part

    interface IDisposable with
        member _.Dispose() =
            (model :> IDisposable).Dispose()
            labels.Dispose()
            cold.Dispose()
            soft.Dispose()

            change
            |> Option.iter (fun (times, plus) ->
                times.Dispose()
                plus.Dispose()
            )

/// Teachers.
[<RequireQualifiedAccess>]
module internal Teacher =

    /// The teacher of a training, where its recipe has one.
    let create (engine: LibTorch) (settings: TeacherSettings option) (recipe: Recipe) =
        match settings, recipe.Teacher with
        | Some teacher, Some teaching ->
            result {
                let! model = Model.create engine teacher.Network teacher.Weights

                let vector (values: float32[]) =
                    torch
                        .tensor(values, device = engine.Place)
                        .view([| 1L; int64 values.Length; 1L; 1L |])
                        .DetachFromDisposeScope()

                let change = teacher.Change |> Option.map (fun c -> vector c.Times, vector c.Plus)

                return Some(new Teacher(model, teaching, change))
            }
        | Some _, None
        | None, _ -> Ok None
