module Sss.Bench.Rivals.Program

open System.IO
open Argu
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch

/// The study, and those of its runs that the command line asks for.
let private study (arguments: ParseResults<RivalsArgument>) =
    result {
        let! file = arguments.TryGetResult Study |> RivalsArguments.need "--study"
        let! study = StudyFile.read file |> Result.mapError FileError.message

        let selected = study.Runs |> List.filter (fun run -> run.Kind = StudyKind.Selected)

        let! runs =
            match arguments.GetResult(Runs, []) with
            | [] -> Ok selected
            | folders ->
                folders
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
let private compare' (tries: Try list) (out: string) bench whole dense (run: StudyRun) =
    result {
        let! compute =
            run.Result.Compute
            |> Result.requireSome $"{run.Folder} does not say what its training took"

        let wanted =
            tries |> List.filter (fun t -> not (File.Exists(Rows.path out run.Folder t)))

        let opponent = {
            Whole = whole
            Run = run
            Compute = compute.TrainMacs
            Dense = dense
        }

        for t in wanted do
            let! row = Rival.run bench opponent t

            do!
                Rows.write (Rows.path out run.Folder t) [ row ]
                |> Result.mapError FileError.message

            eprintfn $"{run.Folder}: {Try.text t}: {RowText.percent row.Accuracy} %%"
    }

/// What is tried where the command line does not say it.
let private known (arguments: ParseResults<RivalsArgument>) =
    if arguments.Contains Dense then Try.fromDense else Try.all

let private tries (arguments: ParseResults<RivalsArgument>) =
    match arguments.GetResults Try with
    | [] -> Ok(known arguments)
    | words ->
        words
        |> List.traverseResultM (fun word ->
            Try.tryParse (known arguments) word
            |> Result.requireSome $"--try: {word} is none"
        )

let private train (arguments: ParseResults<RivalsArgument>) (out: string) =
    result {
        let! data = arguments.TryGetResult Data |> RivalsArguments.need "--data"
        let! limit = RivalsArguments.limit arguments
        let! threads = RivalsArguments.threads arguments
        let! tries = tries arguments
        let! study, runs = study arguments
        let! whole = network study
        let! source = DataSource.parse data |> Result.mapError FileError.message
        let! dense = arguments.TryGetResult Dense |> Option.traverseResult Rival.dense
        let! engine = LibTorch.load () |> Result.mapError LibTorchError.message

        let! dataset =
            Dataset.loadFor whole PictureOptions.standard source
            |> Result.mapError FileError.message

        let bench = {
            Engine = engine
            Dataset =
                match limit with
                | Some n -> Dataset.limit n dataset
                | None -> dataset
            Threads = threads
        }

        for run in runs do
            do! compare' tries out bench whole dense run
    }

let private listRuns (arguments: ParseResults<RivalsArgument>) =
    study arguments
    |> Result.map (fun (_, runs) ->
        for run in runs do
            printfn $"{run.Folder}"
    )

let private gather (arguments: ParseResults<RivalsArgument>) (out: string) (file: string) =
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

let private listTries arguments =
    for t in known arguments do
        printfn $"{Try.text t}"

let private page (file: string) =
    Rows.read file
    |> Result.mapError FileError.message
    |> Result.map (fun rows -> printf $"{Page.ofRows rows}")

let private fineTuning (folders: string list) =
    folders
    |> List.traverseResultM FineTuningPage.read
    |> Result.mapError FileError.message
    |> Result.map (fun all -> printf $"{FineTuningPage.ofAll all}")

[<EntryPoint>]
let main words =
    let outcome =
        result {
            let! arguments = RivalsArguments.parse words

            if arguments.Contains List_Tries then
                listTries arguments
            elif arguments.Contains List_Runs then
                do! listRuns arguments
            elif arguments.Contains Fine_Tuning then
                do! fineTuning (arguments.GetResults Fine_Tuning)
            else
                match arguments.TryGetResult RivalsArgument.Page with
                | Some file -> do! page file
                | None ->
                    let! out = arguments.TryGetResult Out |> RivalsArguments.need "--out"

                    match arguments.TryGetResult Best, arguments.TryGetResult Gather with
                    | Some run, _ -> do! best out run
                    | None, Some file -> do! gather arguments out file
                    | None, None -> do! train arguments out
        }

    match outcome with
    | Ok() -> 0
    | Error message ->
        eprintfn $"{message}"
        2
