namespace Sss.Files

open System.IO
open System.Text.Json

/// `sweep.json`: a study with each run's whole result, enough to make every table and page of it
/// again. `table` repeats the rows for scripts; it is not read back.
[<RequireQualifiedAccess>]
module StudyFile =

    /// The version that is written, and the only one that is read.
    [<Literal>]
    let Format = 1

    /// The name of the file in a sweep's folder.
    let fileName = "sweep.json"

    let private writeRun (json: Utf8JsonWriter) (run: StudyRun) =
        json.WriteStartObject()
        json.WriteString("kind", StudyKind.word run.Kind)

        match run.Point with
        | Some point -> json.WriteString("point", point)
        | None -> json.WriteNull "point"

        json.WriteNumber("seed", run.Seed)
        json.WriteString("folder", run.Folder)
        json.WritePropertyName "result"
        ResultFile.body json run.Result

        if not run.Layers.IsEmpty then
            json.WriteStartObject "layers"

            for layer in run.Layers do
                json.WritePropertyName layer.Layer
                // On one line each: there are many.
                json.WriteRawValue $"[{layer.Kept}, {layer.Total}]"

            json.WriteEndObject()

        run.Selected |> Option.iter (fun text -> json.WriteString("selected", text))
        json.WriteEndObject()

    let private body (json: Utf8JsonWriter) (study: Study) =
        let strings (name: string) (values: string list) =
            json.WriteStartArray name
            List.iter (fun (v: string) -> json.WriteStringValue v) values
            json.WriteEndArray()

        json.WriteStartObject()
        json.WriteNumber("format", Format)
        json.WriteString("network", study.Network)
        json.WriteString("data", study.Data)
        strings "points" study.Points
        json.WriteStartArray "seeds"
        List.iter (fun (s: int) -> json.WriteNumberValue s) study.Seeds
        json.WriteEndArray()
        json.WriteBoolean("control", study.Control)
        json.WriteStartObject "plan"
        List.iter (fun (name: string, value: string) -> json.WriteString(name, value)) study.Plan
        json.WriteEndObject()
        json.WriteStartObject "table"

        for point in study.Points do
            json.WriteStartArray point

            for row in Study.rows point study do
                SeedRowJson.write json { row with Runs = [] }

            json.WriteEndArray()

        json.WriteEndObject()
        json.WriteStartArray "runs"
        List.iter (writeRun json) study.Runs
        json.WriteEndArray()
        json.WriteStartObject "benches"

        for point, bench in study.Benches do
            json.WritePropertyName point
            json.WriteRawValue bench

        json.WriteEndObject()
        strings "missing" study.Missing
        json.WriteEndObject()

    /// The text of the file; `sss sweep --json` prints the same.
    let toText (study: Study) : string =
        JsonText.indented (fun json -> body json study) + "\n"

    /// Writes the file, whole or not at all.
    let write (path: string) (study: Study) : Result<unit, FileError> =
        AtomicFile.writeText path (toText study)

    let private parseRun (item: JsonElement) : StudyRun =
        let kind = JsonText.text item "kind"

        {
            Kind =
                match StudyKind.tryParse kind with
                | Some kind -> kind
                | None -> raise (JsonException $"kind is {kind}")
            Point = item.GetProperty("point").GetString() |> Option.ofObj
            Seed = item.GetProperty("seed").GetInt32()
            Folder = JsonText.text item "folder"
            Result = ResultFile.parse (item.GetProperty "result")
            Layers =
                match item.TryGetProperty "layers" with
                | true, layers -> [
                    for layer in layers.EnumerateObject() do
                        {
                            Layer = layer.Name
                            Kept = layer.Value[0].GetInt32()
                            Total = layer.Value[1].GetInt32()
                        }
                  ]
                | _ -> []
            // Files of before it was kept have none.
            Selected =
                match item.TryGetProperty "selected" with
                | true, _ -> Some(JsonText.text item "selected")
                | _ -> None
        }

    let private parse (root: JsonElement) : Study =
        let format = root.GetProperty("format").GetInt32()

        if format <> Format then
            raise (JsonException $"format {format} is not {Format}")

        let strings (name: string) = [
            for item in root.GetProperty(name).EnumerateArray() do
                match item.GetString() with
                | null -> raise (JsonException $"{name} holds null")
                | value -> value
        ]

        {
            Plan = [
                for item in root.GetProperty("plan").EnumerateObject() do
                    item.Name, JsonText.text (root.GetProperty "plan") item.Name
            ]
            Network = JsonText.text root "network"
            Data = JsonText.text root "data"
            Points = strings "points"
            Seeds = [
                for seed in root.GetProperty("seeds").EnumerateArray() do
                    seed.GetInt32()
            ]
            Control = root.GetProperty("control").GetBoolean()
            Runs = [
                for run in root.GetProperty("runs").EnumerateArray() do
                    parseRun run
            ]
            Benches = [
                for item in root.GetProperty("benches").EnumerateObject() do
                    item.Name, item.Value.GetRawText()
            ]
            Missing = strings "missing"
        }

    /// Reads a file that `write` wrote.
    let read (path: string) : Result<Study, FileError> =
        RegularFile.bytes path
        |> Result.bind (fun bytes -> JsonText.read path bytes parse)
