namespace Sss.Files

open System.Text.Json
open Sss.Core

/// A test image on which a network is far off: its class was given a low probability.
type WorstPicture = {
    /// Its place in the test split, from 0.
    Index: int
    /// The picture's folder and file, or its place.
    Name: string
    /// Its class.
    Class: string
    /// The class that it is taken for.
    TakenFor: string
    /// The probability that the network gives its class.
    Probability: float
    /// The probability that the network gives the class it is taken for.
    Confidence: float
    /// Cross-entropy, in nats.
    Loss: float
    /// A small picture of it, relative to the run folder; None: there is none.
    Picture: string option
}

/// What a network gets wrong on the test images, where each has one class.
type RunDiagnosis = {
    /// None: an older file, or images that do not have one class each.
    Calibration: Calibration option
    /// The same of the dense network that was trained beside it, with the run's own seed; None: there is none.
    DenseCalibration: Calibration option
    /// Those with the highest loss, the highest first.
    Worst: WorstPicture list
    /// The same of the dense network that was trained beside it; its small pictures are in that run's folder.
    DenseWorst: WorstPicture list
}

/// `result.json`'s part of it.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module RunDiagnosis =

    /// Nothing is known.
    let none = {
        Calibration = None
        DenseCalibration = None
        Worst = []
        DenseWorst = []
    }

    /// At most so many pictures are listed.
    let mostWorst = 12

    /// The folder of their pictures in a run folder.
    let pictureFolder = "worst"

    /// The file of the picture of a rank, from 1, below the run folder.
    let pictureFile (rank: int) : string = $"{pictureFolder}/{rank}.png"

    /// Pictures of a run whose folder is this one below another run's, as that one refers to them.
    let below (folder: string) (worst: WorstPicture list) : WorstPicture list =
        worst
        |> List.map (fun picture -> {
            picture with
                Picture = picture.Picture |> Option.map (fun file -> $"{folder}/{file}")
        })

    /// Writes a calibration as an object.
    let writeCalibration (json: Utf8JsonWriter) (name: string) (calibration: Calibration) =
        json.WriteStartObject name
        JsonText.number json "error" calibration.Error
        json.WriteStartArray "bins"

        for bin in calibration.Bins do
            json.WriteStartObject()
            json.WriteNumber("count", bin.Count)
            JsonText.number json "confidence" bin.Confidence
            JsonText.number json "accuracy" bin.Accuracy
            json.WriteEndObject()

        json.WriteEndArray()
        json.WriteEndObject()

    /// Writes the pictures as a list.
    let writeWorst (json: Utf8JsonWriter) (name: string) (worst: WorstPicture list) =
        json.WriteStartArray name

        for picture in worst do
            json.WriteStartObject()
            json.WriteNumber("index", picture.Index)
            json.WriteString("name", picture.Name)
            json.WriteString("class", picture.Class)
            json.WriteString("takenFor", picture.TakenFor)
            JsonText.number json "probability" picture.Probability
            JsonText.number json "confidence" picture.Confidence
            JsonText.number json "loss" picture.Loss
            picture.Picture |> Option.iter (fun file -> json.WriteString("picture", file))
            json.WriteEndObject()

        json.WriteEndArray()

    /// Writes what there is of it.
    let write (json: Utf8JsonWriter) (d: RunDiagnosis) =
        d.Calibration |> Option.iter (writeCalibration json "calibration")
        d.DenseCalibration |> Option.iter (writeCalibration json "denseCalibration")

        if not d.Worst.IsEmpty then
            writeWorst json "worst" d.Worst

        if not d.DenseWorst.IsEmpty then
            writeWorst json "denseWorst" d.DenseWorst

    let private read' (item: JsonElement) (name: string) =
        match item.GetProperty name with
        | value when value.ValueKind = JsonValueKind.Null -> nan
        | value -> value.GetDouble()

    let private calibration (item: JsonElement) : Calibration = {
        Error = read' item "error"
        Bins = [
            for bin in item.GetProperty("bins").EnumerateArray() do
                {
                    Count = bin.GetProperty("count").GetInt32()
                    Confidence = read' bin "confidence"
                    Accuracy = read' bin "accuracy"
                }
        ]
    }

    let private picture (item: JsonElement) : WorstPicture = {
        Index = item.GetProperty("index").GetInt32()
        Name = JsonText.text item "name"
        Class = JsonText.text item "class"
        TakenFor = JsonText.text item "takenFor"
        Probability = read' item "probability"
        Confidence = read' item "confidence"
        Loss = read' item "loss"
        Picture =
            match item.TryGetProperty "picture" with
            | true, _ -> Some(JsonText.text item "picture")
            | _ -> None
    }

    /// Reads what `write` wrote from the object that it is in; raises what `System.Text.Json` raises.
    let read (root: JsonElement) : RunDiagnosis =
        let whenThere (name: string) read =
            match root.TryGetProperty name with
            | true, item -> Some(read item)
            | _ -> None

        let pictures (name: string) =
            whenThere
                name
                (fun list -> [
                    for item in list.EnumerateArray() do
                        picture item
                ])
            |> Option.defaultValue []

        {
            Calibration = whenThere "calibration" calibration
            DenseCalibration = whenThere "denseCalibration" calibration
            Worst = pictures "worst"
            DenseWorst = pictures "denseWorst"
        }
