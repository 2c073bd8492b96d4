namespace Sss.Torch

open System.IO
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// A network read back from a file, with what its images have to go through.
type LoadedNetwork = {
    /// The weight file that it came from.
    Path: string
    Network: Network
    Weights: Weights<float32>
    /// Class names in the order of the scores; empty when they are not known.
    Classes: string list
    Preparation: Preparation option
    /// What makes its scores probabilities, where it has classes.
    Probabilities: Probabilities
}

/// The files of a run: names, writing, reading back.
[<RequireQualifiedAccess>]
module RunFolder =

    /// A file of a run.
    let file (folder: string) (name: string) = Path.Combine(folder, name)

    /// The two networks that a run leaves.
    let network = "network"

    /// The smaller of them.
    let selected = "selected"

    /// Writes `NAME.sss` and `NAME.safetensors`, each whole or not at all.
    let save
        (folder: string)
        (name: string)
        (text: string)
        (classes: string list)
        (preparation: Preparation)
        (probabilities: Probabilities)
        (weights: Weights<float32>)
        : Result<unit, FileError> =
        result {
            do!
                NetworkFile.write (file folder $"{name}.safetensors") {
                    Text = text
                    Classes = classes
                    Preparation = Some preparation
                    Probabilities = probabilities
                    Weights = weights
                    Strangers = []
                }

            do! AtomicFile.writeText (file folder $"{name}.sss") text
        }

    /// `save` with the names and the preparation of the data that a network was trained on, and the probabilities of
    /// the loss.
    let saveNetwork folder name text (dataset: Dataset) (loss: Loss) weights =
        save
            folder
            name
            text
            dataset.Classes
            dataset.Preparation
            (Probabilities.ofLoss loss)
            weights

    /// Reads a network from a weight file; its text is in the file.
    let loadFile (path: string) : Result<LoadedNetwork, PipelineError> =
        result {
            let! saved = NetworkFile.read path |> Result.mapError BadFile

            let! parsed =
                Language.parse saved.Text
                |> Result.mapError (fun diagnostics -> BadText(path, saved.Text, diagnostics))

            do! NetworkFile.checkSaved path parsed.Network saved |> Result.mapError BadFile

            return {
                Path = path
                Network = parsed.Network
                Weights = saved.Weights
                Classes = saved.Classes
                Preparation = saved.Preparation
                Probabilities = saved.Probabilities
            }
        }

    /// What a weight file of it holds.
    let internal saved (loaded: LoadedNetwork) : SavedNetwork = {
        Text = Language.print loaded.Network
        Classes = loaded.Classes
        Preparation = loaded.Preparation
        Probabilities = loaded.Probabilities
        Weights = loaded.Weights
        Strangers = []
    }

    /// Writes a weight file with its text.
    let saveFile (path: string) (loaded: LoadedNetwork) : Result<unit, FileError> =
        NetworkFile.write path (saved loaded)

    /// A network at hand as one from a file, to be timed.
    let inMemory (network: Network) (weights: Weights<float32>) (dataset: Dataset) : LoadedNetwork = {
        Path = network.Name
        Network = network
        Weights = weights
        Classes = dataset.Classes
        Preparation = Some dataset.Preparation
        Probabilities = Probabilities.Softmax
    }

    let private results = [
        "result.json"
        "bench.json"
        "report.html"
        $"{selected}.onnx"
        $"{selected}.sss"
        $"{selected}.safetensors"
    ]

    /// Whether everything that a run writes has a place in the folder: only files are where
    /// its files go, and only folders where its folders go.
    let checkPlaces (folder: string) : Result<unit, FileError> =
        result {
            do! RegularFile.checkFolder folder

            for name in [ "checkpoint"; "events"; RunDiagnosis.pictureFolder ] do
                do! RegularFile.checkFolder (file folder name)

            for name in results @ [ "metrics.csv"; $"{network}.sss"; $"{network}.safetensors" ] do
                do! AtomicFile.check (file folder name)
        }

    /// Creates the folder, and checks that it can be written to: better now than after training.
    let prepare (folder: string) : Result<unit, FileError> =
        let proof = file folder ".writable"

        result {
            do! checkPlaces folder

            do!
                AtomicFile.writeText proof ""
                |> Result.mapError (
                    function
                    // The folder is what the user knows of.
                    | NotAllowed _ -> NotAllowed folder
                    | NotAvailable(_, reason) -> NotAvailable(folder, reason)
                    | DiskFull _ -> DiskFull folder
                    | other -> other
                )

            do! AtomicFile.delete proof
        }

    /// Writes the pictures, by rank.
    let saveWorst (folder: string) (pictures: (int * byte[]) list) : Result<unit, FileError> =
        result {
            for rank, content in pictures do
                do!
                    AtomicFile.write
                        (file folder (RunDiagnosis.pictureFile rank))
                        (fun stream -> stream.Write(content, 0, content.Length))
        }

    /// Deletes the results of an earlier run that come after the trained network, so that the files of
    /// a folder always belong to one run.
    let clearResults (folder: string) : Result<unit, FileError> =
        results @ List.map RunDiagnosis.pictureFile [ 1 .. RunDiagnosis.mostWorst ]
        |> List.map (file folder)
        |> List.traverseResultM AtomicFile.delete
        |> Result.ignore

    /// Reads the network that a run trained, whole, with its factors.
    let loadDense (folder: string) : Result<LoadedNetwork, PipelineError> =
        loadFile (file folder $"{network}.safetensors")

    /// Reads a run's selected network, or a weight file, whichever the path is. (The text next to
    /// the weights is for people: the one inside the weight file always belongs to it.)
    let load (path: string) : Result<LoadedNetwork, PipelineError> =
        if Directory.Exists path then
            loadFile (file path $"{selected}.safetensors")
        else
            loadFile path

    /// Deletes what a killed process left half-written: temporary files that were never
    /// renamed. (One of another process at work in the same folder would be lost to it: a folder is
    /// one run's.)
    let sweep (folder: string) : Result<unit, FileError> =
        [ folder; Checkpoint.folder folder ]
        |> List.filter Directory.Exists
        |> List.collect (fun f -> Directory.GetFiles(f, ".*.tmp") |> List.ofArray)
        |> List.traverseResultM AtomicFile.delete
        |> Result.ignore

    /// The row of an epoch in `metrics.csv`. Epochs count from 1; costs are those of the network
    /// that selection would leave, not a number where a layer has died. The columns are the same in
    /// all epochs of a run: factors of each kind, and of each layer and residual that carries any.
    let metrics (report: EpochReport) : (string * float) list =
        let factors kind =
            report.Factors
            |> List.filter (fun f -> f.Kind = kind)
            |> List.sumBy (fun f -> f.NonZero)
            |> float

        let orNan read value =
            value |> Option.map read |> Option.defaultValue nan

        // A run without shared factors has the columns that it always had.
        let ifShared columns =
            if report.Factors |> List.exists (fun f -> f.Kind = Shared) then
                columns
            else
                []

        [
            "epoch", float (report.Epoch + 1)
            "loss", report.Loss
            "accuracy", report.Accuracy
            "validation_loss", report.Validation |> orNan (fun v -> v.Loss)
            "validation_accuracy", report.Validation |> orNan (fun v -> v.Accuracy)
            // The metrics of other tasks than one class for each image, which accuracy does not say.
            match report.Validation with
            | Some v ->
                for metric in Quality.metrics v.Quality do
                    if metric.Column <> "accuracy" then
                        $"validation_{metric.Column}", metric.Value
            | None -> ()
            "lr", report.Rate
            "gamma_neuron", report.Gamma.Neuron
            "gamma_group", report.Gamma.Group
            "gamma_block", report.Gamma.Block
            yield! ifShared [ "gamma_shared", report.Gamma.Shared ]
            "neurons", factors Neuron
            "groups", factors Group
            "blocks", factors Block
            yield! ifShared [ "shared", factors Shared ]
            "macs", report.WouldBe |> orNan (fun c -> float c.Macs)
            "params", report.WouldBe |> orNan (fun c -> float c.Params)
            "images_per_second", report.ImagesPerSecond
            "dose_neuron", report.Dose.Neuron
            "dose_group", report.Dose.Group
            "dose_block", report.Dose.Block
            yield! ifShared [ "dose_shared", report.Dose.Shared ]
            for o in report.Owners do
                $"nonzero.{o.Owner}", float o.NonZero
        ]
