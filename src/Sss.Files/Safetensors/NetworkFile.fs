namespace Sss.Files

open System
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
    Probabilities: Probabilities
    Weights: Weights<float32>
    /// Names in the file that are no array of any network; `write` writes none.
    Strangers: string list
}

/// `network.safetensors` and `selected.safetensors`: weights with, in the metadata, everything that
/// makes them a network again. Keys: `sss.format` (1), `sss.network` (the text), `sss.classes`
/// (a JSON list), `sss.normalisation` (what `PreparationJson` writes), and `sss.probabilities` where they are
/// not the softmax of the scores.
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
    let metadata (text: string) classes preparation probabilities : (string * string) list = [
        "sss.format", Format
        "sss.network", text
        "sss.classes", classesText classes
        match preparation with
        | Some p -> "sss.normalisation", PreparationJson.toText p
        | None -> ()
        if probabilities <> Probabilities.Softmax then
            "sss.probabilities", Probabilities.word probabilities
    ]

    let private parseClasses (text: string) : Result<string list, string> =
        try
            use document = JsonDocument.Parse text

            let names = [
                for item in document.RootElement.EnumerateArray() do
                    item.GetString() |> Option.ofObj
            ]

            if List.forall Option.isSome names then
                Ok(List.choose id names)
            else
                Error "not a list of names"
        with
        | :? JsonException
        | :? InvalidOperationException -> Error "not a list of names"

    /// Class names of the entry `sss.classes`, each once.
    let internal classesOf (text: string) : Result<string list, Fault> =
        parseClasses text
        |> Result.mapError (fun reason -> Syntax("sss.classes", reason))
        |> Result.bind (fun classes ->
            match classes |> List.countBy id |> List.tryFind (fun (_, count) -> count > 1) with
            | Some(name, _) -> Error(Duplicate("the class", name))
            | None -> Ok classes
        )

    /// The preparation of the entry `sss.normalisation`, where there is one.
    let internal preparationOf (text: string option) : Result<Preparation option, Fault> =
        match text with
        | None -> Ok None
        | Some text ->
            PreparationJson.parse text
            |> Result.map Some
            |> Result.mapError (fun reason -> Syntax("sss.normalisation", reason))

    /// The probabilities of the entry `sss.probabilities`; the softmax where there is none.
    let internal probabilitiesOf (text: string option) : Result<Probabilities, Fault> =
        match text with
        | None -> Ok Probabilities.Softmax
        | Some text ->
            Probabilities.ofWord text
            |> Result.requireSome (Unsupported("sss.probabilities", text, "softmax and sigmoid"))

    /// Writes a network's weights with its metadata.
    let write (path: string) (saved: SavedNetwork) : Result<unit, FileError> =
        metadata saved.Text saved.Classes saved.Preparation saved.Probabilities
        |> Safetensors.write path saved.Weights

    /// A checkpoint is a weight file too; what else it holds has names with an `@`.
    let private isOwn (name: string) = not (name.StartsWith '@')

    /// Reads back what `write` wrote. Whether the weights fit the network is checked with `check`
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
            let! classes = classesOf classes |> Result.mapError fault

            let! preparation =
                preparationOf (Map.tryFind "sss.normalisation" file.Metadata)
                |> Result.mapError fault

            let! probabilities =
                probabilitiesOf (Map.tryFind "sss.probabilities" file.Metadata)
                |> Result.mapError fault

            return {
                Text = text
                Classes = classes
                Preparation = preparation
                Probabilities = probabilities
                Weights = SafetensorsFile.weights file |> Map.filter (fun key _ -> isOwn key.Owner)
                Strangers = SafetensorsFile.strangers file |> List.filter isOwn
            }
        }

    /// The keys of a network with the shapes that its weights must have, in the order of the text.
    let keys (network: Network) : (ArrayKey * int list) list = [
        for p in Parameters.ofNetwork network do
            p.Key, p.Shape
        for s in Parameters.statistics network do
            s.Key, s.Spec.Shape
        for f in Parameters.factors network do
            f.Key, [ f.Scale.Count ]
    ]

    let private faultsWith strangers (network: Network) (weights: Weights<'T>) : WeightFault list =
        let expected = keys network
        let known = expected |> List.map fst |> Set.ofList

        [
            for key, shape in expected do
                match Map.tryFind key weights with
                | None -> MissingWeight key
                | Some t when t.Shape <> shape -> WrongWeightShape(key, shape, t.Shape)
                | Some _ -> ()
            let surplus = [
                for key in Map.keys weights do
                    if not (Set.contains key known) then
                        ArrayKey.text key
            ]

            for name in List.sortWith (fun a b -> String.CompareOrdinal(a, b)) (surplus @ strangers) do
                SurplusWeight name
        ]

    /// What keeps weights from being this network's; empty when they are.
    let faults (network: Network) (weights: Weights<'T>) : WeightFault list =
        faultsWith [] network weights

    /// What numbers of these weights no network can have: values that are not finite, running variances
    /// below 0. An array each, in the order of the text.
    let numberFaults (network: Network) (weights: Weights<float32>) : NumberFault list =
        let variances =
            Parameters.statistics network
            |> List.filter (fun s -> s.Spec.Role = ArrayRole.RunningVariance)
            |> List.map _.Key
            |> Set.ofList

        let isWrong (value: float32) = not (Single.IsFinite value)

        keys network
        |> List.choose (fun (key, _) ->
            Map.tryFind key weights
            |> Option.bind (fun { Data = data } ->
                match Array.tryFindIndex isWrong data with
                | Some at ->
                    let count = data |> Array.filter isWrong |> Array.length
                    Some(NotFinite(key, at, float data[at], count, data.Length))
                | None when variances.Contains key ->
                    data
                    |> Array.tryFindIndex (fun value -> value < 0.0f)
                    |> Option.map (fun at -> NegativeVariance(key, at, float data[at]))
                | None -> None
            )
        )

    let private checkWith strangers path (network: Network) (weights: Weights<float32>) =
        match faultsWith strangers network weights with
        | [] ->
            match numberFaults network weights with
            | [] -> Ok()
            | faults -> Error(BadNumbers(path, faults))
        | faults -> Error(WeightsDiffer(path, faults))

    /// Fails unless the weights of a file are this network's, with numbers that a network can have.
    let check
        (path: string)
        (network: Network)
        (weights: Weights<float32>)
        : Result<unit, FileError> =
        checkWith [] path network weights

    /// `check`, and fails unless class names and preparation are the network's too, where they are
    /// known. Every reader of a network file checks this before using it.
    let checkSaved
        (path: string)
        (network: Network)
        (saved: SavedNetwork)
        : Result<unit, FileError> =
        let differs what (expected: int) of' (found: int) =
            Error(
                SafetensorsFile.metadataFault
                    path
                    (Mismatch(what, $"{expected} (the network's {of'})", string found))
            )

        result {
            let names = saved.Classes.Length

            if names <> 0 && names <> network.Classes then
                return! differs "names in `sss.classes`" network.Classes "classes" names

            match saved.Preparation with
            | Some n when n.Mean.Length <> network.Input.Channels ->
                return!
                    differs
                        "values in `sss.normalisation`"
                        network.Input.Channels
                        "input channels"
                        n.Mean.Length
            | _ -> ()

            do! checkWith saved.Strangers path network saved.Weights
        }
