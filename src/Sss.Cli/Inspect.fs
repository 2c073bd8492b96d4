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

    let private switch name help = {
        Option = name
        Values = Switch
        Help = help
    }

    /// The switches of a command; the parser, the help and the completions read them.
    let switches (command: string) : OptionSpec list =
        match command with
        | "show" -> [ switch "--json" "print one JSON object" ]
        | "fmt" -> [
            switch "--check" "only list the files that would change; exit code 1 if there are any"
          ]
        | _ -> []

    let private help (command: string) (files: string) =
        let entry = Usage.commands |> List.find (fun c -> c.Name = command)
        let switches = switches command

        let usage =
            files :: (switches |> List.map (fun s -> $"[{s.Option}]")) |> String.concat " "

        Terminal.out (Usage.sentence entry)
        Terminal.out ""
        Terminal.out $"USAGE: sss {command} {usage}"

        for s in switches do
            Terminal.out $"    {s.Option}    {s.Help}"

        Terminal.out ""
        Terminal.out ("example: " + entry.Example)
        Exit.ok

    /// Files and switches, where switches may be anywhere.
    let private read command usage (args: string list) run =
        let flags, files = args |> List.partition (fun a -> a.StartsWith '-' && a <> "-")
        let known = "--help" :: (switches command |> List.map _.Option)

        match flags |> List.tryFind (fun flag -> not (List.contains flag known)) with
        | _ when List.contains "--help" flags || List.contains "-h" flags -> help command usage
        | Some unknown ->
            Usage.refuse command ($"unknown option '{unknown}'." + Usage.didYouMean known unknown)
        | None when List.isEmpty files -> Usage.refuse command "no file was given."
        | None -> run files flags

    /// `sss check FILE…`
    let check (args: string list) =
        read "check" "FILE..." args (fun files _ -> print (Show.check files))

    /// `sss show FILE [--json]`
    let show (args: string list) =
        read
            "show"
            "FILE"
            args
            (fun files flags ->
                match files with
                | [ file ] -> print (Show.show file (List.contains "--json" flags))
                | _ -> Usage.refuse "show" $"give one file, not {files.Length}."
            )

    let private replace path text =
        AtomicFile.writeText path text |> Result.mapError FileError.message

    /// `sss fmt FILE… [--check]`
    let fmt (args: string list) =
        read
            "fmt"
            "FILE..."
            args
            (fun files flags -> print (Show.fmt replace files (List.contains "--check" flags)))
