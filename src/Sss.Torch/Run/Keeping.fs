namespace Sss.Torch

open System.IO
open FsToolkit.ErrorHandling
open Sss.Files

/// What a run does with what an earlier one left in its folder.
[<RequireQualifiedAccess>]
type Start =
    /// Starts at the first step; a run in the folder that is not at its end is an error.
    | New
    /// Starts at the first step, whatever the folder holds.
    | Restart
    /// Goes on from the last checkpoint, or starts where there is none.
    | Resume

/// What a run keeps while it trains, and where it begins.
type internal Kept = {
    /// The state to go on from; None: the first step.
    From: TrainState option
    Keeper: Keeper
    /// Held while the run is at work in its folder.
    Lock: FileStream
}

/// The files of a run that grow with it: checkpoints, `metrics.csv`, `events/`.
[<RequireQualifiedAccess>]
module internal Keeping =

    let private metrics folder = RunFolder.file folder "metrics.csv"

    /// A run that has results is at its end: whatever keeps a checkpoint takes older results away
    /// first.
    let private checkFinished folder =
        match Checkpoint.files folder with
        | newest :: _ when not (File.Exists(RunFolder.file folder "result.json")) ->
            Error(Unfinished(folder, newest))
        | _ -> Ok()

    /// Two runs in one folder would write over each other's states.
    let private lock folder : Result<FileStream, PipelineError> =
        FolderLock.take (Checkpoint.folder folder)
        |> Result.mapError (
            function
            | NotAvailable _ -> Occupied folder
            | error -> BadFile error
        )

    let private clear folder =
        result {
            do! Checkpoint.clear folder
            do! AtomicFile.delete (metrics folder)
            let events = RunFolder.file folder "events"

            if Directory.Exists events then
                for file in Directory.GetFiles(events, "events.out.tfevents.*") do
                    do! AtomicFile.delete file
        }
        |> Result.mapError BadFile

    let private resume folder identity emit =
        result {
            let! resumed = Checkpoint.resume folder identity |> Result.mapError NotResumed
            let state = Option.map snd resumed.Found
            let epoch = state |> Option.map _.Epoch |> Option.defaultValue 0

            emit (
                Resumed {
                    Checkpoint = Option.map fst resumed.Found
                    Epoch = epoch
                    Step = state |> Option.map _.Step |> Option.defaultValue 0L
                    Damaged = List.map FileError.message resumed.Damaged
                }
            )

            // Rows of epochs that are done again are written again.
            do!
                MetricsFile.filter
                    (metrics folder)
                    (List.exists (fun (name, value) -> name = "epoch" && value <= float epoch))
                |> Result.mapError BadFile

            return state
        }

    let private keeper folder identity emit : Keeper =
        let isFirst = ref true
        let reported: Set<string> ref = ref Set.empty

        let events = lazy (Events(RunFolder.file folder "events"))

        // What is written for people to look at never ends the training that it is about.
        let tried name (written: Result<unit, FileError>) =
            match written with
            | Ok() -> ()
            | Error error ->
                if not (reported.Value.Contains name) then
                    reported.Value <- reported.Value.Add name
                    emit (NotWritten error)

        {
            Epoch =
                fun report ->
                    MetricsFile.append (metrics folder) (RunFolder.metrics report)
                    |> tried "metrics.csv"

                    let path = RunFolder.file folder "events"

                    FileError.catching path (fun () -> events.Value.Add report) |> tried "events"

                    Ok()
            State =
                fun state ->
                    result {
                        if isFirst.Value then
                            do! RunFolder.clearResults folder
                            isFirst.Value <- false

                        do! Checkpoint.save folder identity state
                    }
            Every = Checkpoint.every
        }

    /// Makes a run folder ready; None where there is none.
    let start
        (out: string option)
        (start: Start)
        identity
        emit
        : Result<Kept option, PipelineError> =
        match out with
        | None -> Ok None
        | Some folder ->
            result {
                do! RunFolder.checkPlaces folder |> Result.mapError BadFile
                let! held = lock folder

                let begun () =
                    match start with
                    | Start.Resume -> resume folder identity emit
                    | Start.New ->
                        checkFinished folder
                        |> Result.bind (fun () -> clear folder)
                        |> Result.map (fun () -> None)
                    | Start.Restart -> clear folder |> Result.map (fun () -> None)

                let! from =
                    RunFolder.sweep folder
                    |> Result.mapError BadFile
                    |> Result.bind begun
                    |> Result.teeError (fun _ -> held.Dispose())

                return
                    Some {
                        From = from
                        Keeper = keeper folder identity emit
                        Lock = held
                    }
            }
