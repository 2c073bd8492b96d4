namespace Sss.Bench.Rivals

open Argu
open FsToolkit.ErrorHandling

/// `bench/rivals`.
type RivalsArgument =
    | [<MainCommand>] Runs of run: string list
    | [<Unique>] Study of file: string
    | [<Unique>] Out of folder: string
    | [<Unique>] Data of data: string
    | [<Unique>] Limit of images: int
    | [<Unique>] Dense of folder: string
    | [<Unique>] Threads of count: int
    | Try of rule: string
    | [<Unique>] List_Runs
    | [<Unique>] List_Tries
    | [<Unique>] Best of run: string
    | [<Unique>] Gather of file: string
    | [<Unique>] Page of file: string
    | Fine_Tuning of folder: string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Runs _ ->
                "folders of selected networks' runs in the study; all of them where none is given"
            | Study _ -> "the sweep.json of 'sss sweep --target-macs F,F,…'"
            | Out _ -> "the folder that gets a file a try, below the run's folder"
            | Data _ -> "the data set; names as for 'sss train'"
            | Limit _ -> "use only this many training images"
            | Dense _ ->
                "the run folder of the trained network that the study's runs started from: the rivals start from it too"
            | Threads _ -> "threads of the arithmetic (2)"
            | Try _ ->
                let listed = List.map Try.text >> String.concat ", "

                $"may be given several times; all where none is given: {listed Try.all}; with --dense: {listed Try.fromDense}"
            | List_Runs -> "the runs of --study, a line each; nothing else is done"
            | List_Tries -> "all tries, a line each; nothing else is done"
            | Best _ ->
                "the better try of each rule beside this run, a line each; nothing else is done"
            | Gather _ ->
                "write the rows that are in --out for --study into this file; nothing else is done"
            | Page _ -> "the tables of a file of rows, as Markdown; nothing else is done"
            | Fine_Tuning _ ->
                "may be given several times: the tables of folders with dense.json, selected.json, taught.json and \
                 rivals.json, as Markdown; nothing else is done"

/// The command line, read and held to its bounds.
[<RequireQualifiedAccess>]
module RivalsArguments =

    let private parser =
        ArgumentParser.Create<RivalsArgument>(programName = "bench/rivals", checkStructure = false)

    /// What all arguments are.
    let usage = parser.PrintUsage()

    /// Error: what is wrong, with the usage.
    let parse (words: string[]) : Result<ParseResults<RivalsArgument>, string> =
        try
            Ok(parser.ParseCommandLine(words, raiseOnUsage = true))
        with :? ArguParseException as error ->
            Error error.Message

    let private aboveZero name (value: int) =
        if value > 0 then
            Ok value
        else
            Error $"{name}: {value} is not above 0"

    /// None: all images.
    let limit (arguments: ParseResults<RivalsArgument>) : Result<int option, string> =
        arguments.TryGetResult Limit |> Option.traverseResult (aboveZero "--limit")

    let threads (arguments: ParseResults<RivalsArgument>) : Result<int, string> =
        arguments.GetResult(Threads, 2) |> aboveZero "--threads"

    /// An argument that is required for this work.
    let need (name: string) (value: 'a option) : Result<'a, string> =
        match value with
        | Some value -> Ok value
        | None -> Error $"{name} is missing\n{usage}"
