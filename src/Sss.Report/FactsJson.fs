namespace Sss.Report

open System
open System.IO
open System.Text.Json
open Sss.Files

/// The part of a run folder's JSON that is read for the report alone: `bench.json`.
[<RequireQualifiedAccess>]
module internal FactsJson =

    let private number (item: JsonElement) (name: string) = item.GetProperty(name).GetDouble()

    let private timing (item: JsonElement) (name: string) : Timing =
        let item = item.GetProperty name

        {
            Median = number item "median"
            Low = number item "low"
            High = number item "high"
        }

    // `bench.json`: `{"format":1,"threads":N,"rows":[{"engine","batch","full":{"median","low",
    // "high"},"selected":{…},"speedup"}]}`, times in milliseconds a batch.
    let private parse (root: JsonElement) : LatencyFacts =
        let format = root.GetProperty("format").GetInt32()

        if format <> 1 then
            raise (JsonException $"format {format} is not 1")

        {
            Threads = root.GetProperty("threads").GetInt32()
            Rows = [
                for row in root.GetProperty("rows").EnumerateArray() do
                    {
                        Engine = JsonText.text row "engine"
                        Batch = row.GetProperty("batch").GetInt32()
                        Dense = timing row "full"
                        Selected = timing row "selected"
                        Speedup = number row "speedup"
                    }
            ]
        }

    /// Reads the file.
    let latency (path: string) : Result<LatencyFacts, FileError> =
        RegularFile.bytes path
        |> Result.bind (fun bytes -> JsonText.read path bytes parse)

    /// The same object inside of another file, which is at `path`.
    let latencyIn (path: string) (json: string) : Result<LatencyFacts, FileError> =
        JsonText.read path (Text.Encoding.UTF8.GetBytes json) parse
