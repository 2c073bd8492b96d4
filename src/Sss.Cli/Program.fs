module Sss.Cli.Program

open System
open System.Globalization
open System.Text

let private version () =
    let assembly = System.Reflection.Assembly.GetExecutingAssembly()
    let version = assembly.GetName().Version |> Option.ofObj

    Terminal.out (
        "sss "
        + (version |> Option.map (fun v -> v.ToString 3) |> Option.defaultValue "")
    )

    Exit.ok

let private run (args: string list) : int =
    match args with
    | [] ->
        Terminal.error (Usage.overview ())
        Exit.usage
    | ("--help" | "-h" | "help") :: name :: _ when (Commands.tryFind name).IsSome ->
        (Option.get (Commands.tryFind name)).Run [ "--help" ]
    | ("--help" | "-h" | "help") :: _ ->
        Terminal.out (Usage.overview ())
        Exit.ok
    | "--version" :: _ -> version ()
    | name :: rest ->
        match Commands.tryFind name with
        | Some command -> command.Run rest
        | None ->
            let names = Usage.commands |> List.map (fun c -> c.Name)
            Terminal.error ($"sss: unknown command '{name}'." + Usage.didYouMean names name)
            Terminal.error "'sss --help' lists the commands."
            Exit.usage

[<EntryPoint>]
let main args =
    // Numbers are written for scripts too, so never with a decimal comma.
    CultureInfo.DefaultThreadCurrentCulture <- CultureInfo.InvariantCulture
    CultureInfo.CurrentCulture <- CultureInfo.InvariantCulture
    // No mark before the first byte: what reads this output may be a program.
    Console.OutputEncoding <- UTF8Encoding false
    run (List.ofArray args)
