namespace Sss.Cli

open System
open System.IO
open FsToolkit.ErrorHandling
open Sss.Dsl
open Sss.Files
open Sss.Torch

/// Runs that were done elsewhere: what their sweep.json holds of them is put where a run of this sweep would
/// have put it. That is all that tables and controls need; weights are not in it.
[<RequireQualifiedAccess>]
module SweepKnown =

    /// Points and seeds may be others: runs are known by their folders.
    let private isSame item =
        List.contains item [ "network"; "recipe"; "options"; "init" ]

    let private writes (p: PreparedSweep) (known: Study) (run: Sss.Files.StudyRun) =
        let folder = Path.Combine(p.Settings.Out, run.Folder)
        let file name = RunFolder.file folder name

        [
            match run.Selected with
            | Some text ->
                file $"{RunFolder.network}.sss", Language.print p.Settings.Network
                file $"{RunFolder.selected}.sss", text
            | None -> ()

            for label, bench in known.Benches do
                if run.Point = Some label && run.Kind = StudyKind.Selected then
                    match p.Empty.Seeds with
                    | first :: _ when first = run.Seed -> file "bench.json", bench
                    | _ -> ()

            // The last one: with it the run is done.
            file "result.json", ResultFile.toText run.Result
        ]

    let private take (p: PreparedSweep) (known: Study) (run: Sss.Files.StudyRun) =
        writes p known run
        |> List.traverseResultM (fun (path, text) ->
            AtomicFile.writeText path text |> Result.mapError FileError.message
        )
        |> Result.ignore

    /// Puts into the sweep's folder what the file knows of runs that are not there yet, and says how
    /// many of them there were.
    let bring (p: PreparedSweep) (path: string) : Result<int, string> =
        result {
            let! known = StudyFile.read path |> Result.mapError FileError.message

            do!
                match SweepFolder.differences path known p.Empty isSame with
                | [] -> Ok()
                | lines -> Error(String.Join("\n", lines))

            let isWanted (run: Sss.Files.StudyRun) =
                let isThere =
                    File.Exists(
                        RunFolder.file (Path.Combine(p.Settings.Out, run.Folder)) "result.json"
                    )

                not isThere && p.Jobs |> List.exists (fun job -> job.Folder = run.Folder)

            let wanted = known.Runs |> List.filter isWanted

            if
                wanted
                |> List.exists (fun run -> run.Kind = StudyKind.Selected && run.Selected.IsNone)
            then
                return!
                    Error
                        $"{path} does not contain the texts of its selected networks: an older sss wrote it"

            for run in wanted do
                do! take p known run

            return wanted.Length
        }
