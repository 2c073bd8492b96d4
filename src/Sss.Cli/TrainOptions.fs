namespace Sss.Cli

open System
open System.Globalization
open Argu
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Torch

/// The settings of `sss train`, within their bounds.
type TrainOptions = {
    File: string
    Data: string
    Out: string
    Recipe: RecipeOptions
    Method: FactorMethod
    Select: SelectOptions
    Threads: int option
    Loaders: int option
    Limit: int option
    Validation: float option
    Start: Start
    Init: string option
    Teacher: string option
    Profile: string option
    Device: Device
    Precision: PrecisionChoice
    Seeds: int list option
    Control: bool
    Jobs: int
    Report: bool
    Quiet: bool
    Json: bool
    /// The arguments that the further runs share; their recipes are in their files.
    Shared: string list
}

/// The options of `sss train`, read and held to their bounds, once.
[<RequireQualifiedAccess>]
module TrainOptions =

    /// Whole numbers of 0 or more, as `1,2,3`, each once.
    let seeds (text: string) : Result<int list, string> =
        text.Split ','
        |> List.ofArray
        |> List.traverseResultM (fun (part: string) ->
            match Int32.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, seed -> Ok seed
            | _ -> Error $"--seeds: '{part}' is not a whole number of 0 or more."
        )
        |> Result.map List.distinct

    let private method (args: ParseResults<TrainArgument>) : Result<FactorMethod, string> =
        match args.TryGetResult TrainArgument.Method with
        | None -> Ok FactorMethod.Apg
        | Some name ->
            let names = FactorMethod.all |> List.map FactorMethod.name
            let listed = String.Join(", ", names)

            FactorMethod.tryParse name
            |> Result.requireSome (
                $"--method: '{name}' is unknown; methods are {listed}."
                + Usage.didYouMean names name
            )

    let private select (args: ParseResults<TrainArgument>) : Result<SelectOptions, string> =
        args.TryGetResult TrainArgument.Round
        |> Option.defaultValue 1
        |> Usage.atLeast 1 "--round"
        |> Result.map (fun round -> {
            Round = round
            KeepFactors = args.Contains TrainArgument.Keep_Factors
        })

    /// Numbers that are not part of the recipe: threads, loaders, images.
    let private counts (args: ParseResults<TrainArgument>) =
        result {
            let! threads =
                args.TryGetResult TrainArgument.Threads |> Option.traverseResult Usage.threads

            let! loaders =
                args.TryGetResult TrainArgument.Loaders
                |> Option.traverseResult (Usage.between 1 Limits.loaders "--loaders")

            let! limit =
                args.TryGetResult TrainArgument.Limit
                |> Option.traverseResult (Usage.atLeast 1 "--limit")

            return threads, loaders, limit
        }

    let private validation (args: ParseResults<TrainArgument>) : Result<float option, string> =
        match args.TryGetResult TrainArgument.Validation with
        | Some value when not (value > 0.0 && value < 1.0) ->
            Error $"--validation must be a number above 0 and below 1, not {Number.brief value}."
        | value -> Ok value

    let private start (args: ParseResults<TrainArgument>) : Result<Start, string> =
        match args.Contains TrainArgument.Resume, args.Contains TrainArgument.Restart with
        | true, true -> Error "--resume and --restart cannot both be given."
        | true, false -> Ok Start.Resume
        | false, true -> Ok Start.Restart
        | false, false -> Ok Start.New

    let private readSeeds (args: ParseResults<TrainArgument>) =
        result {
            let! seeds = args.TryGetResult TrainArgument.Seeds |> Option.traverseResult seeds

            let! jobs =
                args.TryGetResult TrainArgument.Jobs |> Option.defaultValue 1 |> Usage.jobs

            match args.TryGetResult TrainArgument.Seed, seeds with
            | Some seed, Some(first :: _) when seed <> first ->
                return!
                    Error
                        $"--seed is {seed} and --seeds begins with {first}; the run's own seed is the \
                          first of --seeds."
            | _ -> ()

            return seeds, jobs
        }

    let private shared (choice: PrecisionChoice) (args: ParseResults<TrainArgument>) : string list =
        let given name (word: 'T -> string) (value: 'T option) =
            value |> Option.map (fun v -> [ name; word v ]) |> Option.defaultValue []

        let exact (value: float) =
            value.ToString("R", CultureInfo.InvariantCulture)

        [
            "--data"
            args.GetResult TrainArgument.Data
            yield! given "--limit" string (args.TryGetResult TrainArgument.Limit)
            yield! given "--loaders" string (args.TryGetResult TrainArgument.Loaders)
            yield! given "--round" string (args.TryGetResult TrainArgument.Round)
            yield! given "--validation" exact (args.TryGetResult TrainArgument.Validation)
            yield! given "--teacher" id (args.TryGetResult TrainArgument.Teacher)
            yield! given "--method" id (args.TryGetResult TrainArgument.Method)
            yield! given "--device" id (args.TryGetResult TrainArgument.Device)
            match choice with
            | PrecisionChoice.Always _ ->
                yield! given "--precision" id (args.TryGetResult TrainArgument.Precision)
            // Further runs compute with what this one has chosen.
            | PrecisionChoice.Auto -> ()
            yield! given "--profile" id (args.TryGetResult TrainArgument.Profile)
            if args.Contains TrainArgument.Keep_Factors then
                "--keep-factors"
        ]

    /// All of them. CUDA that is not available is an error when LibTorch is loaded, never a silent run on
    /// the CPU.
    let read (args: ParseResults<TrainArgument>) : Result<TrainOptions, string> =
        result {
            let! recipe = RecipeOptions.read args
            let! method = method args
            let! select = select args
            let! threads, loaders, limit = counts args
            let! validation = validation args
            let! start = start args
            let! device = args.TryGetResult TrainArgument.Device |> Usage.device
            let! precision = args.TryGetResult TrainArgument.Precision |> Usage.precision
            let! seeds, jobs = readSeeds args
            let json = args.Contains TrainArgument.Json

            return {
                File = args.GetResult TrainArgument.File
                Data = args.GetResult TrainArgument.Data
                Out = args.GetResult TrainArgument.Out
                // The run's own seed is the first of --seeds.
                Recipe = {
                    recipe with
                        Seed = seeds |> Option.bind List.tryHead |> Option.orElse recipe.Seed
                }
                Method = method
                Select = select
                Threads = threads
                Loaders = loaders
                Limit = limit
                Validation = validation
                Start = start
                Init = args.TryGetResult TrainArgument.Init
                Teacher = args.TryGetResult TrainArgument.Teacher
                Profile = args.TryGetResult TrainArgument.Profile
                Device = device
                Precision = precision
                Seeds = seeds
                Control = args.Contains TrainArgument.Control
                Jobs = jobs
                Report = not (args.Contains TrainArgument.No_Report)
                Quiet = json || args.Contains TrainArgument.Quiet
                Json = json
                Shared = shared precision args
            }
        }
