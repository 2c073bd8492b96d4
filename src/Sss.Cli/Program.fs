module Sss.Cli.Program

open System
open System.Globalization
open System.Text
open Sss.Core

let private run (args: string list) : int =
    match args with
    // .NET has put U+FFFD for what is not UTF-8: another name than the one that was meant.
    | args when args |> List.exists _.Contains('\uFFFD') ->
        let word = args |> List.find _.Contains('\uFFFD') |> Escape.line

        Terminal.error
            $"sss: '{word}' on the command line is not UTF-8; give the file another name."

        Exit.usage
    | [] ->
        Terminal.error (CommandList.guide ())
        Exit.usage
    | ("--help" | "-h" | "help") :: name :: _ when (Commands.tryFind name).IsSome ->
        (Option.get (Commands.tryFind name)).Run [ "--help" ]
    | ("--help" | "-h" | "help") :: _ ->
        Terminal.out (CommandList.overview ())
        Exit.ok
    | "--version" :: _ ->
        Terminal.out ("sss " + Product.version ())
        Exit.ok
    | name :: rest ->
        match Commands.tryFind name with
        | Some command -> command.Run rest
        | None ->
            let names = CommandList.commands |> List.map (fun c -> c.Name)

            Terminal.error (
                $"sss: unknown command '{Escape.line name}'." + Usage.didYouMean names name
            )

            Terminal.error "'sss --help' lists the commands."
            Exit.usage

[<EntryPoint>]
let main args =
    // Numbers are written for scripts too, so never with a decimal comma.
    CultureInfo.DefaultThreadCurrentCulture <- CultureInfo.InvariantCulture
    CultureInfo.CurrentCulture <- CultureInfo.InvariantCulture
    // No mark before the first byte: what reads this output may be a program.
    Console.OutputEncoding <- UTF8Encoding false
    let ended = Output.start ()
    ended (run (List.ofArray args))
