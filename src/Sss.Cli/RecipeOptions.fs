namespace Sss.Cli

open System
open System.Globalization
open Argu
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl

/// A γ as an option gives it.
type GivenGamma =
    /// One number for every kind.
    | OfAll of float
    /// Kinds that are not named keep the recipe's.
    | OfKinds of (FactorKind * float) list

/// Options that override the recipe; None: the recipe's value.
type RecipeOptions = {
    Epochs: int option
    Batch: int option
    Lr: float option
    Seed: int option
    Gamma: GivenGamma option
    Target: Target
    TargetBy: float option
    Shrink: int option
    /// A recipe without `teacher` gets the standard one.
    HasTeacher: bool
}

/// Options that override the recipe.
[<RequireQualifiedAccess>]
module RecipeOptions =

    let private positive name (value: float) =
        if Double.IsFinite value && not (SinglePrecision.fits value) then
            Error $"{name} must be {SinglePrecision.expected}."
        elif Double.IsFinite value && value > 0.0 then
            Ok value
        else
            Error $"{name} must be a number above 0, not {Number.brief value}."

    let private gammaValue (text: string) =
        let styles = NumberStyles.AllowDecimalPoint ||| NumberStyles.AllowExponent

        match Double.TryParse(text, styles, CultureInfo.InvariantCulture) with
        | true, value when Double.IsFinite value && not (SinglePrecision.fits value) ->
            Error $"--gamma must be {SinglePrecision.expected}."
        | true, value when Double.IsFinite value && value >= 0.0 -> Ok value
        | _ -> Error $"--gamma: '{text}' is not a number of 0 or more."

    let private kinds = [ Neuron; Group; Block; Shared ]

    let private kindGamma (part: string) =
        match part.Split('=', 2) with
        | [| kind; value |] ->
            result {
                let! gamma = gammaValue value
                let word = kind.Trim()

                let! kind =
                    kinds
                    |> List.tryFind (fun kind -> Plan.kindWord kind = word)
                    |> Result.requireSome (
                        $"--gamma: '{word}' is not a kind of factor; the kinds are neuron, group, block and shared."
                        + Usage.didYouMean (List.map Plan.kindWord kinds) word
                    )

                return kind, gamma
            }
        | _ -> Error $"--gamma: '{part}' is not of the form kind=number."

    /// `G`, or `neuron=G,group=G,block=G,shared=G` in any order.
    let gamma (text: string) : Result<GivenGamma, string> =
        if text.Contains '=' then
            text.Split ','
            |> List.ofArray
            |> List.traverseResultM kindGamma
            |> Result.map OfKinds
        else
            gammaValue text |> Result.map OfAll

    /// γ with what an option gives of it.
    let over (before: Gamma) (given: GivenGamma) : Gamma =
        let add (gamma: Gamma) (kind, value) =
            match kind with
            | Neuron -> { gamma with Neuron = value }
            | Group -> { gamma with Group = value }
            | Block -> { gamma with Block = value }
            | Shared -> { gamma with Shared = value }

        match given with
        | OfAll value -> kinds |> List.fold (fun gamma kind -> add gamma (kind, value)) before
        | OfKinds values ->
            let after = List.fold add before values

            // Shared factors follow neurons as long as nothing says otherwise.
            if
                before.Shared = before.Neuron
                && not (values |> List.exists (fun (kind, _) -> kind = Shared))
            then
                { after with Shared = after.Neuron }
            else
                after

    /// Warnings of a text that hold with these options too: one of a missing γ (SSS651) does not where
    /// an option gives γ or a target.
    let warnings (gammas: GivenGamma list) (hasTarget: bool) (parsed: Parsed) : Diagnostic list =
        let isGiven kind =
            gammas
            |> List.exists (
                function
                | OfAll _ -> true
                | OfKinds values ->
                    values
                    |> List.exists (fun (named, _) ->
                        named = kind || (named = Neuron && kind = Shared)
                    )
            )

        let scaled = Network.scales parsed.Network |> Seq.map (fun (_, scale) -> scale.Kind)

        if hasTarget || Seq.forall isGiven scaled then
            parsed.Warnings |> List.filter (fun warning -> warning.Code <> "SSS651")
        else
            parsed.Warnings

    /// The recipe with the options in their places. A `by` of the text is at most the epochs that an option gives.
    let apply (given: RecipeOptions) (recipe: Recipe) : Recipe =
        let epochs = Option.defaultValue recipe.Epochs given.Epochs

        {
            recipe with
                ShrinkEvery = given.Shrink |> Option.orElse recipe.ShrinkEvery
                Target = given.Target |> Target.orElse recipe.Target
                TargetBy = given.TargetBy |> Option.orElse (TargetCourse.within recipe epochs)
                Epochs = epochs
                Batch = Option.defaultValue recipe.Batch given.Batch
                Lr = Option.defaultValue recipe.Lr given.Lr
                Seed = Option.defaultValue recipe.Seed given.Seed
                Teacher =
                    if given.HasTeacher then
                        recipe.Teacher |> Option.orElse (Some Teaching.standard)
                    else
                        recipe.Teacher
                Gamma =
                    given.Gamma
                    |> Option.map (over recipe.Gamma)
                    |> Option.defaultValue recipe.Gamma
        }

    /// The options, read and held to their bounds.
    let read (args: ParseResults<TrainArgument>) : Result<RecipeOptions, string> =
        let given check value = Option.traverseResult check value

        result {
            let! epochs =
                args.TryGetResult TrainArgument.Epochs |> given (Usage.atLeast 1 "--epochs")

            let! batch =
                args.TryGetResult TrainArgument.Batch |> given (Usage.atLeast 1 "--batch")

            let! lr = args.TryGetResult TrainArgument.Lr |> given (positive "--lr")
            let! seed = args.TryGetResult TrainArgument.Seed |> given (Usage.atLeast 0 "--seed")
            let! gamma = args.TryGetResult TrainArgument.Gamma |> given gamma

            let! target = TargetOptions.read args

            let! targetBy =
                args.TryGetResult TrainArgument.Target_By |> given (positive "--target-by")

            let! shrink =
                args.TryGetResult TrainArgument.Shrink |> given (Usage.atLeast 1 "--shrink")

            return {
                Epochs = epochs
                Batch = batch
                Lr = lr
                Seed = seed
                Gamma = gamma
                Target = target
                TargetBy = targetBy
                Shrink = shrink
                HasTeacher = args.Contains TrainArgument.Teacher
            }
        }
