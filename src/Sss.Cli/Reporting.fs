namespace Sss.Cli

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

    /// `sss report DIR`
    let main (words: string[]) : int =
        match Usage.parse<ReportArgument> "report" words with
        | Error code -> code
        | Ok args ->
            match Report.write (args.GetResult ReportArgument.Folder) with
            | Ok path ->
                if args.Contains ReportArgument.Json then
                    Terminal.out ("{\"report\":" + Terminal.quoted path + "}")
                else
                    Terminal.out $"report written: {path}"

                Exit.ok
            | Error error ->
                Terminal.error (ReportError.message error |> _.TrimEnd())
                Exit.fault
