module Sss.Cli.Program

open System
open System.Globalization
open System.Text

/// Each command on its own: `check`, `show` and `fmt` never reach code that needs Argu or LibTorch.
let private run (args: string list) : int =
    match args with
    | [] ->
        Terminal.error (Usage.overview ())
        Exit.usage
    | ("--help" | "-h" | "help") :: _ ->
        Terminal.out (Usage.overview ())
        Exit.ok
    | "check" :: rest -> Inspect.check rest
    | "show" :: rest -> Inspect.show rest
    | "fmt" :: rest -> Inspect.fmt rest
    | "train" :: rest -> TrainCommand.main (Array.ofList rest)
    | "eval" :: rest -> EvalCommand.main (Array.ofList rest)
    | "verify" :: rest -> VerifyCommand.main (Array.ofList rest)
    | "export" :: rest -> ExportCommand.main (Array.ofList rest)
    | "bench" :: rest -> BenchCommand.main (Array.ofList rest)
    | "doctor" :: rest -> DoctorCommand.main (Array.ofList rest)
    | unknown :: _ ->
        let names = Usage.commands |> List.map (fun c -> c.Name)
        Terminal.error ($"sss: unknown command '{unknown}'." + Usage.didYouMean names unknown)
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
