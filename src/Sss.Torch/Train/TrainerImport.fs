namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core

/// Making trainers.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal Trainer =

    /// The rule of a recipe for the weights of a model, with what a state knows of it.
    let private weightStep (model: Model) (recipe: Recipe) (state: TrainState) =
        let layout = model.Layout
        let own = OwnRate.ofRecipe layout state.Network recipe

        match recipe.Optimizer with
        | Optimizer.Nag ->
            WeightStep.Nag(
                new Nag(model.Weights, layout.Decayed, recipe.Decay, recipe.Momentum, ?own = own)
            )
        | Optimizer.AdamW(beta1, beta2, eps) ->
            let rule = {
                Beta1 = beta1
                Beta2 = beta2
                Eps = eps
                Decay = recipe.Decay
            }

            WeightStep.AdamW(
                new AdamWStep(model.Weights, layout.Decayed, rule, state.Step, ?own = own)
            )

    let private fill (layout: Layout) (weightStep: WeightStep) (state: TrainState) =
        result {
            do! ArrayCopy.copyIn state.Velocity weightStep.Velocity layout.Weights

            match weightStep.Squares with
            | Some squares when not state.SquareMeans.IsEmpty ->
                do! ArrayCopy.copyIn state.SquareMeans squares layout.Weights
            | Some _
            | None -> ()
        }

    /// The average of a recipe, which begins with the weights as they are.
    let private average (model: Model) (recipe: Recipe) (state: TrainState) =
        match recipe.Ema with
        | None -> Ok None
        | Some decay ->
            let average = new WeightAverage(model, decay, state.Step)
            let from = TrainState.averaged state

            result {
                do! ArrayCopy.copyIn from average.Weights model.Layout.Weights
                do! ArrayCopy.copyIn from average.Statistics model.Layout.Statistics
                return Some average
            }
            |> Result.teeError (fun _ -> (average :> IDisposable).Dispose())

    /// Training from a state, on targets that are where `columns` says, with a caller's own loss and a teacher or without: `Export` of the result gives the state
    /// back bit for bit. The teacher stays the caller's.
    let importWith
        (columns: TargetColumns)
        (own: OwnLoss option)
        (teacher: Teacher option)
        (engine: LibTorch)
        (rule: FactorRule)
        (recipe: Recipe)
        (state: TrainState)
        =
        result {
            let! model = Model.createTrained engine state.Network state.Numbers
            let layout = model.Layout

            let parts =
                result {
                    let! start = FactorStart.state layout state
                    let! pressed = FactorStart.pressed rule recipe layout state
                    let! average = average model recipe state
                    return start, pressed, average
                }

            match parts with
            | Error e ->
                (model :> IDisposable).Dispose()
                return! Error e
            | Ok(start, pressed, average) ->
                let factors = new FactorStep(model.Factors, start, pressed)
                let weightStep = weightStep model recipe state

                let objective =
                    Objective.ofRecipe columns state.Network recipe
                    |> Objective.withOwn columns state.Network recipe own

                let trainer =
                    new Trainer(
                        model,
                        weightStep,
                        factors,
                        objective,
                        recipe,
                        ?teacher = teacher,
                        ?average = average
                    )

                match fill layout weightStep state with
                | Ok() -> return trainer
                | Error e ->
                    (trainer :> IDisposable).Dispose()
                    return! Error e
        }

    /// The same with the recipe's loss alone.
    let import engine rule recipe state =
        importWith TargetColumns.single None None engine rule recipe state
