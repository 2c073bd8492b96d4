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

    /// The largest value of a row, or the largest difference of two, in absolute terms.
    let private most (width: int) (row: int) (of': int -> float) =
        let mutable most = 0.0

        for i in row * width .. (row + 1) * width - 1 do
            most <- max most (abs (of' i))

        most

    /// The scales of one output: `still` and `moved` are its values without the changes and with each, `own` the network's.
    let private outputScales
        (count: int)
        (own: float32[])
        (still: float32[])
        (moved: float32[] list)
        : float[] =
        let width = own.Length / max 1 count

        let square (m: float32[]) n =
            let most = most width n (fun i -> float still[i] - float m[i])
            most * most

        let responses =
            Array.init count (fun n -> sqrt (moved |> List.averageBy (fun m -> square m n)) / step)

        let usual = usual responses

        responses
        |> Array.mapi (fun n r -> r + floor * (most width n (fun i -> float own[i]) + usual))

    /// The scale of each of N images (N×C×H×W, row-major) for each output of a network, the scores first: how far the largest
    /// of the output's values would move if every number of the network were off by an independent random amount of its own
    /// size, taken from small changes in proportion (the root of the mean square of four); and a hundredth of its
    /// largest value and of the upper quartile over all images. `values`: the network's own, N × values.
    let scales
        (engine: LibTorch)
        (network: Network, weights: Weights<float32>)
        (images: float32[])
        (values: float32[])
        : Result<float[] list, ModelError> =
        let count = values.Length / Network.values network
        let centred = centred network weights

        let run weights =
            result {
                use! model = Model.create (LibTorch.onCpu engine) network weights
                return Network.split network (Evaluate.values model (ReadOnlyMemory images))
            }

        result {
            let! still = run centred
            let! moved = [ 1..times ] |> List.traverseResultM (fun i -> run (changed i centred))

            return
                Network.split network values
                |> List.mapi (fun output own ->
                    outputScales count own still[output] (moved |> List.map (fun m -> m[output]))
                )
        }
