namespace Sss.Cli

open System
open System.IO
open System.Threading
open Sss.Files
open Sss.Torch

/// How fast a sweep's selected networks are.
[<RequireQualifiedAccess>]
module SweepLatency =

    /// Seconds per row: a sweep compares networks, it does not publish times.
    let private benchSeconds = "0.3"

    /// Measures each point's first network, one at a time when nothing else is at work.
    let measure quiet (p: PreparedSweep) (threads: int option) (stop: CancellationToken) =
        for point in p.Points do
            let path = SweepFolder.bench p point
            let folder = Path.GetDirectoryName path |> nonNull

            if
                not (File.Exists path)
                && File.Exists(Path.Combine(folder, "result.json"))
                && not stop.IsCancellationRequested
            then
                if not quiet then
                    Terminal.error $"measuring latency: {point.Label}"

                let threads =
                    threads
                    |> Option.map (fun n -> [ "--threads"; string n ])
                    |> Option.defaultValue []

                let words = [ "bench"; folder; "--seconds"; benchSeconds; "--json" ] @ threads

                match Children.start (folder + ".log") words with
                | Error reason -> Terminal.error $"{folder}: latency was not measured: {reason}"
                | Ok child ->
                    use ended = child.Process

                    try
                        child.Ended.Wait stop
                    with :? OperationCanceledException ->
                        ended.Kill()
                        child.Ended.Wait()

                    if ended.ExitCode <> Exit.ok && not stop.IsCancellationRequested then
                        let said = String.Join("\n  ", child.Said())
                        Terminal.error $"{folder}: latency was not measured: {said}"
