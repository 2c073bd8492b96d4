module Sss.Bench.Rivals.Program

open System
open System.Globalization
open System.IO
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

let private usage =
    "usage: bench/rivals --data DATA [--limit N] [--threads N] RUN... with folders of finished runs \
     of `sss train --target-macs F`"

type private Arguments = {
    Data: string option
    Limit: int option
    Threads: int
    Runs: string list
}

let rec private parse (found: Arguments) (words: string list) =
    let whole (text: string) =
        match Int32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, value when value > 0 -> Ok value
        | _ -> Error $"{text} is no whole number above 0"

    match words with
    | [] -> Ok found
    | "--data" :: data :: rest -> parse { found with Data = Some data } rest
    | "--limit" :: text :: rest ->
        whole text |> Result.bind (fun n -> parse { found with Limit = Some n } rest)
    | "--threads" :: text :: rest ->
        whole text |> Result.bind (fun n -> parse { found with Threads = n } rest)
    | word :: _ when word.StartsWith "--" -> Error $"{word} is not known\n{usage}"
    | run :: rest ->
        parse
            {
                found with
                    Runs = found.Runs @ [ run ]
            }
            rest

/// Both papers leave these open for another data set; all are run, so that the rival may have its
/// best.
let private tries = [
    for tuning in [ 1.0; 0.1 ] do
        Rule.Magnitude, 0.0, tuning

        for strength in [ 1e-4; 1e-3 ] do
            Rule.Slimming, strength, tuning
]

let private header =
    "run,seed,method,strength,tuning,macs,params,epochs_whole,epochs_small,train_macs,accuracy"

let private line (name: string) seed (s: Score) =
    let number (value: float) =
        value.ToString("G6", CultureInfo.InvariantCulture)

    String.Join(
        ",",
        [
            name
            string seed
            Rule.name s.Rule
            number s.Strength
            number s.Tuning
            string s.Macs
            string s.Params
            string (fst s.Epochs)
            string (snd s.Epochs)
            number s.Compute
            number s.Accuracy
        ]
    )

/// `rivals.csv` in a run's folder, a row a try. A folder that has it whole is not done again.
let private compare' (engine: LibTorch) (arguments: Arguments) (source: DataSource) folder =
    let file = Path.Combine(folder, "rivals.csv")
    let name = Path.GetFileName(Path.TrimEndingDirectorySeparator folder) |> nonNull

    if File.Exists file then
        Ok()
    else
        result {
            let! full = RunFolder.loadFull folder |> Result.mapError PipelineError.message

            let! result =
                ResultFile.read (Path.Combine(folder, "result.json"))
                |> Result.mapError FileError.message

            let! compute =
                result.Compute
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

            let! rows =
                tries
                |> List.traverseResultM (fun (rule, strength, tuning) ->
                    Rival.run bench full.Network result compute.TrainMacs rule strength tuning
                    |> Result.map (fun score ->
                        let text = line name result.Seed score
                        eprintfn $"{text}"
                        text
                    )
                )

            return!
                AtomicFile.writeText file (String.Join("\n", Array.ofList (header :: rows)) + "\n")
                |> Result.mapError FileError.message
        }

[<EntryPoint>]
let main words =
    let outcome =
        result {
            let! arguments =
                parse
                    {
                        Data = None
                        Limit = None
                        Threads = 2
                        Runs = []
                    }
                    (List.ofArray words)

            let! data = arguments.Data |> Result.requireSome usage
            do! Result.requireFalse usage arguments.Runs.IsEmpty
            let! source = DataSource.parse data |> Result.mapError FileError.message
            let! engine = LibTorch.load () |> Result.mapError LibTorchError.message

            for folder in arguments.Runs do
                do! compare' engine arguments source folder
        }

    match outcome with
    | Ok() -> 0
    | Error message ->
        eprintfn $"{message}"
        2
