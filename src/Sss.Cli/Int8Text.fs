namespace Sss.Cli

open Sss.Core
open Sss.Files
open Sss.Torch

/// What `sss export --int8` says.
[<RequireQualifiedAccess>]
module Int8Text =

    let private metric (quality: Quality) = Metric.ofQuality quality

    let private kilobytes (bytes: int64) =
        (float bytes / 1000.0).ToString "0.0" + " kB"

    let private milliseconds (value: float) = value.ToString "0.000"

    /// The quality and the size beside those in float32, and then the times, with what they were measured on.
    let lines (path: string) (r: Int8Result) : string list =
        let time (t: Int8Time) =
            let images = Number.counted t.Batch "image"

            $"{images} {milliseconds t.Int8.Low} ms against {milliseconds t.Float.Low} ({t.SpeedUp:``0.00``} times as fast)"

        let times = r.Times |> List.map time |> String.concat ", "
        let threads = Number.counted r.Threads "thread"

        [
            $"{Escape.line path}: int8, {metric r.Int8.Quality} on {Number.grouped r.Int8.Count} test images against \
              {metric r.Float.Quality} in float32 (drop {r.Drop:``0.00``} points), {kilobytes r.Int8Bytes} against \
              {kilobytes r.FloatBytes}"
            $"in ONNX Runtime with {threads}: {times}; {r.Machine}"
        ]

    /// The same as JSON.
    let json (path: string) (r: Int8Result) : string =
        JsonText.ofWriter (fun writer ->
            let evaluation (name: string) (e: Evaluation) (bytes: int64) =
                writer.WriteStartObject name
                ResultFile.metrics writer e.Quality
                JsonText.number writer "loss" e.Loss
                writer.WriteNumber("count", e.Count)
                writer.WriteNumber("bytes", bytes)
                writer.WriteEndObject()

            writer.WriteStartObject()
            writer.WriteString("file", path)
            evaluation "int8" r.Int8 r.Int8Bytes
            evaluation "float32" r.Float r.FloatBytes
            JsonText.number writer "drop" r.Drop
            writer.WriteNumber("calibrated", r.Calibrated)
            writer.WriteStartArray "times"

            for t in r.Times do
                writer.WriteStartObject()
                writer.WriteNumber("batch", t.Batch)
                writer.WriteNumber("int8", t.Int8.Low)
                writer.WriteNumber("float32", t.Float.Low)
                writer.WriteEndObject()

            writer.WriteEndArray()
            writer.WriteNumber("threads", r.Threads)
            writer.WriteString("machine", r.Machine)
            writer.WriteEndObject()
        )
