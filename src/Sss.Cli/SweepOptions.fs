namespace Sss.Cli

open System
open System.Globalization
open Argu
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// What a sweep is asked to do.
type SweepOptions = {
    /// As the command line gives them: `0.5,0.3`.
    Points: StudyPoint list
    /// The options of `sss train` that all runs share, read as those of `sss train` are.
    Train: ParseResults<TrainArgument>
    /// None: the recipe's seed alone.
    Seeds: int list option
    Jobs: int
    Threads: int option
}

/// The options of `sss sweep`, read and held to their bounds.
[<RequireQualifiedAccess>]
module SweepOptions =

    let private number (text: string) =
        match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, value -> Ok value
        | _ -> Error $"--target-macs: '{text}' is not a number."

    let private targets (text: string) =
        text.Split ','
        |> List.ofArray
        |> List.traverseResultM (number >> Result.bind (TrainOptions.fraction "--target-macs"))
        |> Result.map StudyPlan.ofTargets

    /// `G,G,…`, or `neuron=G,block=G;neuron=G,block=G`: kinds need the comma.
    let private gammas (before: Gamma) (text: string) =
        let parts = if text.Contains '=' then text.Split ';' else text.Split ','

        parts
        |> List.ofArray
        |> List.traverseResultM (TrainOptions.gamma before)
        |> Result.map StudyPlan.ofGammas

    /// The points: `before` is the recipe's γ, of kinds that a γ does not name.
    let points (args: ParseResults<SweepArgument>) (before: Gamma) =
        match args.TryGetResult SweepArgument.Gamma, args.TryGetResult Target_Macs with
        | Some text, None -> gammas before text
        | None, Some text -> targets text
        | Some _, Some _ -> Error "--gamma and --target-macs cannot both be varied."
        | None, None -> Error "what is to be varied is named: --gamma G,G,… or --target-macs F,F,…"

    /// The words of `sss train` that give the same options.
    let private trainWords (args: ParseResults<SweepArgument>) : string list =
        let whole name (value: int option) =
            value |> Option.map (fun v -> [ name; string v ]) |> Option.defaultValue []

        let real name (value: float option) =
            value
            |> Option.map (fun v -> [ name; v.ToString("R", CultureInfo.InvariantCulture) ])
            |> Option.defaultValue []

        [
            args.GetResult SweepArgument.File
            "--data"
            args.GetResult SweepArgument.Data
            "--out"
            args.GetResult SweepArgument.Out
            yield! whole "--epochs" (args.TryGetResult SweepArgument.Epochs)
            yield! whole "--batch" (args.TryGetResult SweepArgument.Batch)
            yield! real "--lr" (args.TryGetResult SweepArgument.Lr)
            yield! whole "--shrink" (args.TryGetResult SweepArgument.Shrink)
            yield! real "--validation" (args.TryGetResult SweepArgument.Validation)
            yield! whole "--loaders" (args.TryGetResult SweepArgument.Loaders)
            yield! whole "--limit" (args.TryGetResult SweepArgument.Limit)
            yield! whole "--round" (args.TryGetResult SweepArgument.Round)
            match args.TryGetResult SweepArgument.Method with
            | Some name ->
                "--method"
                name
            | None -> ()
            match args.TryGetResult SweepArgument.Device with
            | Some device ->
                "--device"
                device
            | None -> ()
            match args.TryGetResult SweepArgument.Precision with
            | Some precision ->
                "--precision"
                precision
            | None -> ()
        ]

    /// All of them; `before`: the recipe's γ.
    let read (args: ParseResults<SweepArgument>) (before: Gamma) : Result<SweepOptions, string> =
        result {
            let! points = points args before

            let! seeds =
                args.TryGetResult SweepArgument.Seeds
                |> Option.traverseResult TrainOptions.seeds

            let! jobs =
                args.TryGetResult SweepArgument.Jobs
                |> Option.defaultValue 1
                |> Usage.atLeast 1 "--jobs"

            let! threads =
                args.TryGetResult SweepArgument.Threads
                |> Option.traverseResult (Usage.atLeast 1 "--threads")

            let train =
                ArgumentParser
                    .Create<TrainArgument>(errorHandler = ExceptionExiter())
                    .ParseCommandLine(Array.ofList (trainWords args))

            // Bounds, told now and not by the first run.
            let! _ = TrainOptions.recipe train Recipe.defaults
            let! _ = TrainOptions.method train
            let! _ = TrainOptions.select train
            let! _ = TrainOptions.counts train
            let! _ = TrainOptions.validation train
            let! _ = TrainOptions.device train
            let! _ = TrainOptions.precision train

            return {
                Points = points
                Train = train
                Seeds = seeds
                Jobs = jobs
                Threads = threads
            }
        }
