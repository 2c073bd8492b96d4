namespace Sss.Cli

open System
open System.Globalization
open Argu
open FsToolkit.ErrorHandling
open Sss
open Sss.Torch

/// The options of `sss train`, read and held to their bounds. Options override the recipe.
[<RequireQualifiedAccess>]
module TrainOptions =

    let private atLeast (bound: int) name value =
        if value >= bound then
            Ok value
        else
            Error $"{name} must be at least {bound}, not {value}."

    let private positive name (value: float) =
        if Double.IsFinite value && value > 0.0 then
            Ok value
        else
            Error $"{name} must be a number above 0, not {Number.brief value}."

    let private gammaValue (text: string) =
        match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, value when Double.IsFinite value && value >= 0.0 -> Ok value
        | _ -> Error $"--gamma: '{text}' is not a number of 0 or more."

    /// `G`, or `neuron=G,group=G,block=G` in any order; kinds that are not named keep the recipe's γ.
    let private gamma (before: Gamma) (text: string) : Result<Gamma, string> =
        if not (text.Contains '=') then
            gammaValue text
            |> Result.map (fun g -> { Neuron = g; Group = g; Block = g })
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

    let private overriding (args: ParseResults<TrainArgument>) case check set recipe =
        match args.TryGetResult case with
        | None -> Ok recipe
        | Some value -> check value |> Result.map (set recipe)

    /// The recipe with the options in their places.
    let recipe (args: ParseResults<TrainArgument>) (recipe: Recipe) : Result<Recipe, string> =
        let set case check change recipe = overriding args case check change recipe

        Ok recipe
        |> Result.bind (
            set TrainArgument.Epochs (atLeast 1 "--epochs") (fun r v -> { r with Epochs = v })
        )
        |> Result.bind (
            set TrainArgument.Batch (atLeast 1 "--batch") (fun r v -> { r with Batch = v })
        )
        |> Result.bind (set TrainArgument.Lr (positive "--lr") (fun r v -> { r with Lr = v }))
        |> Result.bind (
            set TrainArgument.Seed (atLeast 0 "--seed") (fun r v -> { r with Seed = v })
        )
        |> Result.bind (
            set TrainArgument.Gamma (gamma recipe.Gamma) (fun r v -> { r with Gamma = v })
        )

    /// The factors' update rule.
    let method (args: ParseResults<TrainArgument>) : Result<FactorMethod, string> =
        match args.TryGetResult TrainArgument.Method with
        | None -> Ok FactorMethod.Apg
        | Some name ->
            let names = FactorMethod.all |> List.map FactorMethod.name

            FactorMethod.tryParse name
            |> Result.requireSome (
                $"--method: '{name}' is unknown; methods are {String.Join(", ", names)}."
                + Usage.didYouMean names name
            )

    /// How to select.
    let select (args: ParseResults<TrainArgument>) : Result<SelectOptions, string> =
        args.TryGetResult TrainArgument.Round
        |> Option.defaultValue 1
        |> atLeast 1 "--round"
        |> Result.map (fun round -> {
            Round = round
            KeepFactors = args.Contains TrainArgument.Keep_Factors
        })

    /// Numbers that are no part of the recipe: threads, images.
    let counts (args: ParseResults<TrainArgument>) : Result<int option * int option, string> =
        result {
            let! threads =
                args.TryGetResult TrainArgument.Threads
                |> Option.traverseResult (atLeast 1 "--threads")

            let! limit =
                args.TryGetResult TrainArgument.Limit
                |> Option.traverseResult (atLeast 1 "--limit")

            return threads, limit
        }

    /// CUDA that was asked for and cannot be had is an error, never a silent run on the CPU.
    let device (args: ParseResults<TrainArgument>) : Result<unit, string> =
        match args.TryGetResult TrainArgument.Device with
        | None
        | Some "cpu" -> Ok()
        | Some other when other.StartsWith "cuda" ->
            Error "--device: this version computes on the CPU only; leave the option out."
        | Some other -> Error $"--device: '{other}' is unknown; devices are cpu and cuda."
