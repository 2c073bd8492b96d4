namespace Sss.Files

open System.Text.Json
open Sss.Core

/// The parts of `result.json`, read.
[<RequireQualifiedAccess>]
module internal ResultParts =

    let private number (item: JsonElement) (name: string) =
        let value = item.GetProperty name

        if value.ValueKind = JsonValueKind.Null then
            nan
        else
            value.GetDouble()

    let private size (item: JsonElement) : RunSize = {
        RunSize.Params = item.GetProperty("params").GetInt64()
        RunSize.Macs = item.GetProperty("macs").GetInt64()
    }

    let private factors (selected: JsonElement) (name: string) : Tally =
        let pair = selected.GetProperty("factors").GetProperty name

        {
            Kept = pair[0].GetInt32()
            Total = pair[1].GetInt32()
        }

    /// The metrics of a test or a validation, by their keys.
    let private quality (item: JsonElement) : Quality =
        let find (name: string) =
            match item.TryGetProperty name with
            | true, _ -> Some(number item name)
            | _ -> None

        match Quality.tryFind find with
        | Some quality -> quality
        | None -> raise (JsonException "there are no metrics that are known")

    let private test (item: JsonElement) : RunTest = {
        RunTest.Quality = quality item
        Loss = number item "loss"
        Count = item.GetProperty("count").GetInt32()
        Outputs =
            match item.TryGetProperty "outputs" with
            | true, outputs -> [
                for output in outputs.EnumerateObject() do
                    {
                        RunOutput.Name = output.Name
                        RunOutput.Quality = quality output.Value
                        RunOutput.Loss = number output.Value "loss"
                    }
              ]
            // Only where there are some.
            | _ -> []
    }

    let private validation (item: JsonElement) : RunValidation = {
        RunValidation.Epoch = item.GetProperty("epoch").GetInt32()
        Quality = quality item
        Loss = number item "loss"
    }

    let private exactness (item: JsonElement) : RunExactness = {
        MaxAbs = number item "maxAbs"
        MaxRel = number item "maxRel"
        ArgmaxAgree = number item "argmaxAgree"
        Inputs = item.GetProperty("inputs").GetInt32()
        Verdict = JsonText.text item "verdict"
    }

    let private compute (recipe: Recipe) (item: JsonElement) : RunCompute = {
        RunCompute.TrainMacs = number item "trainMacs"
        Images = item.GetProperty("images").GetInt64()
        // Not in a file from before trainings could end early.
        Epochs =
            match item.TryGetProperty "epochs" with
            | true, epochs -> epochs.GetInt32()
            | _ -> recipe.Epochs
    }

    let private arithmetic (item: JsonElement) : RunArithmetic = {
        RunArithmetic.Device = JsonText.text item "device"
        Precision = JsonText.text item "precision"
        Tf32 = item.GetProperty("tf32").GetBoolean()
        Ranks = item.GetProperty("ranks").GetInt32()
        Threads = item.GetProperty("threads").GetInt32()
    }

    let private latency (item: JsonElement) : RunLatency = {
        Machine = JsonText.text item "machine"
        Engine = JsonText.text item "engine"
        Threads = item.GetProperty("threads").GetInt32()
        Batch = item.GetProperty("batch").GetInt32()
        Most = number item "most"
        Dense = number item "dense"
        Predicted = number item "predicted"
        Measured =
            match item.TryGetProperty "measured" with
            | true, measured -> Some(measured.GetDouble())
            | _ -> None
    }

    /// Reads the object; raises what `System.Text.Json` raises, which callers turn into errors.
    let read (root: JsonElement) : RunResult =
        let whenThere (name: string) isRead read =
            match root.TryGetProperty name with
            | true, item when isRead item -> Some(read item)
            | _ -> None

        let any _ = true
        let selected = root.GetProperty "selected"
        let seconds = root.GetProperty "seconds"
        let recipe = RecipeJson.read (root.GetProperty "recipe")

        {
            Network = JsonText.text root "network"
            Seed = root.GetProperty("seed").GetInt32()
            Recipe = recipe
            Method = JsonText.text root "method"
            Dense = size (root.GetProperty "dense")
            Selected = size selected
            Neuron = factors selected "neuron"
            Group = factors selected "group"
            Block = factors selected "block"
            Shared =
                match selected.GetProperty("factors").TryGetProperty "shared" with
                | true, _ -> factors selected "shared"
                | _ -> { Kept = 0; Total = 0 }
            Test = test (root.GetProperty "test")
            Classes = whenThere "classes" any ClassRow.read |> Option.defaultValue []
            Diagnosis = RunDiagnosis.read root
            DenseClasses = whenThere "denseClasses" any ClassRow.read |> Option.defaultValue []
            Validation =
                whenThere
                    "validation"
                    (fun item -> item.ValueKind = JsonValueKind.Object)
                    validation
            Exactness = exactness (root.GetProperty "exactness")
            Compute = whenThere "compute" any (compute recipe)
            Arithmetic =
                whenThere "arithmetic" (fun item -> fst (item.TryGetProperty "ranks")) arithmetic
            FileSize = whenThere "onnxBytes" any _.GetInt64()
            Latency = whenThere "latency" any latency
            Repeats = whenThere "repeats" any SeedRowJson.read
            Controls =
                whenThere
                    "controls"
                    any
                    (fun rows -> [
                        for row in rows.EnumerateArray() do
                            SeedRowJson.read row
                    ])
                |> Option.defaultValue []
            Seconds = {
                Train = number seconds "train"
                Select = number seconds "select"
            }
        }
