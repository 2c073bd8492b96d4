namespace Sss.Files

open System
open System.Text.Json
open Sss.Core

/// Preparations as JSON objects: `scale`, `mean`, `deviation`; `range`, the numbers of black and white,
/// null where they are not known, then perhaps `seen`, the least and the greatest that was seen;
/// `background`, a colour as recipes write it; `resize`, where pictures are scaled before the middle is
/// cut out; `given`, true where it came with a network from elsewhere.
[<RequireQualifiedAccess>]
module PreparationJson =

    /// Writes the object.
    let write (json: Utf8JsonWriter) (p: Preparation) =
        let list (name: string) (values: float32[]) =
            json.WriteStartArray name
            Array.iter (fun (v: float32) -> json.WriteNumberValue v) values
            json.WriteEndArray()

        json.WriteStartObject()

        if p.Pictures.Resize <> 0 then
            json.WriteNumber("resize", p.Pictures.Resize)

        json.WriteString("background", Rgb.text p.Pictures.Background)

        match p.Range with
        | PixelRange.Known(black, white) -> list "range" [| black; white |]
        | PixelRange.Unknown(low, high) ->
            json.WriteNull "range"

            if Single.IsFinite low && Single.IsFinite high then
                list "seen" [| low; high |]

        json.WriteNumber("scale", p.Scale)
        list "mean" p.Mean
        list "deviation" p.Deviation

        if p.IsGiven then
            json.WriteBoolean("given", true)

        json.WriteEndObject()

    /// The object as one line.
    let toText (p: Preparation) : string =
        JsonText.ofWriter (fun json -> write json p)

    /// What the pixels of files were that say nothing of a range: pictures and bytes were scaled to
    /// 0 to 1, and numbers that were not scaled were taken for 0 to 1. They cannot have been where mean
    /// or deviation are no such numbers'.
    let private before scale (mean: float32[]) (deviation: float32[]) =
        let fits =
            scale <> 1.0f
            || (mean |> Array.forall (fun m -> m >= 0.0f && m <= 1.0f)
                && deviation |> Array.forall (fun d -> d <= 0.5f || d = 1.0f))

        if fits && scale > 0.0f then
            PixelRange.Known(0.0f, MathF.Round(1.0f / scale, 3))
        else
            PixelRange.Unknown(nanf, nanf)

    let private isSound (p: Preparation) =
        let isGood range =
            match range with
            | PixelRange.Known(black, white) ->
                Single.IsFinite black && Single.IsFinite white && black <> white
            | PixelRange.Unknown _ -> true

        let all = Array.concat [ [| p.Scale |]; p.Mean; p.Deviation ]

        p.Pictures.Resize >= 0
        && isGood p.Range
        && Array.forall Single.IsFinite all
        && p.Mean.Length = p.Deviation.Length
        && Array.forall (fun d -> d <> 0.0f) p.Deviation

    let private ofObject (root: JsonElement) : Result<Preparation, string> =
        let numbers (item: JsonElement) = [|
            for value in item.EnumerateArray() do
                value.GetSingle()
        |]

        let tryFind (name: string) =
            match root.TryGetProperty name with
            | true, value -> Some value
            | _ -> None

        let list (name: string) = numbers (root.GetProperty name)
        let scale = root.GetProperty("scale").GetSingle()
        let mean, deviation = list "mean", list "deviation"

        let range =
            match tryFind "range" with
            | None -> Some(before scale mean deviation)
            | Some item when item.ValueKind = JsonValueKind.Null ->
                match tryFind "seen" |> Option.map numbers with
                | Some [| low; high |] -> Some(PixelRange.Unknown(low, high))
                | Some _ -> None
                | None -> Some(PixelRange.Unknown(nanf, nanf))
            | Some item ->
                match numbers item with
                | [| black; white |] -> Some(PixelRange.Known(black, white))
                | _ -> None

        let background =
            match tryFind "background" with
            // Files from before had transparent parts black.
            | None -> Some Rgb.black
            | Some item -> item.GetString() |> Option.ofObj |> Option.bind Rgb.tryParse

        match range, background with
        | None, _ -> Error "`range` and `seen` must be two numbers each"
        | _, None -> Error "`background` is not a colour"
        | Some range, Some background ->
            let p = {
                Pictures = {
                    Resize = tryFind "resize" |> Option.map _.GetInt32() |> Option.defaultValue 0
                    Background = background
                }
                Range = range
                Scale = scale
                Mean = mean
                Deviation = deviation
                IsGiven = tryFind "given" |> Option.map _.GetBoolean() |> Option.defaultValue false
            }

            if isSound p then
                Ok p
            else
                Error
                    "a value is not finite, or a deviation is 0, or black is white, or the lists differ in length"

    /// Reads what `toText` writes, and what was in files before there were ranges and backgrounds.
    let parse (text: string) : Result<Preparation, string> =
        try
            use document = JsonDocument.Parse text
            ofObject document.RootElement
        with
        | :? JsonException
        | :? InvalidOperationException
        | :? FormatException
        | :? Collections.Generic.KeyNotFoundException ->
            Error "not scale, mean and deviation as numbers"
