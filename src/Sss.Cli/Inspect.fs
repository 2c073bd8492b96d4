namespace Sss.Cli

open System
open Sss.Dsl
open Sss.Files

/// `sss check`, `sss show` and `sss fmt`. They parse their few words themselves, because they are
/// called often and Argu takes longer to start than they take to run.
[<RequireQualifiedAccess>]
module Inspect =

    let private print (outcome: Outcome) =
        Terminal.write Console.Error outcome.Errors
        Terminal.write Console.Out outcome.Output
        outcome.ExitCode

    let private help (command: string) (usage: string) (options: string list) =
        let entry = Usage.commands |> List.find (fun c -> c.Name = command)
        Terminal.out (Usage.sentence entry)
        Terminal.out ""
        Terminal.out ("USAGE: sss " + command + " " + usage)

        for line in options do
            Terminal.out ("    " + line)

        Terminal.out ""
        Terminal.out ("example: " + entry.Example)
        Exit.ok

    /// Files and switches, where switches may stand anywhere.
    let private read command usage (switches: (string * string) list) (args: string list) run =
        let flags, files = args |> List.partition (fun a -> a.StartsWith '-' && a <> "-")
        let known = "--help" :: List.map fst switches

        match flags |> List.tryFind (fun flag -> not (List.contains flag known)) with
        | _ when List.contains "--help" flags ->
            help command usage [ for name, what in switches -> name + "    " + what ]
        | Some unknown ->
            Usage.refuse command ($"unknown option '{unknown}'." + Usage.didYouMean known unknown)
        | None when List.isEmpty files -> Usage.refuse command "no file was given."
        | None -> run files flags

    /// `sss check FILE…`
    let check (args: string list) =
        read "check" "FILE..." [] args (fun files _ -> print (Show.check files))

    /// `sss show FILE [--json]`
    let show (args: string list) =
        read
            "show"
            "FILE [--json]"
            [ "--json", "print one JSON object" ]
            args
            (fun files flags ->
                match files with
                | [ file ] -> print (Show.show file (List.contains "--json" flags))
                | _ -> Usage.refuse "show" $"one file is shown at a time, not {files.Length}."
            )

    let private replace path text =
        AtomicFile.writeText path text |> Result.mapError FileError.message

    /// `sss fmt FILE… [--check]`
    let fmt (args: string list) =
        read
            "fmt"
            "FILE... [--check]"
            [ "--check", "only say which files would change; exit code 1 if any" ]
            args
            (fun files flags -> print (Show.fmt replace files (List.contains "--check" flags)))
