namespace Sss.Cli

open System
open System.Threading
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// What commands that compute have in common.
[<RequireQualifiedAccess>]
module Engine =

    /// LibTorch, computing with the given number of threads.
    let load (threads: int option) : Result<LibTorch, PipelineError> =
        LibTorch.load ()
        |> Result.mapError NoEngine
        |> Result.tee (fun engine -> threads |> Option.iter (LibTorch.useThreads engine))

    /// The data set as a network takes it; pictures that could not be read are told and left out.
    let data (network: Network) (source: DataSource) : Result<Dataset, PipelineError> =
        Dataset.loadFor network source
        |> Result.mapError BadFile
        |> Result.tee (fun dataset ->
            for broken in dataset.Skipped do
                Terminal.error ("left out: " + FileError.message broken)
        )

    /// The error's words on standard error, and the exit code that goes with it.
    let report (error: PipelineError) =
        match error with
        | NotTrained(Stopped state) ->
            Terminal.error
                $"Stopped on request after {state.Epoch} epochs; no network was selected."

            Exit.stopped
        | error ->
            Terminal.error (PipelineError.message error |> _.TrimEnd())
            Exit.fault

    /// Runs work that Ctrl-C asks to stop; a second Ctrl-C ends the process at once.
    let stoppable (work: CancellationToken -> 'T) : 'T =
        use source = new CancellationTokenSource()

        let handler =
            ConsoleCancelEventHandler(fun _ e ->
                if not source.IsCancellationRequested then
                    e.Cancel <- true
                    source.Cancel()
            )

        Console.CancelKeyPress.AddHandler handler

        try
            work source.Token
        finally
            Console.CancelKeyPress.RemoveHandler handler
