namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// Export to ONNX, which succeeds only if ONNX Runtime gives the same scores as LibTorch.
[<RequireQualifiedAccess>]
module OnnxExport =

    /// Pixels as the data set stores them: what a graph with its own normalisation takes.
    let private pixels (n: Preparation) (input: Shape) (images: float32[]) =
        let area = int (Shape.area input)

        images
        |> Array.mapi (fun i value ->
            let c = i / area % input.Channels
            (value * n.Deviation[c] + n.Mean[c]) / n.Scale
        )

    /// The verdict on a model's bytes, over random images (standard normal after normalisation).
    let private check (engine: LibTorch) path (model: byte[]) normalize (loaded: LoadedNetwork) =
        result {
            let network = loaded.Network
            let count = Exactness.inputsOf network
            let images = Exactness.randomImages 1 count network

            let given =
                match loaded.Preparation with
                | Some n when normalize -> pixels n network.Input images
                | _ -> images

            use! session =
                OnnxRun.ofBytes Environment.ProcessorCount path model |> Result.mapError BadFile

            let! found = OnnxRun.run session network.Input count given |> Result.mapError BadFile

            use! model =
                Model.create (LibTorch.onCpu engine) network loaded.Weights
                |> Result.mapError NoModel

            let own = Evaluate.scores model (ReadOnlyMemory images)
            do! Exactness.finite network own |> Result.mapError NoModel

            let! scales =
                Sensitivity.scales engine (network, loaded.Weights) images own
                |> Result.mapError NoModel

            return Exactness.within scales (Network.scores network) own found
        }

    /// The bytes of a network's file.
    let model (normalize: bool) (loaded: LoadedNetwork) : Result<byte[], PipelineError> =
        let options = {
            Text = Language.print loaded.Network
            Classes = loaded.Classes
            Preparation = loaded.Preparation
            Normalize = normalize
        }

        Onnx.export options loaded.Network loaded.Weights |> Result.mapError BadFile

    /// Exports a network and writes the file, whole or not at all, if its scores are those of
    /// LibTorch. `normalize` puts the normalisation of the training data into the graph.
    let write
        (engine: LibTorch)
        (normalize: bool)
        (loaded: LoadedNetwork)
        (path: string)
        : Result<Exactness, PipelineError> =
        result {
            do!
                if normalize && loaded.Preparation.IsNone then
                    Error(NoNormalisation loaded.Path)
                else
                    Ok()

            let! model = model normalize loaded
            let! exactness = check engine path model normalize loaded

            do!
                match exactness.Verdict with
                | Exact -> Ok()
                | NotExact -> Error(OnnxDiffers(path, exactness))

            do!
                AtomicFile.write path (fun stream -> stream.Write(ReadOnlySpan model))
                |> Result.mapError BadFile

            return exactness
        }
