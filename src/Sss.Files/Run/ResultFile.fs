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

    /// JSON has no word for numbers that are not finite; they become `null`.
    let private number (json: Utf8JsonWriter) (name: string) (value: float) =
        if Double.IsFinite value then
            json.WriteNumber(name, value)
        else
            json.WriteNull name

    let private group (json: Utf8JsonWriter) (name: string) (write: unit -> unit) =
        json.WriteStartObject name
        write ()
        json.WriteEndObject()

    /// Writes the object.
    let body (json: Utf8JsonWriter) (run: RunResult) =
        let number = number json
        let group name = group json name

        let size (s: RunSize) =
            json.WriteNumber("params", s.Params)
            json.WriteNumber("macs", s.Macs)

        let factors (name: string) (f: Tally) =
            json.WriteStartArray name
            json.WriteNumberValue f.Kept
            json.WriteNumberValue f.Total
            json.WriteEndArray()

        json.WriteStartObject()
        json.WriteNumber("format", Format)
        json.WriteString("network", run.Network)
        json.WriteNumber("seed", run.Seed)
        RecipeJson.write json "recipe" run.Recipe
        json.WriteString("method", run.Method)
        group "dense" (fun () -> size run.Dense)

        group
            "selected"
            (fun () ->
                size run.Selected

                group
                    "factors"
                    (fun () ->
                        factors "neuron" run.Neuron
                        factors "group" run.Group
                        factors "block" run.Block
                    )
            )

        group
            "test"
            (fun () ->
                number "accuracy" run.Test.Accuracy
                number "loss" run.Test.Loss
                json.WriteNumber("count", run.Test.Count)
            )

        match run.Validation with
        | None -> json.WriteNull "validation"
        | Some v ->
            group
                "validation"
                (fun () ->
                    json.WriteNumber("epoch", v.Epoch)
                    number "accuracy" v.Accuracy
                    number "loss" v.Loss
                )

        group
            "exactness"
            (fun () ->
                number "maxAbs" run.Exactness.MaxAbs
                number "maxRel" run.Exactness.MaxRel
                number "argmaxAgree" run.Exactness.ArgmaxAgree
                json.WriteNumber("inputs", run.Exactness.Inputs)
                json.WriteString("verdict", run.Exactness.Verdict)
            )

        match run.Compute with
        | None -> ()
        | Some c ->
            group
                "compute"
                (fun () ->
                    number "trainMacs" c.TrainMacs
                    json.WriteNumber("images", c.Images)
                )

        match run.Arithmetic with
        | None -> ()
        | Some a ->
            group
                "arithmetic"
                (fun () ->
                    json.WriteString("device", a.Device)
                    json.WriteString("precision", a.Precision)
                    json.WriteBoolean("tf32", a.Tf32)
                    json.WriteNumber("ranks", a.Ranks)
                    json.WriteNumber("threads", a.Threads)
                )

        match run.Repeats with
        | None -> ()
        | Some row ->
            json.WritePropertyName "repeats"
            SeedRowJson.write json row

        if not run.Controls.IsEmpty then
            json.WriteStartArray "controls"
            List.iter (SeedRowJson.write json) run.Controls
            json.WriteEndArray()

        group
            "seconds"
            (fun () ->
                number "train" run.Seconds.Train
                number "select" run.Seconds.Select
            )

        json.WriteEndObject()

    /// The text of the file; `sss train --json` prints the same.
    let toText (run: RunResult) : string =
        JsonText.indented (fun json -> body json run) + "\n"

    /// Writes the file, whole or not at all.
    let write (path: string) (run: RunResult) : Result<unit, FileError> =
        AtomicFile.writeText path (toText run)

    /// Reads the object; raises what `System.Text.Json` raises, which callers turn into errors.
    let parse (root: JsonElement) : RunResult =
        let number (item: JsonElement) (name: string) =
            let value = item.GetProperty name

            if value.ValueKind = JsonValueKind.Null then
                nan
            else
                value.GetDouble()

        let size (item: JsonElement) : RunSize = {
            RunSize.Params = item.GetProperty("params").GetInt64()
            RunSize.Macs = item.GetProperty("macs").GetInt64()
        }

        let selected = root.GetProperty "selected"

        let factors (name: string) =
            let pair = selected.GetProperty("factors").GetProperty name

            {
                Kept = pair[0].GetInt32()
                Total = pair[1].GetInt32()
            }

        let test = root.GetProperty "test"
        let exactness = root.GetProperty "exactness"
        let seconds = root.GetProperty "seconds"

        {
            Network = JsonText.text root "network"
            Seed = root.GetProperty("seed").GetInt32()
            Recipe = RecipeJson.read (root.GetProperty "recipe")
            Method = JsonText.text root "method"
            Dense = size (root.GetProperty "dense")
            Selected = size selected
            Neuron = factors "neuron"
            Group = factors "group"
            Block = factors "block"
            Test = {
                RunTest.Accuracy = number test "accuracy"
                Loss = number test "loss"
                Count = test.GetProperty("count").GetInt32()
            }
            Validation =
                match root.TryGetProperty "validation" with
                | true, v when v.ValueKind = JsonValueKind.Object ->
                    Some {
                        RunValidation.Epoch = v.GetProperty("epoch").GetInt32()
                        Accuracy = number v "accuracy"
                        Loss = number v "loss"
                    }
                | _ -> None
            Exactness = {
                MaxAbs = number exactness "maxAbs"
                MaxRel = number exactness "maxRel"
                ArgmaxAgree = number exactness "argmaxAgree"
                Inputs = exactness.GetProperty("inputs").GetInt32()
                Verdict = JsonText.text exactness "verdict"
            }
            Compute =
                match root.TryGetProperty "compute" with
                | true, c ->
                    Some {
                        RunCompute.TrainMacs = number c "trainMacs"
                        Images = c.GetProperty("images").GetInt64()
                    }
                | _ -> None
            Arithmetic =
                match root.TryGetProperty "arithmetic" with
                | true, a when (a.TryGetProperty "ranks" |> fst) ->
                    Some {
                        RunArithmetic.Device = JsonText.text a "device"
                        Precision = JsonText.text a "precision"
                        Tf32 = a.GetProperty("tf32").GetBoolean()
                        Ranks = a.GetProperty("ranks").GetInt32()
                        Threads = a.GetProperty("threads").GetInt32()
                    }
                | _ -> None
            Repeats =
                match root.TryGetProperty "repeats" with
                | true, row -> Some(SeedRowJson.read row)
                | _ -> None
            Controls =
                match root.TryGetProperty "controls" with
                | true, rows -> [
                    for row in rows.EnumerateArray() do
                        SeedRowJson.read row
                  ]
                | _ -> []
            Seconds = {
                Train = number seconds "train"
                Select = number seconds "select"
            }
        }

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
