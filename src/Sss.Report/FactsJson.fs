namespace Sss.Report

open System
open System.IO
open System.Text.Json
open Sss.Files

/// The parts of a run folder's JSON that are read for the report alone: `bench.json`, and the
/// controls in `result.json`.
[<RequireQualifiedAccess>]
module internal FactsJson =

    let private number (item: JsonElement) (name: string) = item.GetProperty(name).GetDouble()

    let private text (item: JsonElement) (name: string) =
        match item.GetProperty(name).GetString() with
        | null -> raise (JsonException $"{name} is null")
        | value -> value

    let private optional (item: JsonElement) (name: string) =
        match item.TryGetProperty name with
        | true, value when value.ValueKind = JsonValueKind.Number -> Some(value.GetDouble())
        | _ -> None

    /// Reads a file with `parse`; whatever is not as expected is an error with the file's name.
    let private reading (path: string) (parse: JsonElement -> 'T) : Result<'T, FileError> =
        let broken (reason: string) =
            Error(Malformed(Place.start path, Syntax(Path.GetFileName path |> string, reason)))

        FileError.catching
            path
            (fun () ->
                try
                    use document = JsonDocument.Parse(ReadOnlyMemory(File.ReadAllBytes path))
                    Ok(parse document.RootElement)
                with
                | :? JsonException
                | :? InvalidOperationException
                | :? FormatException
                | :? Collections.Generic.KeyNotFoundException as e -> broken e.Message
            )

    let private timing (item: JsonElement) (name: string) : Timing =
        let item = item.GetProperty name

        {
            Median = number item "median"
            Low = number item "low"
            High = number item "high"
        }

    /// `bench.json`: `{"format":1,"threads":N,"rows":[{"engine","batch","full":{"median","low",
    /// "high"},"selected":{…},"speedup"}]}`, times in milliseconds a batch.
    let latency (path: string) : Result<LatencyFacts, FileError> =
        reading
            path
            (fun root ->
                let format = root.GetProperty("format").GetInt32()

                if format <> 1 then
                    raise (JsonException $"format {format} is not 1")

                {
                    Threads = root.GetProperty("threads").GetInt32()
                    Rows = [
                        for row in root.GetProperty("rows").EnumerateArray() do
                            {
                                Engine = text row "engine"
                                Batch = row.GetProperty("batch").GetInt32()
                                Full = timing row "full"
                                Selected = timing row "selected"
                                Speedup = number row "speedup"
                            }
                    ]
                }
            )

    /// `"controls":[{"name","params","macs","seeds","accuracy","deviation"}]` of `result.json`;
    /// none where it is not there.
    let controls (path: string) : Result<ControlFacts list, FileError> =
        reading
            path
            (fun root ->
                match root.TryGetProperty "controls" with
                | true, items -> [
                    for item in items.EnumerateArray() do
                        {
                            Name = text item "name"
                            Params = item.GetProperty("params").GetInt64()
                            Macs = item.GetProperty("macs").GetInt64()
                            Seeds = item.GetProperty("seeds").GetInt32()
                            Accuracy = number item "accuracy"
                            Deviation = optional item "deviation"
                        }
                  ]
                | _ -> []
            )
