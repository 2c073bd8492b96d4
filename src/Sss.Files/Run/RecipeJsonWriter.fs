namespace Sss.Files

open System.Text.Json
open Sss.Core

/// Writing recipes as JSON objects.
[<RequireQualifiedAccess>]
module internal RecipeJsonWriter =

    let private optional (json: Utf8JsonWriter) (name: string) write value =
        match value with
        | Some v -> write v
        | None -> json.WriteNull name

    let private scheduleWord schedule =
        match schedule with
        | Constant -> "constant"
        | Cosine -> "cosine"
        | CosineRestart -> "cosine restart"
        | Step _ -> "step"

    /// A limit other than macs is there only where it is given: recipes from before have none.
    let private target (json: Utf8JsonWriter) (target: Target) =
        optional json "target" (fun (macs: float) -> json.WriteNumber("target", macs)) target.Macs

        target.Params
        |> Option.iter (fun fraction -> json.WriteNumber("targetParams", fraction))

        target.Size |> Option.iter (fun bytes -> json.WriteNumber("targetSize", bytes))

        match target.Latency with
        | Some(LatencyLimit.Milliseconds most) -> json.WriteNumber("targetMilliseconds", most)
        | Some(LatencyLimit.OfDense fraction) -> json.WriteNumber("targetLatency", fraction)
        | None -> ()

    let private rate (json: Utf8JsonWriter) (recipe: Recipe) =
        json.WriteNumber("lr", recipe.Lr)
        json.WriteString("schedule", scheduleWord recipe.Schedule)

        match recipe.Schedule with
        | Step(factor, epochs) ->
            json.WriteNumber("factor", factor)
            json.WriteStartArray "at"
            List.iter (fun (e: int) -> json.WriteNumberValue e) epochs
            json.WriteEndArray()
        | Constant
        | Cosine
        | CosineRestart -> ()

        json.WriteNumber("warmup", recipe.Warmup)
        json.WriteNumber("head", recipe.Head)
        json.WriteNumber("momentum", recipe.Momentum)
        json.WriteNumber("decay", recipe.Decay)

    let private penalty (json: Utf8JsonWriter) (recipe: Recipe) =
        json.WriteStartObject "gamma"
        json.WriteNumber("neuron", recipe.Gamma.Neuron)
        json.WriteNumber("group", recipe.Gamma.Group)
        json.WriteNumber("block", recipe.Gamma.Block)

        if recipe.Gamma.Shared <> recipe.Gamma.Neuron then
            json.WriteNumber("shared", recipe.Gamma.Shared)

        json.WriteEndObject()
        json.WriteString("penalty", FactorPenalty.word recipe.Penalty)

        FactorPenalty.parameter recipe.Penalty
        |> Option.iter (fun (name, value) -> json.WriteNumber(name, value))

    /// A word with its numbers, as an object under a name.
    let private choice (json: Utf8JsonWriter) (name: string) (word: string) numbers =
        json.WriteStartObject name
        json.WriteString("name", word)

        for key: string, value: float in numbers do
            json.WriteNumber(key, value)

        json.WriteEndObject()

    /// The losses of further outputs by name.
    let private outputs (json: Utf8JsonWriter) (outputs: Map<string, OutputLoss>) =
        json.WriteStartObject "outputs"

        for KeyValue(name, own) in outputs do
            choice json name (Loss.word own.Loss) [
                yield! Option.toList (Loss.parameter own.Loss)
                "weight", own.Weight
            ]

        json.WriteEndObject()

    let private augment (json: Utf8JsonWriter) (augment: Augment) =
        json.WriteStartObject "augment"
        json.WriteNumber("resize", augment.Resize)
        json.WriteString("background", Rgb.text augment.Background)
        json.WriteNumber("area", augment.Area)
        json.WriteNumber("crop", augment.Crop)
        json.WriteBoolean("flip", augment.Flip)
        json.WriteNumber("jitter", augment.Jitter)
        json.WriteNumber("pca", augment.Pca)

        augment.Rand
        |> Option.iter (fun rand ->
            json.WriteStartObject "randaugment"
            json.WriteNumber("n", rand.Count)
            json.WriteNumber("m", rand.Magnitude)
            json.WriteEndObject()
        )

        json.WriteNumber("erase", augment.Erase)
        json.WriteNumber("mixup", augment.Mixup)
        json.WriteNumber("cutmix", augment.Cutmix)
        json.WriteEndObject()

    let private teacher (json: Utf8JsonWriter) (teaching: Teaching) =
        json.WriteStartObject "teacher"
        json.WriteNumber("weight", teaching.Weight)
        json.WriteNumber("temperature", teaching.Temperature)
        json.WriteEndObject()

    /// The recipe as the next value.
    let write (json: Utf8JsonWriter) (recipe: Recipe) =
        json.WriteStartObject()
        json.WriteNumber("epochs", recipe.Epochs)
        json.WriteNumber("batch", recipe.Batch)
        rate json recipe
        penalty json recipe
        choice json "loss" (Loss.word recipe.Loss) (Option.toList (Loss.parameter recipe.Loss))

        // Only where there are some: recipes from before have none.
        if not recipe.Outputs.IsEmpty then
            outputs json recipe.Outputs

        choice
            json
            "optimizer"
            (Optimizer.word recipe.Optimizer)
            (Optimizer.parameters recipe.Optimizer)

        target json recipe.Target

        recipe.TargetBy
        |> Option.iter (fun epochs -> json.WriteNumber("targetBy", epochs))

        optional
            json
            "shrink"
            (fun (every: int) -> json.WriteNumber("shrink", every))
            recipe.ShrinkEvery

        // Only where it is given: recipes from before have none.
        recipe.StopAfter |> Option.iter (fun epochs -> json.WriteNumber("stop", epochs))
        recipe.Ema |> Option.iter (fun decay -> json.WriteNumber("ema", decay))
        json.WriteNumber("seed", recipe.Seed)
        augment json recipe.Augment
        optional json "teacher" (teacher json) recipe.Teacher
        json.WriteEndObject()
