namespace Sss.Cli

open System
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

    let private tell json (name: string) (paths: string list) =
        match paths with
        | [ path ] when json -> Terminal.out ("{\"" + name + "\":" + Terminal.quoted path + "}")
        | paths when json ->
            let listed = String.Join(",", List.map Terminal.quoted paths)
            Terminal.out ("{\"" + name + "s\":[" + listed + "]}")
        | paths ->
            for path in paths do
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

            let tell name written =
                match written with
                | Ok paths ->
                    tell json name paths
                    Exit.ok
                | Error error ->
                    Terminal.error (ReportError.message error |> _.TrimEnd())
                    Exit.fault

            match args.TryGetResult ReportArgument.Markdown, notes with
            | None, Some _ -> Usage.refuse "report" "--notes goes with --markdown."
            | Some file, _ ->
                markdown folders notes file |> Result.map List.singleton |> tell "page"
            | None, None -> folders |> List.traverseResultM page |> tell "report"
