namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// Export in 8 bits, which succeeds only if the network is about as good in ONNX Runtime as in float32.
[<RequireQualifiedAccess>]
module Int8Export =

    /// How far the main metric may fall where nothing else is said, in points.
    let maxDrop = 0.5

    /// Training images to calibrate with, at most.
    let calibrationImages = 512

    /// What images that are calibrated with may hold: 1 GiB.
    let private mostNumbers = 1L <<< 28

    /// Images of a call in calibration: all values between layers are kept for a call.
    let private calibrationBatch = 32

    /// Images of a timed call.
    let private timed = [ 1; 64 ]

    /// Seconds that calls of one size are timed.
    let private seconds = 1.0

    /// As the file takes them, in batches. Drawn by the seed of a recipe without one, whatever the run's.
    let private calibration (settings: Int8Settings) loaded (prepared: Dataset) =
        let size = Shape.count prepared.Train.Shape
        let most = int (max 1L (min (int64 calibrationImages) (mostNumbers / size)))
        let split, _ = Sampling.limit Recipe.defaults.Seed most prepared.Train

        Evaluate.images prepared split split.Count
        |> Result.map (
            OnnxExport.given settings.Raw loaded
            >> Array.chunkBySize (calibrationBatch * int size)
            >> List.ofArray
        )

    let private quality (settings: Int8Settings) (loaded: LoadedNetwork) session prepared split =
        let input = loaded.Network.Input

        let scores (images: ReadOnlyMemory<float32>) =
            OnnxExport.given settings.Raw loaded (images.ToArray())
            |> OnnxRun.run session input (images.Length / int (Shape.count input))

        Evaluate.runBy scores (fun _ _ _ -> ()) loaded.Network prepared split

    let private times (settings: Int8Settings) (loaded: LoadedNetwork) float int8 =
        let input = loaded.Network.Input

        timed
        |> List.filter (fun n -> int64 n * Shape.count input <= mostNumbers)
        |> List.map (fun batch ->
            let images =
                Exactness.randomImages 1 batch loaded.Network
                |> OnnxExport.given settings.Raw loaded

            // Both have run before: what runs once runs again.
            let call session () =
                OnnxRun.run session input batch images |> ignore

            let spreads = Race.run seconds [ call float; call int8 ]

            {
                Batch = batch
                Float = spreads[0]
                Int8 = spreads[1]
            }
        )

    /// What the file says of the measurement.
    let private entry (r: Int8Result) : string =
        JsonText.ofWriter (fun json ->
            json.WriteStartObject()
            json.WriteString("metric", (Quality.main r.Int8.Quality).Key)
            JsonText.number json "float32" (Quality.score r.Float.Quality)
            JsonText.number json "int8" (Quality.score r.Int8.Quality)
            json.WriteNumber("images", r.Int8.Count)
            json.WriteNumber("calibrated", r.Calibrated)
            json.WriteEndObject()
        )

    /// The file in 8 bits, and how many images it was calibrated with.
    let private quantized (settings: Int8Settings) (loaded: LoadedNetwork) prepared path =
        result {
            let network, weights = ServingEngine.folded loaded.Network loaded.Weights
            let! folded = OnnxExport.bytes settings.Raw loaded network weights

            if OnnxInt8.layers folded = 0 then
                return! Error(NothingInt8 path)

            let! images = calibration settings loaded prepared |> Result.mapError BadFile
            let size = int (Shape.count loaded.Network.Input)
            let count = images |> List.sumBy (fun batch -> batch.Length / size)

            if count = 0 then
                return! Error(Int8WithoutImages(path, "training"))

            let! ranges =
                OnnxInt8.ranges
                    settings.Threads
                    path
                    settings.Rule
                    loaded.Network.Input
                    images
                    folded
                |> Result.mapError BadFile

            return OnnxInt8.quantize ranges folded, count
        }

    /// Both files in ONNX Runtime. Times are measured only where the drop is accepted.
    let private measured
        (settings: Int8Settings)
        (loaded: LoadedNetwork)
        path
        (prepared, split)
        (float: byte[])
        (int8: byte[] * int)
        =
        result {
            let! quick = OnnxRun.ofBytes settings.Threads path (fst int8)
            use quick = quick
            let! plain = OnnxRun.ofBytes settings.Threads path float
            use plain = plain
            let! before = quality settings loaded plain prepared split
            let! after = quality settings loaded quick prepared split

            let r = {
                Float = before
                Int8 = after
                FloatBytes = float.LongLength
                Int8Bytes = (fst int8).LongLength
                Times = []
                Threads = settings.Threads
                Machine = Machine.name ()
                Calibrated = snd int8
            }

            return
                if r.Drop <= settings.MaxDrop then
                    {
                        r with
                            Times = times settings loaded plain quick
                    }
                else
                    r
        }
        |> Result.mapError BadFile

    /// Exports a network in 8 bits and writes the file, whole or not at all, if its main metric on the test images falls
    /// by no more than is allowed against the file in float32.
    let write
        (settings: Int8Settings)
        (loaded: LoadedNetwork)
        (path: string)
        : Result<Int8Result, PipelineError> =
        result {
            do! OnnxExport.preparable settings.Raw loaded

            let! prepared, split =
                EvaluationData.prepared loaded settings.Data settings.Data.Test

            if split.Count = 0 then
                return! Error(Int8WithoutImages(path, "test"))

            let! float = OnnxExport.model settings.Raw loaded
            let! int8 = quantized settings loaded prepared path
            let! (r: Int8Result) = measured settings loaded path (prepared, split) float int8

            // Not so where one of them is not a number.
            if not (r.Drop <= settings.MaxDrop) then
                return!
                    Error(
                        Int8Drops(
                            path,
                            r.Float.Quality,
                            r.Int8.Quality,
                            r.Int8.Count,
                            settings.MaxDrop
                        )
                    )

            let model = Onnx.withEntry "sss.int8" (entry r) (fst int8)

            do!
                AtomicFile.write path (fun stream -> stream.Write(ReadOnlySpan model))
                |> Result.mapError BadFile

            return { r with Int8Bytes = model.LongLength }
        }
