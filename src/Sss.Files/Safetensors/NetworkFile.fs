namespace Sss.Files

open System.Text.Json
open FsToolkit.ErrorHandling
open Sss.Core

/// A network as its weight file keeps it: enough to predict with nothing else at hand.
type SavedNetwork = {
    /// The network as `.sss`.
    Text: string
    /// Class names in the order of the scores; empty when they are not known.
    Classes: string list
    /// What the input images went through in training; none when that is not known.
    Preparation: Preparation option
    Weights: Weights<float32>
}

/// `network.safetensors` and `selected.safetensors`: weights with, in the metadata, everything that
/// makes them a network again. Keys: `sss.format` (1), `sss.network` (the text), `sss.classes`
/// (a JSON list), `sss.normalisation` (what `PreparationJson` writes).
[<RequireQualifiedAccess>]
module NetworkFile =

    /// The version that is written, and the only one that is read.
    [<Literal>]
    let Format = "1"

    let private classesText (classes: string list) =
        JsonText.ofWriter (fun writer ->
            writer.WriteStartArray()
            List.iter (fun (c: string) -> writer.WriteStringValue c) classes
            writer.WriteEndArray()
        )

    /// The metadata of a saved network; the ONNX file carries the same.
    let metadata (text: string) classes preparation : (string * string) list = [
        "sss.format", Format
        "sss.network", text
        "sss.classes", classesText classes
        match preparation with
        | Some p -> "sss.normalisation", PreparationJson.toText p
        | None -> ()
    ]

    let private parseClasses (text: string) : Result<string list, string> =
        try
            use document = JsonDocument.Parse text

            Ok [
                for item in document.RootElement.EnumerateArray() do
                    item.GetString() |> nonNull
            ]
        with
        | :? JsonException
        | :? System.NullReferenceException
        | :? System.InvalidOperationException -> Error "not a list of names"

    /// Writes a network's weights with its metadata.
    let write (path: string) (saved: SavedNetwork) : Result<unit, FileError> =
        Safetensors.write path saved.Weights (metadata saved.Text saved.Classes saved.Preparation)

    /// Reads back what `write` wrote. Whether the weights fit the network is asked with `check`
    /// once the text has been parsed.
    let read (path: string) : Result<SavedNetwork, FileError> =
        result {
            let! file = Safetensors.read path

            let fault = SafetensorsFile.metadataFault path
            let item key = SafetensorsFile.item path key file

            let! format = item "sss.format"

            if format <> Format then
                return! Error(fault (Unsupported("sss.format", format, Format)))

            let! text = item "sss.network"
            let! classes = item "sss.classes"

            let! classes =
                parseClasses classes
                |> Result.mapError (fun reason -> fault (Syntax("sss.classes", reason)))

            let! preparation =
                match Map.tryFind "sss.normalisation" file.Metadata with
                | None -> Ok None
                | Some text ->
                    PreparationJson.parse text
                    |> Result.map Some
                    |> Result.mapError (fun reason -> fault (Syntax("sss.normalisation", reason)))

            return {
                Text = text
                Classes = classes
                Preparation = preparation
                // A checkpoint is a weight file too; what else it holds has keys with an `@`.
                Weights =
                    SafetensorsFile.weights file
                    |> Map.filter (fun key _ -> not (key.StartsWith '@'))
            }
        }

    /// The keys of a network with the shapes that its weights must have, in the order of the text.
    let keys (network: Network) : (string * int list) list = [
        for p in Parameters.ofNetwork network do
            p.Key, p.Shape
        for key, count in Parameters.statistics network do
            key, [ count ]
        for f in Parameters.factors network do
            f.Key, [ f.Scale.Count ]
    ]

    /// What keeps weights from being this network's; empty when they are.
    let faults (network: Network) (weights: Weights<'T>) : WeightFault list =
        let expected = keys network
        let known = expected |> List.map fst |> Set.ofList

        [
            for key, shape in expected do
                match Map.tryFind key weights with
                | None -> MissingWeight key
                | Some t when t.Shape <> shape -> WrongWeightShape(key, shape, t.Shape)
                | Some _ -> ()
            for key in Map.keys weights do
                if not (Set.contains key known) then
                    SurplusWeight key
        ]

    /// Fails unless the weights of a file are this network's.
    let check (path: string) (network: Network) (weights: Weights<'T>) : Result<unit, FileError> =
        match faults network weights with
        | [] -> Ok()
        | faults -> Error(WeightsDiffer(path, faults))
