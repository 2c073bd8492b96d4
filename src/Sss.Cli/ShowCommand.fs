namespace Sss.Cli

open System
open System.IO
open System.Threading
open Sss.Dsl
open Sss.Report

/// `sss show`: the layers of a network as a table or as JSON, or its picture.
[<RequireQualifiedAccess>]
module ShowCommand =

    /// How often a watched file is looked at, in milliseconds.
    let private period = 200

    let private once (options: Map<string, string>) (file: string) : int =
        let pictures = [
            for name, make in [ "--svg", NetworkPage.svg; "--html", NetworkPage.html ] do
                match Map.tryFind name options with
                | Some target -> target, make
                | None -> ()
        ]

        if pictures.IsEmpty then
            Inspect.print (Show.show file (options.ContainsKey "--json"))
        else
            Inspect.print (Show.draw Inspect.replace file pictures)

    /// What changes when a file is written; its time alone may be too coarse.
    let private stamp (file: string) : struct (DateTime * int64) =
        try
            let info = FileInfo file

            if info.Exists then
                struct (info.LastWriteTimeUtc, info.Length)
            else
                struct (DateTime.MinValue, 0L)
        with :? IOException ->
            struct (DateTime.MinValue, 0L)

    /// Does it again at every change. It ends with the process.
    let rec private watch options (file: string) (last: struct (DateTime * int64)) : int =
        let now = stamp file

        if now = last then
            Thread.Sleep period
        else
            if Terminal.watched () && not Console.IsOutputRedirected then
                Console.Clear()

            once options file |> ignore

        watch options file now

    /// `sss show FILE [--json] [--svg FILE] [--html FILE] [--watch]`
    let main (args: string list) : int =
        Inspect.read
            "show"
            "FILE"
            args
            (fun files options ->
                match files with
                | [ file ] when options.ContainsKey "--watch" ->
                    // From before it is read: what is saved meanwhile is not missed.
                    let first = stamp file
                    once options file |> ignore
                    watch options file first
                | [ file ] -> once options file
                | _ -> Usage.refuse "show" $"give one file, not {files.Length}."
            )
