namespace Sss.Cli

open System
open System.Globalization
open Argu
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Torch

/// The options of `sss train`, read and held to their bounds. Options override the recipe.
[<RequireQualifiedAccess>]
module TrainOptions =

    let private positive name (value: float) =
        if Double.IsFinite value && not (SinglePrecision.fits value) then
            Error $"{name} must be {SinglePrecision.expected}."
        elif Double.IsFinite value && value > 0.0 then
            Ok value
        else
            Error $"{name} must be a number above 0, not {Number.brief value}."

    /// A number above 0 and at most 1.
    let fraction name (value: float) =
        if value > 0.0 && value <= 1.0 then
            Ok value
        else
            Error $"{name} must be a number above 0 and at most 1, not {Number.brief value}."

    let private gammaValue (text: string) =
        let styles = NumberStyles.AllowDecimalPoint ||| NumberStyles.AllowExponent

        match Double.TryParse(text, styles, CultureInfo.InvariantCulture) with
        | true, value when Double.IsFinite value && not (SinglePrecision.fits value) ->
            Error $"--gamma must be {SinglePrecision.expected}."
        | true, value when Double.IsFinite value && value >= 0.0 -> Ok value
        | _ -> Error $"--gamma: '{text}' is not a number of 0 or more."

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

    /// `G`, or `neuron=G,group=G,block=G` in any order; kinds that are not named keep the recipe's γ.
    let gamma (before: Gamma) (text: string) : Result<Gamma, string> =
        if not (text.Contains '=') then
            gammaValue text |> Result.map (fun g -> { Neuron = g; Group = g; Block = g })
        else
            let add (gamma: Result<Gamma, string>) (part: string) =
                result {
                    let! gamma = gamma

                    match part.Split('=', 2) with
                    | [| kind; value |] ->
                        let! g = gammaValue value

                        match kind.Trim() with
                        | "neuron" -> return { gamma with Neuron = g }
                        | "group" -> return { gamma with Group = g }
                        | "block" -> return { gamma with Block = g }
                        | other ->
                            return!
                                Error(
                                    $"--gamma: '{other}' is no kind of factor; kinds are neuron, "
                                    + "group and block."
                                    + Usage.didYouMean [ "neuron"; "group"; "block" ] other
                                )
                    | _ -> return! Error $"--gamma: '{part}' is not of the form kind=number."
                }

            text.Split ',' |> Array.fold add (Ok before)

    /// Warnings of a text that hold with these options too: one of a missing γ (SSS651) does not where
    /// an option gives γ or a target.
    let warnings (gamma: string option) (hasTarget: bool) (parsed: Parsed) : Diagnostic list =
        let isGiven kind =
            match gamma with
            | Some text when text.Contains '=' ->
                let word =
                    match kind with
                    | Neuron -> "neuron"
                    | Group -> "group"
                    | Block -> "block"

                text.Split(',', ';')
                |> Array.exists (fun part -> part.Split('=', 2).[0].Trim() = word)
            | gamma -> gamma.IsSome

        let kinds = Network.scales parsed.Network |> Seq.map (fun (_, scale) -> scale.Kind)

        if hasTarget || Seq.forall isGiven kinds then
            parsed.Warnings |> List.filter (fun warning -> warning.Code <> "SSS651")
        else
            parsed.Warnings

    /// The recipe with the options in their places.
    let recipe (args: ParseResults<TrainArgument>) (recipe: Recipe) : Result<Recipe, string> =
        let given check value fallback =
            value
            |> Option.traverseResult check
            |> Result.map (Option.defaultValue fallback)

        result {
            let! epochs =
                given
                    (Usage.atLeast 1 "--epochs")
                    (args.TryGetResult TrainArgument.Epochs)
                    recipe.Epochs

            let! batch =
                given
                    (Usage.atLeast 1 "--batch")
                    (args.TryGetResult TrainArgument.Batch)
                    recipe.Batch

            let! lr = given (positive "--lr") (args.TryGetResult TrainArgument.Lr) recipe.Lr

            let! seed =
                given (Usage.atLeast 0 "--seed") (args.TryGetResult TrainArgument.Seed) recipe.Seed

            let! gamma =
                given (gamma recipe.Gamma) (args.TryGetResult TrainArgument.Gamma) recipe.Gamma

            let! target =
                args.TryGetResult TrainArgument.Target_Macs
                |> Option.traverseResult (fraction "--target-macs")

            let! shrink =
                args.TryGetResult TrainArgument.Shrink
                |> Option.traverseResult (Usage.atLeast 1 "--shrink")

            return {
                recipe with
                    ShrinkEvery = shrink |> Option.orElse recipe.ShrinkEvery
                    TargetMacs = target |> Option.orElse recipe.TargetMacs
                    Epochs = epochs
                    Batch = batch
                    Lr = lr
                    Seed = seed
                    Gamma = gamma
            }
        }

    /// The factors' update rule.
    let method (args: ParseResults<TrainArgument>) : Result<FactorMethod, string> =
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

    /// How to select.
    let select (args: ParseResults<TrainArgument>) : Result<SelectOptions, string> =
        args.TryGetResult TrainArgument.Round
        |> Option.defaultValue 1
        |> Usage.atLeast 1 "--round"
        |> Result.map (fun round -> {
            Round = round
            KeepFactors = args.Contains TrainArgument.Keep_Factors
        })

    /// Numbers that are no part of the recipe: threads, loaders, images.
    let counts
        (args: ParseResults<TrainArgument>)
        : Result<int option * int option * int option, string> =
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

    /// The fraction of the training images that is held out.
    let validation (args: ParseResults<TrainArgument>) : Result<float option, string> =
        match args.TryGetResult TrainArgument.Validation with
        | Some value when not (value > 0.0 && value < 1.0) ->
            Error $"--validation must be a number above 0 and below 1, not {Number.brief value}."
        | value -> Ok value

    /// Where in the run to start.
    let start (args: ParseResults<TrainArgument>) : Result<Start, string> =
        match args.Contains TrainArgument.Resume, args.Contains TrainArgument.Restart with
        | true, true -> Error "--resume and --restart cannot both be given."
        | true, false -> Ok Start.Resume
        | false, true -> Ok Start.Restart
        | false, false -> Ok Start.New

    /// Where to compute. CUDA that cannot be had is an error when LibTorch is loaded, never a silent
    /// run on the CPU.
    let device (args: ParseResults<TrainArgument>) : Result<Device, string> =
        args.TryGetResult TrainArgument.Device |> Usage.device

    /// What the network in training computes with.
    let precision (args: ParseResults<TrainArgument>) : Result<Precision, string> =
        args.TryGetResult TrainArgument.Precision |> Usage.precision

    /// What the run is to be compared with. `seed`: the run's, where --seeds says nothing.
    let controls (args: ParseResults<TrainArgument>) (seed: int) : Result<ControlOptions, string> =
        result {
            let! seeds = args.TryGetResult TrainArgument.Seeds |> Option.traverseResult seeds

            let! jobs =
                args.TryGetResult TrainArgument.Jobs |> Option.defaultValue 1 |> Usage.jobs

            let options = {
                Seeds = Option.defaultValue [ seed ] seeds
                Controls = args.Contains TrainArgument.Control
                Jobs = jobs
            }

            match args.TryGetResult TrainArgument.Seed with
            | Some seed when seed <> options.Seeds.Head ->
                return!
                    Error
                        $"--seed is {seed} and --seeds begins with {options.Seeds.Head}; the run's own \
                          seed is the first of --seeds."
            | _ -> ()

            if Controls.isAsked options && args.Contains TrainArgument.Init then
                return!
                    Error
                        "--control and --seeds start from random weights; they cannot go with --init."

            return options
        }

    /// The options that the runs beside a run share with it; the recipe is in their files.
    let shared (args: ParseResults<TrainArgument>) : string list =
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
            yield! given "--method" id (args.TryGetResult TrainArgument.Method)
            yield! given "--device" id (args.TryGetResult TrainArgument.Device)
            yield! given "--precision" id (args.TryGetResult TrainArgument.Precision)
            if args.Contains TrainArgument.Keep_Factors then
                "--keep-factors"
        ]
