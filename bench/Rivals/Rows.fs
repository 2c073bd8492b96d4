namespace Sss.Bench.Rivals

open System.IO
open System.Text.Json
open FsToolkit.ErrorHandling
open Sss.Files

/// One try beside one run of `sss train --target-macs F`; numbers and text alone, so that
/// `System.Text.Json` writes and reads it as it is.
type Row = {
    /// The run's network, target and seed.
    Network: string
    Target: float
    Seed: int
    /// What the run's network came to.
    SelectedMacs: int64
    SelectedParams: int64
    /// With those of the dense network that it started from.
    SelectedTrainMacs: float
    SelectedAccuracy: float
    Try: Try
    Macs: int64
    Params: int64
    /// Epochs of the whole network, and of the small one.
    EpochsWhole: int
    EpochsSmall: int
    /// Forward macs of both, and of the training of the dense network where there was one before.
    TrainMacs: float
    Accuracy: float
}

/// Files of rows: one a try, in a folder for each run, and what is gathered of them.
[<RequireQualifiedAccess>]
module Rows =

    let private options = JsonSerializerOptions(WriteIndented = true, NewLine = "\n")

    /// Where a try's row stands; `run` is the run's folder in its study.
    let path (out: string) (run: string) (t: Try) =
        Path.Combine(out, run, (Try.text t).Replace(':', '-') + ".json")

    let read (path: string) : Result<Row list, FileError> =
        FileError.catching
            path
            (fun () ->
                JsonText.read
                    path
                    (File.ReadAllBytes path)
                    (fun root -> root.Deserialize<Row list> options |> nonNull)
            )

    /// A rival's run, as the tables of studies have it.
    let seedRun (row: Row) : SeedRun = {
        Seed = row.Seed
        Accuracy = row.Accuracy
        Params = row.Params
        Macs = row.Macs
        Epochs = row.EpochsWhole + row.EpochsSmall
        TrainMacs = Some row.TrainMacs
        Verdict = ""
    }

    /// Of the tries that were made beside a run.
    let ofRun (out: string) (run: string) : Result<Row list, FileError> =
        Try.all @ Try.fromDense
        |> List.distinct
        |> List.map (path out run)
        |> List.filter File.Exists
        |> List.traverseResultM read
        |> Result.map List.concat

    /// Whole or not at all.
    let write (path: string) (rows: Row list) : Result<unit, FileError> =
        AtomicFile.writeText path (JsonSerializer.Serialize(rows, options) + "\n")
