namespace Sss.Cli

open System
open Argu
open Sss.Core
open Sss.Files
open Sss.Torch

/// What may follow an option, or stand alone.
type Values =
    /// Nothing: the option is a switch.
    | Switch
    | Files
    | Folders
    | OneOf of string list
    /// Anything; the word says what it means.
    | Free of string

/// An option of a command.
type OptionSpec = {
    /// `--data`.
    Option: string
    Values: Values
    Help: string
}

/// Reading command lines, and saying what is wrong with them.
[<RequireQualifiedAccess>]
module Usage =

    /// The styles of `sss init`.
    let styles = [ "residual"; "plain" ]

    /// A suggestion for a misspelt word, to append to a sentence.
    let didYouMean (known: string seq) (word: string) =
        match Suggest.nearest known word with
        | Some guess -> $" Did you mean '{guess}'?"
        | None -> ""

    let private optionNames (parser: ArgumentParser<'T>) =
        parser.GetArgumentCases()
        |> List.collect (fun c -> c.CommandLineNames.Value)
        |> List.append [ "--help" ]

    /// What may follow an option, from the name of its field.
    let private valuesOf (field: string) : Values =
        match field with
        | "file"
        | "weights"
        | "path" -> Files
        | "folder" -> Folders
        | "data" -> OneOf DataSource.forms
        | "device" -> OneOf [ "cpu"; "cuda" ]
        | "precision" -> OneOf(PrecisionChoice.all |> List.map PrecisionChoice.name)
        | "style" -> OneOf styles
        | "method" -> OneOf(FactorMethod.all |> List.map FactorMethod.name)
        | other -> Free other

    /// The options of a command, from the same declaration that parses them and writes their help.
    let optionsOf<'T when 'T :> IArgParserTemplate> () : OptionSpec list =
        ArgumentParser.Create<'T>().GetArgumentCases()
        |> List.collect (fun case ->
            let values =
                match case.UnionCaseInfo.GetFields() |> List.ofArray with
                | [] -> Switch
                | field :: _ -> valuesOf field.Name

            case.CommandLineNames.Value
            |> List.map (fun name -> {
                Option = name
                Values = values
                Help = case.Description.Value
            })
        )

    /// Reports a wrong value of an option, or another mistake in the command line.
    let refuse (command: string) (message: string) =
        Terminal.error $"sss {command}: {Escape.line message}"
        Terminal.error $"'sss {command} --help' lists the options."
        Exit.usage

    /// Argu's first line without its own heading; the rest of its message is the whole help.
    let private reason (parser: ArgumentParser<'T>) (e: ArguParseException) =
        let line = e.Message.Split('\n').[0].Trim()
        let line = if line.StartsWith "ERROR: " then line.Substring 7 else line
        let quoted = line.Split '\''

        if line.StartsWith "unrecognized argument" && quoted.Length >= 2 then
            $"unknown option '{quoted.[1]}'." + didYouMean (optionNames parser) quoted.[1]
        else
            line

    /// Parse a command's own arguments. `Error` contains the exit code: the mistake, or the
    /// help that was requested, has been written.
    let parse<'T when 'T :> IArgParserTemplate> (command: string) (args: string[]) =
        let args = args |> Array.map (fun word -> if word = "-h" then "--help" else word)

        let parser =
            ArgumentParser.Create<'T>(
                programName = "sss " + command,
                errorHandler = ExceptionExiter()
            )

        try
            match NumberWords.fault parser args with
            | Some message -> Result.Error(refuse command message)
            | None -> Result.Ok(parser.ParseCommandLine(args, raiseOnUsage = true))
        with
        | :? ArguParseException as e when e.ErrorCode = ErrorCode.HelpText ->
            let entry = CommandList.commands |> List.find (fun c -> c.Name = command)
            Terminal.out (CommandList.sentence entry)
            Terminal.out ""
            Terminal.out (e.Message.TrimEnd())
            Terminal.out ""
            Terminal.out ("example: " + entry.Example)
            Result.Error Exit.ok
        | :? ArguParseException as e -> Result.Error(refuse command (reason parser e))

    /// A whole number of an option, held to its lower bound.
    let atLeast (bound: int) (name: string) (value: int) : Result<int, string> =
        if value >= bound then
            Ok value
        else
            Error $"{name} must be at least {bound}, not {value}."

    /// A whole number of an option, held to both bounds.
    let between (low: int) (high: int) (name: string) (value: int) : Result<int, string> =
        if value > high then
            Error $"{name} must be at most {high}, not {value}."
        else
            atLeast low name value

    /// The value of `--threads`.
    let threads (value: int) =
        between 1 Limits.threads "--threads" value

    /// The value of `--jobs`.
    let jobs (value: int) = between 1 Limits.jobs "--jobs" value

    /// The device of `--device`; the CPU where it is not given.
    let device (given: string option) : Result<Device, string> =
        match given with
        | None -> Ok Cpu
        | Some word ->
            match Device.tryParse word with
            | Some device -> Ok device
            | None ->
                Error(
                    $"--device: '{word}' is unknown; devices are cpu, cuda and cuda:INDEX."
                    + didYouMean [ "cpu"; "cuda" ] word
                )

    /// The precision of `--precision`; float32 where it is not given.
    let precision (given: string option) : Result<PrecisionChoice, string> =
        match given with
        | None -> Ok(PrecisionChoice.Always Precision.Float32)
        | Some word ->
            match PrecisionChoice.tryParse word with
            | Some choice -> Ok choice
            | None ->
                let names = PrecisionChoice.all |> List.map PrecisionChoice.name

                Error(
                    $"--precision: '{word}' is unknown; precisions are float32, bf16 and auto."
                    + didYouMean names word
                )
