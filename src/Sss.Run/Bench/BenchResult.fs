namespace Sss.Torch

open System
open System.Text.Json
open Sss.Files

/// A time in milliseconds, over several calls: the median and the quartiles around it.
type Spread = {
    Median: float
    Low: float
    High: float
}

/// The full network against the selected one.
type BenchRow = {
    /// `libtorch` or `onnxruntime`.
    Engine: string
    /// Images per call.
    Batch: int
    Dense: Spread
    Selected: Spread
} with

    /// How many times as fast the selected network is, by the lower quartiles: where something interrupts about half of
    /// the calls, as the timer of a virtual machine does, a median jumps.
    member row.SpeedUp = row.Dense.Low / row.Selected.Low

/// What one layer costs when it runs alone, folded as for prediction.
type LayerTime = {
    Name: string
    /// Milliseconds of a batch, the median.
    Median: float
    /// Of one image.
    Macs: int64
}

/// `sss bench` of a run.
type BenchResult = {
    Threads: int
    Rows: BenchRow list
    /// The selected network's layers, the most costly first; only where a row is not faster.
    Layers: LayerTime list
    /// Images a call for the layers.
    LayerBatch: int
}

/// Statistics of times.
[<RequireQualifiedAccess>]
module Spread =

    /// The value below which a fraction of the sorted values is, between neighbours in proportion.
    let private quantile (fraction: float) (sorted: float[]) =
        let at = fraction * float (sorted.Length - 1)
        let below = int at
        let above = min (below + 1) (sorted.Length - 1)
        sorted[below] + (at - float below) * (sorted[above] - sorted[below])

    /// Of at least one value.
    let ofTimes (times: float[]) : Spread =
        let sorted = Array.sort times

        {
            Median = quantile 0.5 sorted
            Low = quantile 0.25 sorted
            High = quantile 0.75 sorted
        }

/// `bench.json`.
[<RequireQualifiedAccess>]
module BenchResult =

    /// Rows below this do not count as faster: times on an idle machine differ by this much.
    let notFaster = 1.03

    /// The rows in which the selected network is not faster.
    let slowRows (result: BenchResult) =
        result.Rows |> List.filter (fun row -> row.SpeedUp < notFaster)

    let private round (value: float) = Math.Round(value, 4)

    /// The JSON text of a result.
    let toJson (result: BenchResult) : string =
        let write (json: Utf8JsonWriter) =
            let spread (name: string) (s: Spread) =
                json.WriteStartObject name
                json.WriteNumber("median", round s.Median)
                json.WriteNumber("low", round s.Low)
                json.WriteNumber("high", round s.High)
                json.WriteEndObject()

            json.WriteStartObject()
            json.WriteNumber("format", 1)
            json.WriteNumber("threads", result.Threads)
            json.WriteStartArray "rows"

            for row in result.Rows do
                json.WriteStartObject()
                json.WriteString("engine", row.Engine)
                json.WriteNumber("batch", row.Batch)
                spread "full" row.Dense
                spread "selected" row.Selected
                json.WriteNumber("speedup", round row.SpeedUp)
                json.WriteEndObject()

            json.WriteEndArray()

            if not result.Layers.IsEmpty then
                json.WriteNumber("layerBatch", result.LayerBatch)
                json.WriteStartArray "layers"

                for layer in result.Layers do
                    json.WriteStartObject()
                    json.WriteString("name", layer.Name)
                    json.WriteNumber("median", round layer.Median)
                    json.WriteNumber("macs", layer.Macs)
                    json.WriteEndObject()

                json.WriteEndArray()

            json.WriteEndObject()

        JsonText.ofWriter write
