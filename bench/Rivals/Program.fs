module Sss.Bench.Rivals.Program

open System
open System.Globalization
open System.IO
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

let private usage =
    let tries = Try.all |> List.map Try.text |> String.concat ", "

    String.concat "\n" [
        "usage: bench/rivals --data DATA [--limit N] [--threads N] [--try TRY]... RUN..."
        "       bench/rivals --gather FILE RUN...   the rows of runs in one file"
        "       bench/rivals --page FILE            its tables, as Markdown"
        "       bench/rivals --tries                all tries, a line each"
        "       bench/rivals --best RUN             the better one of each rule in a run's folder"
        "RUN: the folder of a finished run of `sss train --target-macs F`."
        $"TRY: one of {tries}; all where none is given."
    ]

type private Arguments = {
    Data: string option
    Limit: int option
    Threads: int
    Tries: Try list
    Gather: string option
    Page: string option
    Best: string option
    List: bool
    Runs: string list
}

let private nothing = {
    Data = None
    Limit = None
    Threads = 2
    Tries = []
    Gather = None
    Page = None
    Best = None
    List = false
    Runs = []
}

let rec private parse (found: Arguments) (words: string list) =
    let whole (text: string) =
        match Int32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, value when value > 0 -> Ok value
        | _ -> Error $"{text} is no whole number above 0"

    match words with
    | [] -> Ok found
    | "--data" :: data :: rest -> parse { found with Data = Some data } rest
    | "--gather" :: file :: rest -> parse { found with Gather = Some file } rest
    | "--page" :: file :: rest -> parse { found with Page = Some file } rest
    | "--best" :: run :: rest -> parse { found with Best = Some run } rest
    | "--tries" :: rest -> parse { found with List = true } rest
    | "--limit" :: text :: rest ->
        whole text |> Result.bind (fun n -> parse { found with Limit = Some n } rest)
    | "--threads" :: text :: rest ->
        whole text |> Result.bind (fun n -> parse { found with Threads = n } rest)
    | "--try" :: text :: rest ->
        match Try.tryParse text with
        | Some t ->
            parse
                {
                    found with
                        Tries = found.Tries @ [ t ]
                }
                rest
        | None -> Error $"{text} is no try\n{usage}"
    | word :: _ when word.StartsWith "--" -> Error $"{word} is not known\n{usage}"
    | run :: rest ->
        parse
            {
                found with
                    Runs = found.Runs @ [ run ]
            }
            rest

/// The tries beside a run. One whose row is there is not made again.
let private compare' (engine: LibTorch) (arguments: Arguments) (source: DataSource) folder =
    result {
        let! full = RunFolder.loadFull folder |> Result.mapError PipelineError.message

        let! run =
            ResultFile.read (Path.Combine(folder, "result.json"))
            |> Result.mapError FileError.message

        let! compute =
            run.Compute
            |> Result.requireSome $"{folder} does not say what its training took"

        let! dataset =
            Dataset.loadFor full.Network source |> Result.mapError FileError.message

        let bench = {
            Engine = engine
            Dataset =
                match arguments.Limit with
                | Some n -> Dataset.limit n dataset
                | None -> dataset
            Threads = arguments.Threads
        }

        let wanted =
            (if arguments.Tries.IsEmpty then Try.all else arguments.Tries)
            |> List.filter (fun t -> not (File.Exists(Rows.path folder t)))

        for t in wanted do
            let! row = Rival.run bench full.Network run compute.TrainMacs t
            do! Rows.write (Rows.path folder t) [ row ] |> Result.mapError FileError.message
            let percent = (100.0 * row.Accuracy).ToString("0.00", CultureInfo.InvariantCulture)
            eprintfn $"{folder}: {Try.text t}: {percent} %%"
    }

let private train (arguments: Arguments) =
    result {
        let! data = arguments.Data |> Result.requireSome usage
        do! Result.requireFalse usage arguments.Runs.IsEmpty
        let! source = DataSource.parse data |> Result.mapError FileError.message
        let! engine = LibTorch.load () |> Result.mapError LibTorchError.message

        for folder in arguments.Runs do
            do! compare' engine arguments source folder
    }

let private gather (runs: string list) (file: string) =
    runs
    |> List.traverseResultM Rows.ofRun
    |> Result.map List.concat
    |> Result.bind (Rows.write file)

let private best (run: string) =
    Rows.ofRun run
    |> Result.map (fun rows ->
        for _, rows in rows |> List.groupBy (fun row -> row.Try.Rule) do
            let best = rows |> List.maxBy (fun row -> row.Accuracy)
            printfn $"{Try.text best.Try}"
    )

[<EntryPoint>]
let main words =
    let outcome =
        result {
            let! arguments = parse nothing (List.ofArray words)

            match arguments with
            | { List = true } ->
                for t in Try.all do
                    printfn $"{Try.text t}"
            | { Best = Some run } -> do! best run |> Result.mapError FileError.message
            | { Gather = Some file } ->
                do! gather arguments.Runs file |> Result.mapError FileError.message
            | { Page = Some file } ->
                let! rows = Rows.read file |> Result.mapError FileError.message
                printf $"{Page.ofRows rows}"
            | _ -> do! train arguments
        }

    match outcome with
    | Ok() -> 0
    | Error message ->
        eprintfn $"{message}"
        2
