namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// What runs a network after training.
[<RequireQualifiedAccess>]
type ServingEngine =
    | OnnxRuntime
    | LibTorch

/// A network that an engine has loaded, with images for one call.
type internal ServedNetwork = {
    /// One call on the same images.
    Call: unit -> unit
    Close: unit -> unit
}

/// Engines that run networks after training.
[<RequireQualifiedAccess>]
module ServingEngine =

    let all = [ "onnxruntime", ServingEngine.OnnxRuntime; "libtorch", ServingEngine.LibTorch ]

    /// As profiles and options name it.
    let name (engine: ServingEngine) : string =
        match engine with
        | ServingEngine.OnnxRuntime -> "onnxruntime"
        | ServingEngine.LibTorch -> "libtorch"

    /// The engine of a name.
    let tryParse (text: string) : ServingEngine option =
        all |> List.tryFind (fun (name, _) -> name = text) |> Option.map snd

    /// A session of ONNX Runtime for a network at hand; `name` stands for its path in messages.
    let internal session threads (name: string) (network: Network) (weights: Weights<float32>) =
        result {
            let options: OnnxOptions = {
                Text = Language.print network
                Classes = []
                Preparation = None
                Probabilities = Sss.Core.Probabilities.Softmax
                Raw = true
            }

            let! model = Onnx.export options network weights
            return! OnnxRun.ofBytes threads $"{name} as ONNX" model
        }

    let private inOnnxRuntime threads batch (network: Network) weights images =
        result {
            let! session =
                session threads network.Name network weights |> Result.mapError BadFile

            let run () =
                OnnxRun.run session network.Input batch images

            // What runs once runs again: only the first call can fail.
            match run () with
            | Error error ->
                (session :> IDisposable).Dispose()
                return! Error(BadFile error)
            | Ok _ ->
                return {
                    Call = fun () -> run () |> ignore
                    Close = fun () -> (session :> IDisposable).Dispose()
                }
        }

    let private inLibTorch
        (libTorch: LibTorch)
        batch
        (network: Network)
        weights
        (images: float32[])
        =
        Predictor.create libTorch None network weights
        |> Result.mapError NoModel
        |> Result.map (fun predictor ->
            let scores = Array.zeroCreate (batch * Network.scores network)

            {
                Call = fun () -> predictor.Run(ReadOnlySpan images, scores.AsSpan())
                Close = fun () -> (predictor :> IDisposable).Dispose()
            }
        )

    /// The network as prediction runs it, with its own arrays alone.
    let internal folded (network: Network) (weights: Weights<float32>) =
        let network, weights = Inference.fold network weights

        let keys =
            Set.ofSeq (
                Seq.concat [
                    Parameters.ofNetwork network |> Seq.map _.Key
                    Parameters.statistics network |> Seq.map _.Key
                    Parameters.factors network |> Seq.map _.Key
                ]
            )

        network, Map.filter (fun key _ -> Set.contains key keys) weights

    /// Loads a network for calls of `batch` random images. LibTorch's threads are those of the process.
    let internal load
        (libTorch: LibTorch)
        (engine: ServingEngine)
        (threads: int)
        (batch: int)
        (network: Network)
        (weights: Weights<float32>)
        : Result<ServedNetwork, PipelineError> =
        let images = Exactness.randomImages 1 batch network

        match engine with
        | ServingEngine.OnnxRuntime -> inOnnxRuntime threads batch network weights images
        | ServingEngine.LibTorch -> inLibTorch libTorch batch network weights images
