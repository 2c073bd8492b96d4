module Sss.Bench.Rivals.Program

open System
open System.Globalization
open System.IO
open FsToolkit.ErrorHandling
open Sss.Dsl
open Sss.Files
open Sss.Torch

let private usage =
    let tries = Try.all |> List.map Try.text |> String.concat ", "

    String.concat "\n" [
        "usage: bench/rivals --study FILE --out DIR --data DATA [--limit N] [--threads N] [--try TRY]... [RUN...]"
        "       bench/rivals --study FILE --runs                 the runs that it can stand beside, a line each"
        "       bench/rivals --study FILE --out DIR --gather TO  the rows in DIR in one file"
        "       bench/rivals --page FILE                         its tables, as Markdown"
        "       bench/rivals --tries                             all tries, a line each"
        "       bench/rivals --out DIR --best RUN                the better one of each rule beside a run"
        "FILE: the sweep.json of `sss sweep --target-macs F,F,…`. DIR: gets a file a try, below RUN."
        "RUN: the folder of a selected network's run in the study; all of them where none is given."
        $"TRY: one of {tries}; all where none is given."
    ]

type private Arguments = {
    Study: string option
    Out: string option
    Data: string option
    Limit: int option
    Threads: int
    Tries: Try list
    ListRuns: bool
    Gather: string option
    Page: string option
    Best: string option
    ListTries: bool
    Runs: string list
}

let private nothing = {
    Study = None
    Out = None
    Data = None
    Limit = None
    Threads = 2
    Tries = []
    ListRuns = false
    Gather = None
    Page = None
    Best = None
    ListTries = false
    Runs = []
}

let rec private parse (found: Arguments) (words: string list) =
    let whole (text: string) =
        match Int32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, value when value > 0 -> Ok value
        | _ -> Error $"{text} is no whole number above 0"

    match words with
    | [] -> Ok found
    | "--study" :: file :: rest -> parse { found with Study = Some file } rest
    | "--out" :: folder :: rest -> parse { found with Out = Some folder } rest
    | "--data" :: data :: rest -> parse { found with Data = Some data } rest
    | "--gather" :: file :: rest -> parse { found with Gather = Some file } rest
    | "--page" :: file :: rest -> parse { found with Page = Some file } rest
    | "--best" :: run :: rest -> parse { found with Best = Some run } rest
    | "--tries" :: rest -> parse { found with ListTries = true } rest
    | "--runs" :: rest -> parse { found with ListRuns = true } rest
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

/// The study, and those of its runs that the command line asks for.
let private study (arguments: Arguments) =
    result {
        let! file = arguments.Study |> Result.requireSome usage
        let! study = StudyFile.read file |> Result.mapError FileError.message

        let selected =
            study.Runs |> List.filter (fun run -> run.Kind = StudyKind.Selected)

        let! runs =
            if arguments.Runs.IsEmpty then
                Ok selected
            else
                arguments.Runs
                |> List.traverseResultM (fun folder ->
                    selected
                    |> List.tryFind (fun run -> run.Folder = folder)
                    |> Result.requireSome $"{file} has no selected network's run '{folder}'"
                )

        return study, runs
    }

/// The network that a study trains, with its factors.
let private network (study: Study) =
    result {
        let! text =
            study.Plan
            |> List.tryFind (fun (name, _) -> name = "network")
            |> Option.map snd
            |> Result.requireSome "the study does not say what network it trains"

        let! parsed =
            Language.parse text
            |> Result.mapError (fun errors ->
                errors |> List.map (Language.render "sweep.json" text) |> String.concat "\n"
            )

        return parsed.Network
    }

/// The tries beside a run. One whose row is there is not made again.
let private compare' (arguments: Arguments) (out: string) bench whole (run: StudyRun) =
    result {
        let! compute =
            run.Result.Compute
            |> Result.requireSome $"{run.Folder} does not say what its training took"

        let wanted =
            (if arguments.Tries.IsEmpty then Try.all else arguments.Tries)
            |> List.filter (fun t -> not (File.Exists(Rows.path out run.Folder t)))

        for t in wanted do
            let! row = Rival.run bench whole run.Result compute.TrainMacs t

            do!
                Rows.write (Rows.path out run.Folder t) [ row ]
                |> Result.mapError FileError.message

            let percent = (100.0 * row.Accuracy).ToString("0.00", CultureInfo.InvariantCulture)
            eprintfn $"{run.Folder}: {Try.text t}: {percent} %%"
    }

let private train (arguments: Arguments) (out: string) =
    result {
        let! data = arguments.Data |> Result.requireSome usage
        let! study, runs = study arguments
        let! whole = network study
        let! source = DataSource.parse data |> Result.mapError FileError.message
        let! engine = LibTorch.load () |> Result.mapError LibTorchError.message
        let! dataset = Dataset.loadFor whole source |> Result.mapError FileError.message

        let bench = {
            Engine = engine
            Dataset =
                match arguments.Limit with
                | Some n -> Dataset.limit n dataset
                | None -> dataset
            Threads = arguments.Threads
        }

        for run in runs do
            do! compare' arguments out bench whole run
    }

let private listRuns (arguments: Arguments) =
    study arguments
    |> Result.map (fun (_, runs) ->
        for run in runs do
            printfn $"{run.Folder}"
    )

let private gather (arguments: Arguments) (out: string) (file: string) =
    study arguments
    |> Result.bind (fun (_, runs) ->
        runs
        |> List.traverseResultM (fun run -> Rows.ofRun out run.Folder)
        |> Result.bind (List.concat >> Rows.write file)
        |> Result.mapError FileError.message
    )

let private best (out: string) (run: string) =
    Rows.ofRun out run
    |> Result.mapError FileError.message
    |> Result.bind (
        function
        | [] -> Error $"nothing has been tried beside '{run}' in {out}"
        | rows ->
            for _, rows in rows |> List.groupBy (fun row -> row.Try.Rule) do
                let best = rows |> List.maxBy (fun row -> row.Accuracy)
                printfn $"{Try.text best.Try}"

            Ok()
    )

[<EntryPoint>]
let main words =
    let outcome =
        result {
            let! arguments = parse nothing (List.ofArray words)

            match arguments with
            | { ListTries = true } ->
                for t in Try.all do
                    printfn $"{Try.text t}"
            | { Page = Some file } ->
                let! rows = Rows.read file |> Result.mapError FileError.message
                printf $"{Page.ofRows rows}"
            | { ListRuns = true } -> do! listRuns arguments
            | _ ->
                let! out = arguments.Out |> Result.requireSome usage

                match arguments with
                | { Best = Some run } -> do! best out run
                | { Gather = Some file } -> do! gather arguments out file
                | _ -> do! train arguments out
        }

    match outcome with
    | Ok() -> 0
    | Error message ->
        eprintfn $"{message}"
        2
