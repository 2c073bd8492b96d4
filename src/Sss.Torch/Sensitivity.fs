namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core

/// How strongly the scores of a network depend on its numbers: the scale for measuring differences of
/// scores. `docs/selection.md` explains it.
[<RequireQualifiedAccess>]
module Sensitivity =

    /// How many times the numbers are changed. Of few changes all could cancel in one score; the
    /// chance falls with a power of their number.
    let private times = 4

    /// The size of the changes: far above what single precision rounds, and small enough for scores
    /// to change in proportion.
    let private step = 1.0 / 1024.0

    /// What a score's own size, and the scale that is usual for the inputs, add to an input's scale.
    /// At a tolerance of 1e-4 it allows sixteen units in the last place of single precision.
    let private floor = 0.01

    /// The scale that is usual: the upper quartile, which no quarter of the inputs can raise, however
    /// large they are, and which is not small because some inputs are.
    let private usual (scales: float[]) =
        if Array.isEmpty scales then
            0.0
        else
            (Array.sort scales)[scales.Length * 3 / 4]

    /// Every number times 1 + ξ/1024, ξ normal. What is 0 stays 0, so no structure comes back.
    let private changed (seed: int) (weights: Weights<float32>) : Weights<float32> =
        let root = Rng.create seed

        Map.toList weights
        |> List.mapi (fun i (key, tensor) ->
            let struct (draws, _) = Rng.many Rng.normal tensor.Data.Length (Rng.fork i root)

            key,
            {
                tensor with
                    Data =
                        Array.map2
                            (fun (value: float32) draw ->
                                float32 (float value * (1.0 + step * draw))
                            )
                            tensor.Data
                            draws
            }
        )
        |> Map.ofList

    /// Subtracts the mean over the classes from the last layer's bias: a number that all scores of all
    /// images share. No class, no probability and no loss depends on it, so it must not make the scale
    /// larger. Only where the last layer is a `dense` or a `conv`; other networks are left as they are.
    let private centred (network: Network) (weights: Weights<float32>) : Weights<float32> =
        match Network.lastLayer network.Body with
        | Some { Op = op; Name = name; Scale = None } when Op.hasBias op ->
            weights
            |> Map.change
                (ArrayKey.make ArrayPart.Bias name)
                (Option.map (fun bias ->
                    let mean = bias.Data |> Array.averageBy float

                    {
                        bias with
                            Data = bias.Data |> Array.map (fun b -> float32 (float b - mean))
                    }
                ))
        | Some _
        | None -> weights

    /// The scale of each of N images (N×C×H×W, row-major): how far the largest of its scores would move
    /// if every number of the network were off by an independent random amount of its own size, taken
    /// from small changes in proportion (the root of the mean square of four); and a hundredth of its
    /// largest score and of the upper quartile over all images. `scores`: the network's own, N×classes.
    let scales
        (engine: LibTorch)
        (network: Network, weights: Weights<float32>)
        (images: float32[])
        (scores: float32[])
        : Result<float[], ModelError> =
        let classes = Network.scores network
        let centred = centred network weights

        let run weights =
            result {
                use! model = Model.create (LibTorch.onCpu engine) network weights
                return Evaluate.scores model (ReadOnlyMemory images)
            }

        let square (a: float32[]) (b: float32[]) n =
            let mutable most = 0.0

            for i in n * classes .. (n + 1) * classes - 1 do
                most <- max most (abs (float a[i] - float b[i]))

            most * most

        let largest n =
            let mutable most = 0.0

            for i in n * classes .. (n + 1) * classes - 1 do
                most <- max most (abs (float scores[i]))

            most

        result {
            let! still = run centred
            let! moved = [ 1..times ] |> List.traverseResultM (fun i -> run (changed i centred))

            let responses =
                Array.init
                    (scores.Length / classes)
                    (fun n -> sqrt (moved |> List.averageBy (fun m -> square still m n)) / step)

            let usual = usual responses
            return responses |> Array.mapi (fun n r -> r + floor * (largest n + usual))
        }
