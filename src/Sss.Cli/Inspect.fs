namespace Sss.Cli

open System
open Sss.Dsl
open Sss.Files

/// `sss check` and `sss fmt`, and the reading of `sss show`. They parse their few words themselves, because they are
/// called often and Argu takes longer to start than they take to run.
[<RequireQualifiedAccess>]
module Inspect =

    /// Writes what a command gives, and gives its exit code.
    let print (outcome: Outcome) =
        Terminal.write Console.Error outcome.Errors
        Terminal.write Console.Out outcome.Output
        outcome.ExitCode

    let private switch name help = {
        Option = name
        Values = Switch
        Help = help
    }

    let private withFile name help = {
        Option = name
        Values = Files
        Help = help
    }

    /// The options of a command; the parser, the help and the completions read them.
    let switches (command: string) : OptionSpec list =
        match command with
        | "show" -> [
            switch "--json" "print one JSON object"
            withFile "--svg" "write the picture of the network as an SVG image"
            withFile "--html" "write a page with the picture and the layers"
            switch "--watch" "do it again whenever the file changes, until Ctrl+C"
          ]
        | "fmt" -> [
            switch "--check" "only list the files that would change; exit code 1 if there are any"
          ]
        | _ -> []

    let private shown (option: OptionSpec) =
        match option.Values with
        | Files -> option.Option + " FILE"
        | Switch
        | Folders
        | OneOf _
        | Free _ -> option.Option

    let private help (command: string) (files: string) =
        let entry = CommandList.commands |> List.find (fun c -> c.Name = command)
        let options = switches command

        let usage =
            files :: (options |> List.map (fun o -> $"[{shown o}]")) |> String.concat " "

        Terminal.out (CommandList.sentence entry)
        Terminal.out ""
        Terminal.out $"USAGE: sss {command} {usage}"
        let width = options |> List.map (fun o -> (shown o).Length) |> List.fold max 0

        for o in options do
            Terminal.out $"    {(shown o).PadRight width}    {o.Help}"

        Terminal.out ""
        Terminal.out ("example: " + entry.Example)
        Exit.ok

    /// The options with their values, and the files, where options may be anywhere.
    let rec private split (known: OptionSpec list) options files args =
        match args with
        | [] -> Ok(List.rev options, List.rev files)
        | (word: string) :: rest when word.StartsWith '-' && word <> "-" ->
            match known |> List.tryFind (fun o -> o.Option = word), rest with
            | None, _ ->
                let names = "--help" :: (known |> List.map _.Option)
                Error($"unknown option '{word}'." + Usage.didYouMean names word)
            | Some { Values = Switch }, _ -> split known ((word, "") :: options) files rest
            | Some _, value :: rest -> split known ((word, value) :: options) files rest
            | Some option, [] -> Error $"{shown option}: the file is missing."
        | word :: rest -> split known options (word :: files) rest

    /// Reads a command line and continues with its files and its options.
    let read command usage (args: string list) (run: string list -> Map<string, string> -> int) =
        if List.contains "--help" args || List.contains "-h" args then
            help command usage
        else
            match split (switches command) [] [] args with
            | Error message -> Usage.refuse command message
            | Ok(_, []) -> Usage.refuse command "no file was given."
            | Ok(options, files) -> run files (Map.ofList options)

    /// `sss check FILE…`
    let check (args: string list) =
        read "check" "FILE..." args (fun files _ -> print (Show.check files))

    /// Replaces a file, whole or not at all.
    let replace path text =
        AtomicFile.writeText path text |> Result.mapError FileError.message

    /// `sss fmt FILE… [--check]`
    let fmt (args: string list) =
        read
            "fmt"
            "FILE..."
            args
            (fun files options -> print (Show.fmt replace files (options.ContainsKey "--check")))
