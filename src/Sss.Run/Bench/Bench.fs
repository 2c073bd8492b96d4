namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// Measuring the full network of a run against its selected one.
[<RequireQualifiedAccess>]
module Bench =

    /// Images per call.
    let batches = [ 1; 8; 64 ]

    /// Those of which one array holds the images.
    let private batchesOf (network: Network) =
        batches
        |> List.filter (fun n -> int64 n * Shape.count network.Input <= int64 Array.MaxLength)

    let private images batch (network: Network) = Exactness.randomImages 1 batch network

    let private row engine batch (spreads: Spread list) : BenchRow = {
        Engine = engine
        Batch = batch
        Dense = spreads[0]
        Selected = spreads[1]
    }

    /// How rows name LibTorch.
    let private engineName (engine: LibTorch) =
        match engine.Device with
        | Cpu -> "libtorch"
        | device -> $"libtorch on {Device.name device}"

    /// Both networks in LibTorch, as `Predictor` runs them: bn folded into the convolutions.
    let private inLibTorch engine seconds (networks: LoadedNetwork list) =
        networks
        |> List.traverseResultM (fun n ->
            Predictor.create engine None n.Network n.Weights |> Result.mapError NoModel
        )
        |> Result.map (fun predictors ->
            try
                [
                    for batch in batchesOf networks[0].Network ->
                        let images = images batch networks[0].Network
                        let scores = Array.zeroCreate (batch * Network.scores networks[0].Network)

                        predictors
                        |> List.map (fun p ->
                            fun () -> p.Run(ReadOnlySpan images, scores.AsSpan())
                        )
                        |> Race.run seconds
                        |> row (engineName engine) batch
                ]
            finally
                for predictor in predictors do
                    (predictor :> IDisposable).Dispose()
        )

    let private session threads (n: LoadedNetwork) =
        ServingEngine.session threads n.Path n.Network n.Weights

    /// Both networks in ONNX Runtime, which folds what it can itself.
    let private inOnnxRuntime threads seconds (networks: LoadedNetwork list) =
        result {
            let! sessions = networks |> List.traverseResultM (session threads)

            try
                let input = networks[0].Network.Input

                let run batch images session =
                    OnnxRun.run session input batch images |> Result.ignore

                // What runs once runs again: only the first call can fail.
                do!
                    sessions
                    |> List.traverseResultM (run 1 (images 1 networks[0].Network))
                    |> Result.ignore

                return [
                    for batch in batchesOf networks[0].Network ->
                        let images = images batch networks[0].Network

                        sessions
                        |> List.map (fun session -> fun () -> run batch images session |> ignore)
                        |> Race.run seconds
                        |> row "onnxruntime" batch
                ]
            finally
                for session in sessions do
                    (session :> IDisposable).Dispose()
        }
        |> Result.mapError BadFile

    /// Each layer of a network as a network of its own.
    let private alone (network: Network) : Network list = [
        for layer in Network.layers network ->
            {
                Name = layer.Name
                Input = layer.Input
                Classes = int (Shape.count layer.Output)
                OutputKind = OutputKind.Classes
                Body = [ Node.Layer layer ]
            }
    ]

    /// The layers of the folded network one by one, on random images.
    let private layers engine batch (loaded: LoadedNetwork) =
        let network, weights = Inference.fold loaded.Network loaded.Weights

        alone network
        |> List.traverseResultM (fun single ->
            result {
                use! predictor = Predictor.create engine None single weights
                let images = images batch single
                let scores = Array.zeroCreate (batch * Network.scores single)

                let work () =
                    predictor.Run(ReadOnlySpan images, scores.AsSpan())

                for _ in 1..2 do
                    work ()

                return {
                    Name = single.Name
                    Median = (Spread.ofTimes [| for _ in 1..5 -> Race.time work |]).Median
                    Macs = (Cost.ofNetwork single).Macs
                }
            }
        )
        |> Result.map (List.sortByDescending (fun layer -> layer.Median))
        |> Result.mapError NoModel

    /// Times a run's two networks with this many threads, about this many seconds per row (but at least
    /// seven rounds). Where a row is not faster, the selected network's layers are timed too.
    let run
        (engine: LibTorch)
        (threads: int)
        (seconds: float)
        (dense: LoadedNetwork)
        (selected: LoadedNetwork)
        : Result<BenchResult, PipelineError> =
        result {
            LibTorch.useThreads engine threads
            let networks = [ dense; selected ]
            let! torch = inLibTorch engine seconds networks
            let! onnx = inOnnxRuntime threads seconds networks

            let measured = {
                Threads = threads
                Rows = torch @ onnx
                Layers = []
                LayerBatch = 0
            }

            match BenchResult.slowRows measured with
            | [] -> return measured
            | slow ->
                let batch = (slow |> List.maxBy (fun row -> row.Batch)).Batch
                let! layers = layers engine batch selected

                return {
                    measured with
                        Layers = layers
                        LayerBatch = batch
                }
        }
