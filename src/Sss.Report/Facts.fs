namespace Sss.Report

open Sss.Core
open Sss.Dsl
open Sss.Files

/// A network with the text that it was read from.
type TextedNetwork = {
    Network: Network
    Recipe: Recipe option
}

/// A time in milliseconds per batch: the median, and the quartiles around it.
type Timing = {
    Median: float
    Low: float
    High: float
}

/// One line of `bench.json`.
type LatencyRow = {
    Engine: string
    Batch: int
    Dense: Timing
    Selected: Timing
    /// How many times as fast the selected network is.
    Speedup: float
}

/// What `sss bench` measured.
type LatencyFacts = { Threads: int; Rows: LatencyRow list }

/// The content of a report. What a run folder does not contain is None or empty, and listed in
/// `Missing`.
type RunFacts = {
    /// `network.sss`.
    Dense: TextedNetwork option
    /// `selected.sss`.
    Selected: TextedNetwork option
    /// The factors at the end of training, by the layer or residual that carries them.
    Factors: Map<string, float32[]>
    /// How every image is prepared for the network.
    Preparation: Preparation option
    /// Structures that stay although their factor is 0, with the rule.
    Stays: (Structure * StayRule) list
    /// The rows of `metrics.csv`.
    Epochs: (string * float) list list
    Result: RunResult option
    /// Small pictures of the images that are most wrong, as `data:` addresses, by the names that `Result` has for them.
    Thumbnails: Map<string, string>
    /// The same run with further seeds, and the networks to compare with.
    Controls: SeedRow list
    Latency: LatencyFacts option
    /// Files that are not there, with what the report lacks without them.
    Missing: (string * string) list
}

/// One run of a sweep.
type SweepPoint = {
    /// The label of what was varied: `γ 0.01`, `macs 0.5`.
    Label: string
    /// The first seed's.
    Result: RunResult
    /// All seeds of the selected network.
    Selected: SeedRow
    Controls: SeedRow list
    /// Measured on the first seed's network.
    Latency: LatencyFacts option
    /// The run's own report, relative to the sweep's; None: there is none.
    Link: string option
}

/// Runs of one network that differ in one number, in the order of that number.
type SweepFacts = {
    Network: string
    Points: SweepPoint list
}

/// Why there is no report.
type ReportError =
    | BadFile of FileError
    /// Mistakes in a text, with the text to draw them on.
    | BadText of path: string * text: string * Diagnostic list
    /// The folder holds none of the files that a run leaves.
    | NoRun of folder: string
    /// The folder holds no `sweep.json`.
    | NoSweep of folder: string

/// Wording.
[<RequireQualifiedAccess>]
module ReportError =

    /// What is wrong, with the name of the file, in a caller's words.
    let messageIn (w: Wording) (error: ReportError) : string =
        match error with
        | BadFile error -> FileError.messageIn w error
        | BadText(path, text, diagnostics) ->
            diagnostics |> List.map (Language.render path text) |> String.concat "\n"
        | NoSweep folder ->
            $"{Escape.line folder}: not a sweep's folder: it holds no {StudyFile.fileName}"
        | NoRun folder ->
            $"{Escape.line folder}: not a run folder: it holds neither network.sss, selected.sss, metrics.csv \
              nor result.json"

    /// The same in the words of the command line.
    let message (error: ReportError) : string = messageIn Wording.commandLine error
