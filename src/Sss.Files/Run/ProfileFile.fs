namespace Sss.Files

open System.Text.Json
open Sss.Core

/// A latency profile as a JSON file, which may be copied to other machines.
[<RequireQualifiedAccess>]
module ProfileFile =

    /// The version that is written, and the only one that is read.
    [<Literal>]
    let Format = 1

    let private widths (json: Utf8JsonWriter) (name: string) (values: int[]) =
        json.WriteStartArray name
        Array.iter (fun (value: int) -> json.WriteNumberValue value) values
        json.WriteEndArray()

    let private layer (json: Utf8JsonWriter) (times: WidthTimes) =
        json.WriteStartObject()
        json.WriteString("layer", times.Layer)
        widths json "inputs" times.Inputs
        widths json "outputs" times.Outputs
        json.WriteStartArray "milliseconds"

        for row in times.Milliseconds do
            json.WriteStartArray()
            Array.iter (fun (value: float) -> json.WriteNumberValue value) row
            json.WriteEndArray()

        json.WriteEndArray()
        json.WriteEndObject()

    let private write (profile: LatencyProfile) (json: Utf8JsonWriter) =
        json.WriteStartObject()
        json.WriteNumber("format", Format)
        json.WriteString("machine", profile.Machine)
        json.WriteString("engine", profile.Engine)
        json.WriteNumber("threads", profile.Threads)
        json.WriteNumber("batch", profile.Batch)
        json.WriteString("network", profile.Network)
        json.WriteNumber("dense", profile.Dense)
        json.WriteNumber("medianError", profile.MedianError)
        json.WriteNumber("worstError", profile.WorstError)
        profile.Factor |> Option.iter (fun factor -> json.WriteNumber("factor", factor))
        json.WriteNumber("perCall", profile.Model.PerCall)
        json.WriteNumber("scale", profile.Model.Scale)
        json.WriteNumber("perValue", profile.Model.PerValue)
        json.WriteNumber("perWeight", profile.Model.PerWeight)
        json.WriteNumber("multiple", profile.Model.Multiple)
        json.WriteStartArray "layers"
        List.iter (layer json) profile.Model.Layers
        json.WriteEndArray()
        json.WriteEndObject()

    /// The text of a profile.
    let toText (profile: LatencyProfile) : string =
        JsonText.indented (write profile) + "\n"

    let private ascending (item: JsonElement) (name: string) : int[] =
        let values = [|
            for value in (JsonText.property item name).EnumerateArray() -> value.GetInt32()
        |]

        if
            values.Length = 0
            || Array.pairwise values |> Array.exists (fun (a, b) -> a >= b)
        then
            raise (JsonException $"{name} must be ascending")

        values

    /// A number that a time can be.
    let private time (item: JsonElement) : float =
        let value = item.GetDouble()

        if not (System.Double.IsFinite value) || value < 0.0 then
            raise (JsonException $"a time is {item.GetRawText()}")

        value

    let private readLayer (item: JsonElement) : WidthTimes =
        let inputs, outputs = ascending item "inputs", ascending item "outputs"

        let rows = [|
            for row in (JsonText.property item "milliseconds").EnumerateArray() ->
                [| for value in row.EnumerateArray() -> time value |]
        |]

        if
            rows.Length <> inputs.Length
            || rows |> Array.exists (fun row -> row.Length <> outputs.Length)
        then
            raise (
                JsonException
                    "milliseconds must have a row for each of the inputs, of a time for each of the outputs"
            )

        {
            Layer = JsonText.text item "layer"
            Inputs = inputs
            Outputs = outputs
            Milliseconds = rows
        }

    let private wholeFrom (least: int) (item: JsonElement) (name: string) : int =
        JsonText.property item name
        |> JsonText.whole name least System.Int32.MaxValue $"a whole number of {least} or more"
        |> int

    let private parse (item: JsonElement) : LatencyProfile =
        match wholeFrom 0 item "format" with
        | Format -> ()
        | other -> raise (JsonException $"format is {other}; {Format} is read")

        let real isGood bounds name =
            JsonText.property item name |> JsonText.real name isGood bounds

        let number = real (fun value -> value >= 0.0) "a number of 0 or more"
        let positive = real (fun value -> value > 0.0) "a number above 0"

        let whereThere (read: string -> float) (name: string) =
            match item.TryGetProperty name with
            | true, _ -> Some(read name)
            | false, _ -> None

        {
            Machine = JsonText.text item "machine"
            Engine = JsonText.text item "engine"
            Threads = wholeFrom 1 item "threads"
            Batch = wholeFrom 1 item "batch"
            Network = JsonText.text item "network"
            Dense = positive "dense"
            MedianError = number "medianError"
            WorstError = number "worstError"
            Factor = whereThere positive "factor"
            Model = {
                PerCall = number "perCall"
                Scale = number "scale"
                PerValue = number "perValue"
                // Not in a file of an earlier version.
                PerWeight = whereThere number "perWeight" |> Option.defaultValue 0.0
                Multiple = wholeFrom 1 item "multiple"
                Layers = [
                    for layer in (JsonText.property item "layers").EnumerateArray() ->
                        readLayer layer
                ]
            }
        }

    /// Reads what `toText` wrote.
    let read (path: string) : Result<LatencyProfile, FileError> =
        RegularFile.bytes path
        |> Result.bind (fun bytes -> JsonText.read path bytes parse)
