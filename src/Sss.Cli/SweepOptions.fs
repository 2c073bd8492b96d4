namespace Sss.Cli

open System
open System.Globalization
open Argu
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// What a sweep varies, as the command line gives it: `0.5,0.3`.
type Varied =
    | Gammas of GivenGamma list
    | Targets of float list

/// The settings of a sweep.
type SweepOptions = {
    Varied: Varied
    /// The options of `sss train` that all runs share.
    Train: TrainOptions
    /// None: the recipe's seed alone.
    Seeds: int list option
    Control: bool
    Jobs: int
    Threads: int option
    /// A file of runs that were done elsewhere.
    Known: string option
    Latency: bool
    Quiet: bool
    Json: bool
}

/// The options of `sss sweep`, read and held to their bounds, once.
[<RequireQualifiedAccess>]
module SweepOptions =

    let private number (text: string) =
        match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, value -> Ok value
        | _ -> Error $"--target-macs: '{text}' is not a number."

    let private targets (text: string) =
        text.Split ','
        |> List.ofArray
        |> List.traverseResultM (number >> Result.bind (TargetOptions.fraction "--target-macs"))
        |> Result.map Targets

    /// `G,G,…`, or `neuron=G,block=G;neuron=G,block=G`: kinds need the comma.
    let private gammas (text: string) =
        let parts = if text.Contains '=' then text.Split ';' else text.Split ','

        parts
        |> List.ofArray
        |> List.traverseResultM RecipeOptions.gamma
        |> Result.map Gammas

    let private varied (args: ParseResults<SweepArgument>) =
        match
            args.TryGetResult SweepArgument.Gamma, args.TryGetResult SweepArgument.Target_Macs
        with
        | Some _, None when args.Contains SweepArgument.Target_By ->
            Error "--target-by is for --target-macs; with --gamma there is no target."
        | Some text, None -> gammas text
        | None, Some text -> targets text
        | Some _, Some _ -> Error "--gamma and --target-macs cannot both be varied."
        | None, None -> Error "give what to vary: --gamma G,G,… or --target-macs F,F,…"

    /// The points of a sweep. `before`: the recipe's γ, for kinds that a γ does not name.
    let points (o: SweepOptions) (before: Gamma) : StudyPoint list =
        match o.Varied with
        | Gammas given -> given |> List.map (RecipeOptions.over before) |> StudyPlan.ofGammas
        | Targets targets -> StudyPlan.ofTargets targets

    /// Warnings of a text that hold for a sweep too.
    let warnings (o: SweepOptions) =
        match o.Varied with
        | Gammas given -> RecipeOptions.warnings given false
        | Targets _ -> RecipeOptions.warnings [] true

    /// The option of `sss train` that says the same of each run; None: it says something of the sweep.
    let private asTrain (argument: SweepArgument) : TrainArgument option =
        match argument with
        | SweepArgument.File file -> Some(TrainArgument.File file)
        | SweepArgument.Data data -> Some(TrainArgument.Data data)
        | SweepArgument.Out folder -> Some(TrainArgument.Out folder)
        | SweepArgument.Target_By epochs -> Some(TrainArgument.Target_By epochs)
        | SweepArgument.Epochs count -> Some(TrainArgument.Epochs count)
        | SweepArgument.Batch size -> Some(TrainArgument.Batch size)
        | SweepArgument.Lr rate -> Some(TrainArgument.Lr rate)
        | SweepArgument.Shrink epochs -> Some(TrainArgument.Shrink epochs)
        | SweepArgument.Validation fraction -> Some(TrainArgument.Validation fraction)
        | SweepArgument.Init weights -> Some(TrainArgument.Init weights)
        | SweepArgument.Teacher network -> Some(TrainArgument.Teacher network)
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

    /// All of them.
    let read (args: ParseResults<SweepArgument>) : Result<SweepOptions, string> =
        result {
            let! varied = varied args

            let! seeds =
                args.TryGetResult SweepArgument.Seeds
                |> Option.traverseResult TrainOptions.seeds

            let! jobs =
                args.TryGetResult SweepArgument.Jobs |> Option.defaultValue 1 |> Usage.jobs

            let! threads =
                args.TryGetResult SweepArgument.Threads |> Option.traverseResult Usage.threads

            // Bounds are checked now, not by the first run.
            let! train =
                ArgumentParser
                    .Create<TrainArgument>()
                    .ToParseResults(args.GetAllResults() |> List.choose asTrain)
                |> TrainOptions.read

            do!
                train.Precision <> PrecisionChoice.Auto
                |> Result.requireTrue
                    "--precision: a sweep compares runs of one precision; give float32 or bf16."

            let json = args.Contains SweepArgument.Json

            return {
                Varied = varied
                Train = train
                Seeds = seeds
                Control = args.Contains SweepArgument.Control
                Jobs = jobs
                Threads = threads
                Known = args.TryGetResult SweepArgument.Known
                Latency = not (args.Contains SweepArgument.No_Latency)
                Quiet = json || args.Contains SweepArgument.Quiet
                Json = json
            }
        }
