namespace Sss.Files

open System.Text.Json
open Sss.Core

/// Recipes as JSON objects: the words of the language as keys, all of them always there.
[<RequireQualifiedAccess>]
module RecipeJson =

    /// Writes the object under a name.
    let write (json: Utf8JsonWriter) (name: string) (recipe: Recipe) =
        json.WritePropertyName name
        RecipeJsonWriter.write json recipe

    let private schedule (item: JsonElement) : LearningRate =
        match item.GetProperty("schedule").GetString() with
        | "constant" -> Constant
        | "cosine" -> Cosine
        | "cosine restart" -> CosineRestart
        | "step" ->
            Step(
                item.GetProperty("factor").GetDouble(),
                [
                    for epoch in item.GetProperty("at").EnumerateArray() do
                        epoch.GetInt32()
                ]
            )
        | other -> raise (JsonException $"schedule is {other}")

    let private targetOf (item: JsonElement) : Target =
        let given (name: string) (read: JsonElement -> 'T) =
            match item.TryGetProperty name with
            | true, value when value.ValueKind <> JsonValueKind.Null -> Some(read value)
            | _ -> None

        {
            Macs = given "target" _.GetDouble()
            Params = given "targetParams" _.GetDouble()
            Size = given "targetSize" _.GetInt64()
            Latency =
                given "targetMilliseconds" (_.GetDouble() >> LatencyLimit.Milliseconds)
                |> Option.orElse (given "targetLatency" (_.GetDouble() >> LatencyLimit.OfDense))
        }

    let private background (item: JsonElement) : Rgb =
        match item.GetString() |> Option.ofObj |> Option.bind Rgb.tryParse with
        | Some colour -> colour
        | None -> raise (JsonException $"background is {item.GetRawText()}")

    let private penalty (item: JsonElement) : FactorPenalty =
        match item.TryGetProperty "penalty" with
        | false, _ -> FactorPenalty.standard
        | true, word ->
            let number (name: string) = item.GetProperty(name).GetDouble()

            match word.GetString() with
            | "nonneg" -> FactorPenalty.NonNegative
            | "l1" -> FactorPenalty.L1
            | "mcp" -> FactorPenalty.Mcp(number "theta")
            | "scad" -> FactorPenalty.Scad(number "a")
            | "l0" -> FactorPenalty.L0
            | "groupl2" -> FactorPenalty.GroupL2
            | other -> raise (JsonException $"penalty is {other}")

    /// What came later than the format itself may be absent.
    let private since (from: JsonElement) (name: string) (read: JsonElement -> 'T) (absent: 'T) =
        match from.TryGetProperty name with
        | true, value when value.ValueKind <> JsonValueKind.Null -> read value
        | _ -> absent

    let private teaching (item: JsonElement) : Teaching = {
        Weight = item.GetProperty("weight").GetDouble()
        Temperature = item.GetProperty("temperature").GetDouble()
    }

    let private lossOf (value: JsonElement) : Loss =
        let name = JsonText.text value "name"

        match Loss.ofWord name with
        | None -> raise (JsonException $"the loss is {name}")
        | Some loss ->
            match Loss.parameter loss with
            | None -> loss
            | Some(parameter, _) ->
                Loss.withParameter (value.GetProperty(parameter).GetDouble()) loss

    /// Absent in what versions with one loss have written.
    let private loss (item: JsonElement) : Loss = since item "loss" lossOf Loss.standard

    /// Absent where a network has no further outputs.
    let private outputs (item: JsonElement) : Map<string, OutputLoss> =
        let all (from: JsonElement) =
            Map.ofList [
                for own in from.EnumerateObject() do
                    own.Name,
                    {
                        Loss = lossOf own.Value
                        Weight = own.Value.GetProperty("weight").GetDouble()
                    }
            ]

        since item "outputs" all Map.empty

    /// Absent in what versions with one optimizer have written.
    let private optimizer (item: JsonElement) : Optimizer =
        match item.TryGetProperty "optimizer" with
        | false, _ -> Optimizer.standard
        | true, value ->
            let number (name: string) = value.GetProperty(name).GetDouble()

            match JsonText.text value "name" with
            | "nag" -> Optimizer.Nag
            | "adamw" -> Optimizer.AdamW(number "beta1", number "beta2", number "eps")
            | other -> raise (JsonException $"the optimizer is {other}")

    let private augment (item: JsonElement) : Augment = {
        Resize = since item "resize" _.GetInt32() 0
        Background = since item "background" background Rgb.white
        Area = since item "area" _.GetDouble() 0.0
        Crop = item.GetProperty("crop").GetInt32()
        Flip = item.GetProperty("flip").GetBoolean()
        Jitter = since item "jitter" _.GetDouble() 0.0
        Pca = since item "pca" _.GetDouble() 0.0
        Rand =
            since
                item
                "randaugment"
                (fun rand ->
                    Some {
                        Count = rand.GetProperty("n").GetInt32()
                        Magnitude = rand.GetProperty("m").GetInt32()
                    }
                )
                None
        Erase = since item "erase" _.GetDouble() 0.0
        Mixup = since item "mixup" _.GetDouble() 0.0
        Cutmix = since item "cutmix" _.GetDouble() 0.0
    }

    /// Reads the object; raises what `System.Text.Json` raises, which the caller turns into an error.
    let read (item: JsonElement) : Recipe =
        let number (name: string) = item.GetProperty(name).GetDouble()
        let whole (name: string) = item.GetProperty(name).GetInt32()

        let isNull (name: string) =
            item.GetProperty(name).ValueKind = JsonValueKind.Null

        let gamma (name: string) =
            item.GetProperty("gamma").GetProperty(name).GetDouble()

        // That of neurons where it is not written.
        let shared =
            match item.GetProperty("gamma").TryGetProperty "shared" with
            | true, value -> value.GetDouble()
            | _ -> gamma "neuron"

        {
            Epochs = whole "epochs"
            Batch = whole "batch"
            Lr = number "lr"
            Schedule = schedule item
            Warmup = whole "warmup"
            Head = since item "head" _.GetDouble() 1.0
            Momentum = number "momentum"
            Decay = number "decay"
            Gamma = {
                Neuron = gamma "neuron"
                Group = gamma "group"
                Block = gamma "block"
                Shared = shared
            }
            Penalty = penalty item
            Loss = loss item
            Outputs = outputs item
            Optimizer = optimizer item
            Target = targetOf item
            TargetBy = since item "targetBy" (fun epochs -> Some(epochs.GetDouble())) None
            ShrinkEvery = if isNull "shrink" then None else Some(whole "shrink")
            StopAfter = since item "stop" (fun epochs -> Some(epochs.GetInt32())) None
            Seed = whole "seed"
            Augment = augment (item.GetProperty "augment")
            Teacher = since item "teacher" (teaching >> Some) None
            Ema = since item "ema" (fun decay -> Some(decay.GetDouble())) None
        }

    /// The object alone, as one line.
    let toText (recipe: Recipe) : string =
        JsonText.ofWriter (fun json -> RecipeJsonWriter.write json recipe)

    /// Items of two recipes, as `toText` writes them, that are not the same: name, first, second.
    let differences (first: string) (second: string) : (string * string * string) list =
        // What one of them does not hold yet counts as what it means when it is absent.
        let whole (text: string) =
            try
                use document = JsonDocument.Parse text
                toText (read document.RootElement)
            with
            | :? System.InvalidOperationException
            | :? System.FormatException
            | :? System.Collections.Generic.KeyNotFoundException -> text

        use first = JsonDocument.Parse(whole first)
        use second = JsonDocument.Parse(whole second)

        let rec items prefix (item: JsonElement) = [
            match item.ValueKind with
            | JsonValueKind.Object ->
                for part in item.EnumerateObject() do
                    yield! items $"{prefix} {part.Name}" part.Value
            | _ -> prefix.Trim(), item.GetRawText()
        ]

        let left, right = items "" first.RootElement, items "" second.RootElement

        let names = List.map fst left @ List.map fst right |> List.distinct

        let find name items =
            List.tryFind (fun (n, _) -> n = name) items
            |> Option.map snd
            |> Option.defaultValue "nothing"

        [
            for name in names do
                let a, b = find name left, find name right

                if a <> b then
                    name, a, b
        ]
