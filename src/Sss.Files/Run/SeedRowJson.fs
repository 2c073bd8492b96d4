namespace Sss.Files

open System.Text.Json

/// Rows of studies as JSON. `name`, `params`, `macs`, `seeds` and `accuracy` are always there; what is
/// not known is left out.
[<RequireQualifiedAccess>]
module SeedRowJson =

    let private optional (json: Utf8JsonWriter) (name: string) (value: float option) =
        value |> Option.iter (fun (v: float) -> json.WriteNumber(name, v))

    let private writeRun (json: Utf8JsonWriter) (run: SeedRun) =
        json.WriteStartObject()
        json.WriteNumber("seed", run.Seed)
        json.WriteNumber("accuracy", run.Accuracy)
        json.WriteNumber("params", run.Params)
        json.WriteNumber("macs", run.Macs)
        json.WriteNumber("epochs", run.Epochs)
        optional json "trainMacs" run.TrainMacs
        json.WriteString("verdict", run.Verdict)
        json.WriteEndObject()

    /// Writes the object.
    let write (json: Utf8JsonWriter) (row: SeedRow) =
        json.WriteStartObject()
        json.WriteString("name", row.Name)
        json.WriteNumber("params", row.Params)
        json.WriteNumber("macs", row.Macs)
        json.WriteNumber("seeds", row.Seeds)
        json.WriteNumber("accuracy", row.Accuracy)
        optional json "deviation" row.Deviation
        optional json "difference" row.Difference
        optional json "standardError" row.StandardError

        if not row.Runs.IsEmpty then
            json.WriteStartArray "runs"
            List.iter (writeRun json) row.Runs
            json.WriteEndArray()

        json.WriteEndObject()

    let private maybe (item: JsonElement) (name: string) =
        match item.TryGetProperty name with
        | true, value when value.ValueKind = JsonValueKind.Number -> Some(value.GetDouble())
        | _ -> None

    let private readRun (item: JsonElement) : SeedRun = {
        Seed = item.GetProperty("seed").GetInt32()
        Accuracy = item.GetProperty("accuracy").GetDouble()
        Params = item.GetProperty("params").GetInt64()
        Macs = item.GetProperty("macs").GetInt64()
        Epochs = item.GetProperty("epochs").GetInt32()
        TrainMacs = maybe item "trainMacs"
        Verdict = JsonText.text item "verdict"
    }

    /// Reads the object; raises what `System.Text.Json` raises, which callers turn into errors.
    let read (item: JsonElement) : SeedRow = {
        Name = JsonText.text item "name"
        Params = item.GetProperty("params").GetInt64()
        Macs = item.GetProperty("macs").GetInt64()
        Seeds = item.GetProperty("seeds").GetInt32()
        Accuracy = item.GetProperty("accuracy").GetDouble()
        Deviation = maybe item "deviation"
        Difference = maybe item "difference"
        StandardError = maybe item "standardError"
        Runs =
            match item.TryGetProperty "runs" with
            | true, runs -> [
                for run in runs.EnumerateArray() do
                    readRun run
              ]
            | _ -> []
    }
