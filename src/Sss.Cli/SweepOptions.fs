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

    /// The option of `sss train` that says the same of each run; None: it says something of the sweep.
    let private asTrain (argument: SweepArgument) : TrainArgument option =
        match argument with
        | SweepArgument.File file -> Some(TrainArgument.File file)
        | SweepArgument.Data data -> Some(TrainArgument.Data data)
        | SweepArgument.Out folder -> Some(TrainArgument.Out folder)
        | SweepArgument.Epochs count -> Some(TrainArgument.Epochs count)
        | SweepArgument.Batch size -> Some(TrainArgument.Batch size)
        | SweepArgument.Lr rate -> Some(TrainArgument.Lr rate)
        | SweepArgument.Shrink epochs -> Some(TrainArgument.Shrink epochs)
        | SweepArgument.Validation fraction -> Some(TrainArgument.Validation fraction)
        | SweepArgument.Loaders count -> Some(TrainArgument.Loaders count)
        | SweepArgument.Limit images -> Some(TrainArgument.Limit images)
        | SweepArgument.Round channels -> Some(TrainArgument.Round channels)
        | SweepArgument.Method method -> Some(TrainArgument.Method method)
        | SweepArgument.Device device -> Some(TrainArgument.Device device)
        | SweepArgument.Precision precision -> Some(TrainArgument.Precision precision)
        | SweepArgument.Gamma _
        | SweepArgument.Target_Macs _
        | SweepArgument.Seeds _
        | SweepArgument.Control
        | SweepArgument.Jobs _
        | SweepArgument.Threads _
        | SweepArgument.No_Latency
        | SweepArgument.Known _
        | SweepArgument.Quiet
        | SweepArgument.Json -> None

    /// All of them; `before`: the recipe's γ.
    let read (args: ParseResults<SweepArgument>) (before: Gamma) : Result<SweepOptions, string> =
        result {
            let! points = points args before

            let! seeds =
                args.TryGetResult SweepArgument.Seeds
                |> Option.traverseResult TrainOptions.seeds

            let! jobs =
                args.TryGetResult SweepArgument.Jobs |> Option.defaultValue 1 |> Usage.jobs

            let! threads =
                args.TryGetResult SweepArgument.Threads |> Option.traverseResult Usage.threads

            let train =
                ArgumentParser
                    .Create<TrainArgument>()
                    .ToParseResults(args.GetAllResults() |> List.choose asTrain)

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
