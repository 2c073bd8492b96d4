namespace Sss.Cli

open System
open System.Runtime.InteropServices
open System.Threading
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// What commands that compute have in common.
[<RequireQualifiedAccess>]
module Engine =

    /// LibTorch, computing on a device with the given number of threads and, in training, at a
    /// precision.
    let loadFor device precision (threads: int option) : Result<LibTorch, PipelineError> =
        LibTorch.load ()
        |> Result.bind (LibTorch.choose device precision)
        |> Result.mapError NoEngine
        |> Result.tee (fun engine -> threads |> Option.iter (LibTorch.useThreads engine))

    /// The same on the CPU.
    let load (threads: int option) : Result<LibTorch, PipelineError> =
        loadFor Cpu Precision.Float32 threads

    /// Whether a file can be written, and is not there yet where nothing is to be overwritten.
    let checkFree (isForced: bool) (path: string) : Result<unit, PipelineError> =
        result {
            do! AtomicFile.check path

            if IO.File.Exists path && not isForced then
                return! Error(NotAvailable(path, "it exists already; --force overwrites it"))
        }
        |> Result.mapError BadFile

    /// Prints how an array of images was interpreted, on standard error.
    let tellPixels (dataset: Dataset) =
        dataset.Facts |> Option.iter (PixelFacts.text >> Terminal.error)

    /// Pictures that could not be read and are left out, on standard error.
    let tellSkipped (dataset: Dataset) =
        for broken in dataset.Skipped do
            Terminal.error ("skipped: " + FileError.message broken)

    /// The data set as a network takes it, with pictures read by these options; pictures that could not be read are reported and skipped.
    let data (network: Network) options (source: DataSource) : Result<Dataset, PipelineError> =
        Dataset.loadFor network options source
        |> Result.mapError BadFile
        |> Result.tee tellSkipped

    /// The data set of this name as a network from a file takes it, with pictures read as those of its training.
    let dataOf (loaded: LoadedNetwork) (name: string) : Result<Dataset, PipelineError> =
        let options =
            loaded.Preparation
            |> Option.map _.Pictures
            |> Option.defaultValue PictureOptions.standard

        DataSource.parse name
        |> Result.mapError BadFile
        |> Result.bind (data loaded.Network options)

    /// Remarks about a data set, as one block on standard error.
    let tell (dataset: string) (notes: DataNote list) =
        DataNote.block $"data set {dataset}:" notes |> List.iter Terminal.error

    /// Prints the error on standard error, and gives the exit code for it.
    let report (error: PipelineError) =
        Terminal.error (PipelineError.message error |> _.TrimEnd())

        match error with
        | NotTrained(Stopped _)
        | Ended(Stopped _, _) -> Exit.stopped
        | _ -> Exit.fault

    /// The end of its input tells a child of a study to stop.
    let private stopWithInput (source: CancellationTokenSource) =
        let wait () =
            try
                use input = Console.OpenStandardInput()
                let one = Array.zeroCreate<byte> 1

                while input.Read(one, 0, 1) > 0 do
                    ()

                source.Cancel()
            with
            // The work was done before.
            | :? ObjectDisposedException
            | :? IO.IOException -> ()

        if Environment.GetEnvironmentVariable Children.stopVariable = "1" then
            Thread(wait, IsBackground = true).Start()

    let private sigusr1 = 10

    /// Runs work that Ctrl-C, the end of the terminal or a request to end the process can stop, once
    /// the work has called the function that it is given; before that they end the process, and so does
    /// a second one.
    let stoppableFrom (work: (unit -> unit) -> CancellationToken -> 'T) : 'T =
        use source = new CancellationTokenSource()
        let isBegun = ref false
        // Of signals alone: Ctrl-C reaches the child of a study beside the end of its input, in either
        // order, and is its first signal still.
        let isSignalled = ref false

        let handle (context: PosixSignalContext) =
            if isBegun.Value && not isSignalled.Value then
                isSignalled.Value <- true
                context.Cancel <- true
                source.Cancel()
            else
                Terminal.showCursor ()

        use _ = PosixSignalRegistration.Create(PosixSignal.SIGINT, handle)
        use _ = PosixSignalRegistration.Create(PosixSignal.SIGTERM, handle)
        use _ = PosixSignalRegistration.Create(PosixSignal.SIGHUP, handle)

        // `mpirun` kills its ranks a moment after it gets a request to end; it passes this signal on.
        use _ =
            match Launch.ofEnvironment () with
            | Launch.Ranks _ when OperatingSystem.IsLinux() ->
                Some(PosixSignalRegistration.Create(enum<PosixSignal> sigusr1, handle))
            | _ -> None
            |> Option.toObj

        stopWithInput source
        work (fun () -> isBegun.Value <- true) source.Token

    /// The same for work that can be stopped from its beginning.
    let stoppable (work: CancellationToken -> 'T) : 'T =
        stoppableFrom (fun begin' stop ->
            begin' ()
            work stop
        )
