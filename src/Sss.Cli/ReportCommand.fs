namespace Sss.Cli

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Report

/// `sss report`, and the report at the end of other commands.
[<RequireQualifiedAccess>]
module ReportCommand =

    /// The message for a report that could not be written, and the exit code. The run or the sweep
    /// that it is about is kept.
    let private written (folder: string) (report: Result<string, ReportError>) : int =
        match report with
        | Ok _ -> Exit.ok
        | Error error ->
            Terminal.error (
                "the report was not written: "
                + (ReportError.message error).TrimEnd()
                + $"\nEverything else is saved; write the report later with: sss report {Escape.line folder}"
            )

            Exit.fault

    /// Writes the report of a run that has just ended.
    let afterRun (folder: string) : int = written folder (Report.write folder)

    /// Writes the report of a sweep that has just ended.
    let afterSweep (folder: string) : int =
        written folder (Report.writeSweep folder)

    /// A folder as a word of a command line.
    let private word (folder: string) =
        let text = Escape.line folder
        if text.Contains ' ' then "'" + text + "'" else text

    /// The last lines about a run or a sweep: where it is, and what to do with it. `report`: the exit code of
    /// its report's writing; None: no report was requested. `next`: a command, given the folder.
    let saved
        (heading: string)
        (folder: string)
        (report: int option)
        (next: string -> string)
        : string =
        let where = heading + Escape.line folder

        if report = Some Exit.ok then
            where
            + "; for details see report.html there\n"
            + "next".PadRight heading.Length
            + next (word folder)
        else
            where

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
                Terminal.out $"{name} written: {Escape.line path}"

    /// The tables of sweeps as one page.
    let private markdown (folders: string list) (notes: string option) (file: string) =
        result {
            let! studies = folders |> List.traverseResultM ReadSweep.study

            let! notes =
                notes |> Option.traverseResult (RegularFile.text >> Result.mapError BadFile)

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
            | None, Some _ -> Usage.refuse "report" "--notes needs --markdown."
            | Some file, _ ->
                markdown folders notes file |> Result.map List.singleton |> tell "page"
            | None, None -> folders |> List.traverseResultM page |> tell "report"
