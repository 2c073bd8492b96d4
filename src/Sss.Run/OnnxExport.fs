namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// Export to ONNX, which succeeds only if ONNX Runtime gives the same scores as LibTorch.
[<RequireQualifiedAccess>]
module OnnxExport =

    /// What a graph takes whose own preparation makes these images.
    let private unprepared (p: Preparation) (input: Shape) (images: float32[]) =
        let area = int (Shape.area input)

        let units =
            match OnnxTakes.prepared input p with
            | OnnxTakes.Pixels -> Units.between p.Range PixelRange.bytes
            | OnnxTakes.Numbers
            | OnnxTakes.Images -> None
            |> Option.defaultValue Units.same

        images
        |> Array.mapi (fun i value ->
            let c = i / area % input.Channels
            Units.apply units ((value * p.Deviation[c] + p.Mean[c]) / p.Scale)
        )

    /// What the file takes that gets these prepared images. `raw`: as for `model`.
    let internal given (raw: bool) (loaded: LoadedNetwork) (images: float32[]) : float32[] =
        match loaded.Preparation with
        | Some p when not raw -> unprepared p loaded.Network.Input images
        | Some _
        | None -> images

    /// The verdict on a model's bytes, over random images (standard normal after normalisation).
    let private check (engine: LibTorch) path (model: byte[]) raw (loaded: LoadedNetwork) =
        result {
            let network = loaded.Network
            let count = Exactness.inputsOf network
            let images = Exactness.randomImages 1 count network

            let given = given raw loaded images

            use! session =
                OnnxRun.ofBytes Environment.ProcessorCount path model |> Result.mapError BadFile

            let! found = OnnxRun.values session network count given |> Result.mapError BadFile

            use! model =
                Model.create (LibTorch.onCpu engine) network loaded.Weights
                |> Result.mapError NoModel

            let own = Evaluate.values model (ReadOnlyMemory images)
            do! Exactness.finite network own |> Result.mapError NoModel

            let! scales =
                Sensitivity.scales engine (network, loaded.Weights) images own
                |> Result.mapError NoModel

            return Exactness.ofValues scales network own found
        }

    /// The verdict as the file keeps it.
    let private entry (e: Exactness) : string =
        JsonText.ofWriter (fun json ->
            json.WriteStartObject()
            json.WriteString("verdict", Exactness.word e.Verdict)
            json.WriteNumber("maxRel", e.MaxRel)
            json.WriteNumber("inputs", e.Inputs)
            json.WriteEndObject()
        )

    /// Bytes that the verdict takes in a file, at most.
    let verdictBytes = 128L

    /// A network's file that says of itself what the loaded one's says.
    let internal bytes raw (loaded: LoadedNetwork) network weights =
        let options = {
            Text = Language.print loaded.Network
            Classes = loaded.Classes
            Preparation = loaded.Preparation
            Probabilities = loaded.Probabilities
            Raw = raw
        }

        Onnx.export options network weights |> Result.mapError BadFile

    /// The bytes of a network's file, without the verdict. `raw`: the network alone, without the preparation in its
    /// graph.
    let model (raw: bool) (loaded: LoadedNetwork) : Result<byte[], PipelineError> =
        bytes raw loaded loaded.Network loaded.Weights

    /// Whether the preparation is known that is to be in the graph.
    let internal preparable (raw: bool) (loaded: LoadedNetwork) : Result<unit, PipelineError> =
        if loaded.Preparation.IsNone && not raw then
            Error(NoNormalisation loaded.Path)
        else
            Ok()

    /// Exports a network and writes the file, whole or not at all, if its scores are those of
    /// LibTorch. `raw`: the network alone, without the preparation in its graph.
    let write
        (engine: LibTorch)
        (raw: bool)
        (loaded: LoadedNetwork)
        (path: string)
        : Result<Exactness, PipelineError> =
        result {
            do! preparable raw loaded
            let! model = model raw loaded
            let! exactness = check engine path model raw loaded

            do!
                match exactness.Verdict with
                | Exact -> Ok()
                | NotExact -> Error(OnnxDiffers(path, exactness))

            let model = Onnx.withEntry "sss.exactness" (entry exactness) model

            do!
                AtomicFile.write path (fun stream -> stream.Write(ReadOnlySpan model))
                |> Result.mapError BadFile

            return exactness
        }
