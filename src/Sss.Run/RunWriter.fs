namespace Sss.Torch

open System
open System.IO
open FsToolkit.ErrorHandling
open Sss.Files

/// What a run does with what an earlier one left in its folder.
[<RequireQualifiedAccess>]
type Start =
    /// Starts at the first step; a run in the folder that is not at its end is an error.
    | New
    /// Starts at the first step, regardless of what is in the folder.
    | Restart
    /// Continues from the last checkpoint, or starts if there is none.
    | Resume

/// A folder that a run fills.
type RunPlace = {
    Folder: string
    Start: Start
    /// Whether further seeds and controls will be below the folder.
    HasOthers: bool
}

/// What a job leaves on disk.
[<RequireQualifiedAccess>]
type Keep =
    | Nothing
    /// States to continue from, and nothing else. The newest is continued, where there is one.
    | Checkpoints of folder: string
    | Run of RunPlace

/// The files of a run that grow with it: checkpoints, `metrics.csv`, `events/`.
[<RequireQualifiedAccess>]
module internal RunWriter =

    let private metrics folder = RunFolder.file folder "metrics.csv"

    /// A run that has results is finished, so older results are deleted before a checkpoint is saved
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

    /// Folders of further seeds and of controls.
    let private others = [ "controls"; "seeds" ]

    /// What an earlier run left of them is continued, thrown away, or in the way. Runs that have
    /// their means in `result.json` are at their end.
    let private clearOthers (place: RunPlace) : Result<unit, PipelineError> =
        let folder name = RunFolder.file place.Folder name
        let there = others |> List.map folder |> List.filter Directory.Exists

        let isUnfinished () =
            match ResultFile.read (RunFolder.file place.Folder "result.json") with
            | Ok result -> result.Controls.IsEmpty && result.Repeats.IsNone
            | Error _ -> true

        if place.Start = Start.Resume || there.IsEmpty then
            Ok()
        elif place.Start = Start.New && isUnfinished () then
            Error(Unfinished(place.Folder, folder "controls"))
        else
            FileError.catching
                place.Folder
                (fun () ->
                    for folder in there do
                        Directory.Delete(folder, true)

                    Ok()
                )
            |> Result.mapError BadFile

    /// Prepares a run folder. The result locks it until it is disposed.
    let take (place: RunPlace) : Result<IDisposable, PipelineError> =
        result {
            do! RunFolder.prepare place.Folder |> Result.mapError BadFile
            let! held = lock place.Folder

            return!
                result {
                    do! RunFolder.sweep place.Folder |> Result.mapError BadFile

                    if place.HasOthers then
                        do! clearOthers place

                    if place.Start = Start.New then
                        do! checkFinished place.Folder

                    return held :> IDisposable
                }
                |> Result.teeError (fun _ -> held.Dispose())
        }

    /// The state that an earlier run left to continue from, and what keeps this one's. What conflicts with
    /// a new run is deleted.
    let start
        (keep: Keep)
        identity
        (emit: TrainEvent -> unit)
        : Result<TrainState option * Keeper option, PipelineError> =
        match keep with
        | Keep.Nothing -> Ok(None, None)
        | Keep.Checkpoints folder ->
            Checkpoint.resume folder identity
            |> Result.mapError NotResumed
            |> Result.map (fun resumed ->
                Option.map snd resumed.Found, Some(Checkpoint.keeper folder identity)
            )
        | Keep.Run place ->
            match place.Start with
            | Start.Resume -> resume place.Folder identity emit
            | Start.New
            | Start.Restart -> clear place.Folder |> Result.map (fun () -> None)
            |> Result.map (fun from -> from, Some(keeper place.Folder identity emit))
