namespace Sss.Cli

open System.IO
open FsToolkit.ErrorHandling
open Sss.Files
open Sss.Report

/// `sss report`, and the report at the end of other commands.
[<RequireQualifiedAccess>]
module ReportCommand =

    /// Writes the report of a run that has just ended. The run is done whatever becomes of its
    /// report, so that is a warning.
    let afterRun (folder: string) : unit =
        match Report.write folder with
        | Ok _ -> ()
        | Error error -> Terminal.error ("the report was not written: " + ReportError.message error)

    /// Writes the report of a run or a sweep, whichever the folder holds.
    let private page (folder: string) =
        if ReadSweep.isThere folder then
            Report.writeSweep folder
        else
            Report.write folder

    let private tell json (name: string) (path: string) =
        if json then
            Terminal.out ("{\"" + name + "\":" + Terminal.quoted path + "}")
        else
            Terminal.out $"{name} written: {path}"

    /// The tables of sweeps as one page.
    let private markdown (folders: string list) (notes: string option) (file: string) =
        result {
            let! studies = folders |> List.traverseResultM ReadSweep.study

            let! notes =
                notes
                |> Option.traverseResult (fun path ->
                    FileError.catching path (fun () -> Ok(File.ReadAllText path))
                    |> Result.mapError BadFile
                )

            do!
                AtomicFile.writeText file (Markdown.page notes studies)
                |> Result.mapError BadFile

            return file
        }

    /// `sss report DIR`
    let main (words: string[]) : int =
        match Usage.parse<ReportArgument> "report" words with
        | Error code -> code
        | Ok args ->
            let folders = args.GetResult ReportArgument.Runs
            let json = args.Contains ReportArgument.Json
            let notes = args.TryGetResult ReportArgument.Notes

            let tell written =
                match written with
                | Ok paths ->
                    for name, path in paths do
                        tell json name path

                    Exit.ok
                | Error error ->
                    Terminal.error (ReportError.message error |> _.TrimEnd())
                    Exit.fault

            match args.TryGetResult ReportArgument.Markdown, notes with
            | None, Some _ -> Usage.refuse "report" "--notes goes with --markdown."
            | Some file, _ ->
                tell (markdown folders notes file |> Result.map (fun path -> [ "page", path ]))
            | None, None ->
                folders
                |> List.traverseResultM (page >> Result.map (fun path -> "report", path))
                |> tell
