namespace Sss.Cli

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// `sss bench`.
[<RequireQualifiedAccess>]
module BenchCommand =

    let private milliseconds (value: float) = value.ToString "0.000"

    let private spread (s: Spread) =
        $"{milliseconds s.Median} ({milliseconds s.Low}-{milliseconds s.High})"

    let private table (result: BenchResult) =
        Terminal.columns [
            [ "engine"; "batch"; "full ms"; "selected ms"; "speed-up" ]
            for row in result.Rows do
                [
                    row.Engine
                    string row.Batch
                    spread row.Dense
                    spread row.Selected
                    row.SpeedUp.ToString "0.00"
                ]
        ]

    let private size (loaded: LoadedNetwork) =
        let cost = Cost.ofNetwork loaded.Network
        $"{Number.grouped cost.Macs} macs"

    /// Why a smaller network may not be faster: where it spends its time.
    let private explanation (result: BenchResult) = [
        match BenchResult.slowRows result with
        | [] -> ()
        | slow ->
            let places = slow |> List.map (fun row -> $"{row.Engine} at batch {row.Batch}")

            yield "The selected network is not faster in " + String.Join(", ", places) + "."
            let total = result.Layers |> List.sumBy (fun layer -> layer.Median)

            let most =
                result.Layers
                |> List.truncate 5
                |> List.map (fun layer ->
                    $"{layer.Name} {Number.percent (layer.Median / total)} \
                      ({Number.grouped layer.Macs} macs)"
                )

            if total > 0.0 then
                yield
                    $"Most of its time at batch {result.LayerBatch}, layers run alone in LibTorch: "
                    + String.Join(", ", most)
                    + "."
    ]

    let private print json (dense: LoadedNetwork) selected (result: BenchResult) =
        if json then
            Terminal.out (BenchResult.toJson result)
        else
            Terminal.out
                $"{dense.Network.Name}: full {size dense}, selected {size selected}, \
                  threads {result.Threads}"

            for line in table result @ explanation result do
                Terminal.out line

    let private measure device threads seconds folder =
        result {
            let! dense = RunFolder.loadDense folder
            let! selected = RunFolder.loadFile (RunFolder.file folder "selected.safetensors")
            let! engine = Engine.loadFor device Precision.Float32 threads
            let threads = threads |> Option.defaultValue Environment.ProcessorCount
            let! measured = Bench.run engine threads seconds dense selected
            return dense, selected, measured
        }

    /// Writes the figures into the run folder, and its report again.
    let private save folder (measured: BenchResult) : int =
        match
            AtomicFile.writeText
                (RunFolder.file folder "bench.json")
                (BenchResult.toJson measured + "\n")
        with
        | Ok() -> ReportCommand.afterRun folder
        | Error error -> Engine.report (BadFile error)

    let private checkSeconds (seconds: float) =
        if Double.IsFinite seconds && seconds > 0.0 then
            Ok seconds
        else
            Error $"--seconds must be more than 0, not {Number.brief seconds}."

    let private numbers (args: Argu.ParseResults<BenchArgument>) =
        result {
            let! threads =
                args.TryGetResult BenchArgument.Threads |> Option.traverseResult Usage.threads

            let! seconds = args.GetResult(BenchArgument.Seconds, 2.0) |> checkSeconds
            let! device = args.TryGetResult BenchArgument.Device |> Usage.device
            return device, threads, seconds
        }

    /// `sss bench DIR`
    let main (words: string[]) : int =
        match Usage.parse<BenchArgument> "bench" words with
        | Error code -> code
        | Ok args ->
            match numbers args with
            | Error message -> Usage.refuse "bench" message
            | Ok(device, threads, seconds) ->
                let folder = args.GetResult BenchArgument.Path

                match measure device threads seconds folder with
                | Error error -> Engine.report error
                | Ok(dense, selected, measured) ->
                    // Prints the measurements first, because writing may fail.
                    print (args.Contains BenchArgument.Json) dense selected measured
                    save folder measured
