namespace Sss.Files

open System
open System.IO
open System.Text.Json
open Sss.Core

/// `result.json`: what a run came to, for programs to read.
[<RequireQualifiedAccess>]
module ResultFile =

    /// The version that is written, and the only one that is read.
    [<Literal>]
    let Format = 1

    let private group (json: Utf8JsonWriter) (name: string) (write: unit -> unit) =
        json.WriteStartObject name
        write ()
        json.WriteEndObject()

    let private size (json: Utf8JsonWriter) (s: RunSize) =
        json.WriteNumber("params", s.Params)
        json.WriteNumber("macs", s.Macs)

    let private factors (json: Utf8JsonWriter) (name: string) (f: Tally) =
        json.WriteStartArray name
        json.WriteNumberValue f.Kept
        json.WriteNumberValue f.Total
        json.WriteEndArray()

    /// The sizes of both networks, and the factors that were kept.
    let private sizes (json: Utf8JsonWriter) (run: RunResult) =
        group json "dense" (fun () -> size json run.Dense)

        group
            json
            "selected"
            (fun () ->
                size json run.Selected

                group
                    json
                    "factors"
                    (fun () ->
                        factors json "neuron" run.Neuron
                        factors json "group" run.Group
                        factors json "block" run.Block

                        if run.Shared.Total > 0 then
                            factors json "shared" run.Shared
                    )
            )

    /// The metrics of a quality, each under its key.
    let metrics (json: Utf8JsonWriter) (quality: Quality) =
        for metric in Quality.metrics quality do
            JsonText.number json metric.Key metric.Value

    /// Quality and loss of further outputs, by name; nothing where there are none.
    let outputs (json: Utf8JsonWriter) (outputs: RunOutput list) =
        if not outputs.IsEmpty then
            group
                json
                "outputs"
                (fun () ->
                    for output in outputs do
                        group
                            json
                            output.Name
                            (fun () ->
                                metrics json output.Quality
                                JsonText.number json "loss" output.Loss
                            )
                )

    /// Quality on both sets of images.
    let private accuracy (json: Utf8JsonWriter) (run: RunResult) =
        group
            json
            "test"
            (fun () ->
                metrics json run.Test.Quality
                JsonText.number json "loss" run.Test.Loss
                json.WriteNumber("count", run.Test.Count)
                outputs json run.Test.Outputs
            )

        if not run.Classes.IsEmpty then
            ClassRow.write json "classes" run.Classes

        if not run.DenseClasses.IsEmpty then
            ClassRow.write json "denseClasses" run.DenseClasses

        RunDiagnosis.write json run.Diagnosis

        match run.Validation with
        | None -> json.WriteNull "validation"
        | Some v ->
            group
                json
                "validation"
                (fun () ->
                    json.WriteNumber("epoch", v.Epoch)
                    metrics json v.Quality
                    JsonText.number json "loss" v.Loss
                )

    let private exactness (json: Utf8JsonWriter) (e: RunExactness) =
        group
            json
            "exactness"
            (fun () ->
                JsonText.number json "maxAbs" e.MaxAbs
                JsonText.number json "maxRel" e.MaxRel
                JsonText.number json "argmaxAgree" e.ArgmaxAgree
                json.WriteNumber("inputs", e.Inputs)
                json.WriteString("verdict", e.Verdict)
            )

    /// What training took, and what it computed with.
    let private computing (json: Utf8JsonWriter) (run: RunResult) =
        match run.Compute with
        | None -> ()
        | Some c ->
            group
                json
                "compute"
                (fun () ->
                    JsonText.number json "trainMacs" c.TrainMacs
                    json.WriteNumber("images", c.Images)
                    json.WriteNumber("epochs", c.Epochs)
                )

        match run.Arithmetic with
        | None -> ()
        | Some a ->
            group
                json
                "arithmetic"
                (fun () ->
                    json.WriteString("device", a.Device)
                    json.WriteString("precision", a.Precision)
                    json.WriteBoolean("tf32", a.Tf32)
                    json.WriteNumber("ranks", a.Ranks)
                    json.WriteNumber("threads", a.Threads)
                )

    /// What the target limits besides macs and parameters.
    let private limits (json: Utf8JsonWriter) (run: RunResult) =
        run.FileSize |> Option.iter (fun bytes -> json.WriteNumber("onnxBytes", bytes))

        match run.Latency with
        | None -> ()
        | Some l ->
            group
                json
                "latency"
                (fun () ->
                    json.WriteString("machine", l.Machine)
                    json.WriteString("engine", l.Engine)
                    json.WriteNumber("threads", l.Threads)
                    json.WriteNumber("batch", l.Batch)
                    JsonText.number json "most" l.Most
                    JsonText.number json "dense" l.Dense
                    JsonText.number json "predicted" l.Predicted
                    l.Measured |> Option.iter (JsonText.number json "measured")
                )

    /// Further seeds, and what the run is compared with.
    let private rows (json: Utf8JsonWriter) (run: RunResult) =
        match run.Repeats with
        | None -> ()
        | Some row ->
            json.WritePropertyName "repeats"
            SeedRowJson.write json row

        if not run.Controls.IsEmpty then
            json.WriteStartArray "controls"
            List.iter (SeedRowJson.write json) run.Controls
            json.WriteEndArray()

    /// Writes the object.
    let body (json: Utf8JsonWriter) (run: RunResult) =
        json.WriteStartObject()
        json.WriteNumber("format", Format)
        json.WriteString("network", run.Network)
        json.WriteNumber("seed", run.Seed)
        RecipeJson.write json "recipe" run.Recipe
        json.WriteString("method", run.Method)
        sizes json run
        accuracy json run
        exactness json run.Exactness
        computing json run
        limits json run
        rows json run

        group
            json
            "seconds"
            (fun () ->
                JsonText.number json "train" run.Seconds.Train
                JsonText.number json "select" run.Seconds.Select
            )

        json.WriteEndObject()

    /// The text of the file; `sss train --json` prints the same.
    let toText (run: RunResult) : string =
        JsonText.indented (fun json -> body json run) + "\n"

    /// Writes the file, whole or not at all.
    let write (path: string) (run: RunResult) : Result<unit, FileError> =
        AtomicFile.writeText path (toText run)

    /// Reads the object; raises what `System.Text.Json` raises, which callers turn into errors.
    let parse (root: JsonElement) : RunResult = ResultParts.read root

    /// Reads a file that `write` wrote.
    let read (path: string) : Result<RunResult, FileError> =
        let fault reason offset =
            Error(
                Malformed(
                    {
                        Path = path
                        Part = None
                        Offset = offset
                    },
                    Syntax("result.json", reason)
                )
            )

        RegularFile.bytes path
        |> Result.bind (fun bytes ->
            try
                use document = JsonDocument.Parse(ReadOnlyMemory bytes)
                let format = document.RootElement.GetProperty("format").GetInt32()

                if format = Format then
                    Ok(parse document.RootElement)
                else
                    fault $"format {format} is not {Format}" 0L
            with
            | :? JsonException as e ->
                fault
                    e.Message
                    (e.BytePositionInLine |> Option.ofNullable |> Option.defaultValue 0L)
            | :? InvalidOperationException
            | :? FormatException
            | :? IndexOutOfRangeException
            | :? Collections.Generic.KeyNotFoundException as e -> fault e.Message 0L
        )
