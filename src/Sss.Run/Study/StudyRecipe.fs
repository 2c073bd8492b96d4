namespace Sss.Torch

open System
open Sss.Core
open Sss.Files

/// How the runs of a study are trained.
[<RequireQualifiedAccess>]
module StudyRecipe =

    /// The recipe of a network without factors: no γ, no target, nothing cut, and all of its epochs.
    let free (recipe: Recipe) : Recipe = {
        recipe with
            Gamma = Gamma.none
            Penalty = FactorPenalty.standard
            Target = Target.none
            TargetBy = None
            ShrinkEvery = None
            StopAfter = None
    }

    /// The same course over another number of epochs: warm-up and the epochs at which the step size
    /// falls keep their part of the whole.
    let stretch (epochs: int) (recipe: Recipe) : Recipe =
        let scaled (epoch: int) =
            float epoch * float epochs / float (max 1 recipe.Epochs) |> Math.Round |> int

        {
            recipe with
                Epochs = epochs
                Warmup = scaled recipe.Warmup
                Schedule =
                    match recipe.Schedule with
                    | Step(factor, at) -> Step(factor, List.map scaled at |> List.distinct)
                    | other -> other
        }

    /// The least whole number of epochs in which the selected network takes at least the compute that
    /// the run spent which selected it; None: the run does not say what it spent.
    let epochsOfCompute (run: RunResult) : int option =
        run.Compute
        |> Option.map (fun compute ->
            let imagesAnEpoch = float compute.Images / float (max 1 compute.Epochs)
            let anEpoch = imagesAnEpoch * float run.Selected.Macs

            if anEpoch > 0.0 then
                max 1 (int (Math.Ceiling(compute.TrainMacs / anEpoch)))
            else
                run.Recipe.Epochs
        )

    /// The recipe of a job. `after`: the result of the run that it waits for. None: that run is
    /// wanted, or does not say what it spent.
    let ofJob (recipe: Recipe) (job: StudyJob) (after: RunResult option) : Recipe option =
        let recipe = { recipe with Seed = job.Seed }

        match job.Kind, job.Point with
        | StudyKind.Selected, Some point ->
            let target =
                match point.Gamma, point.TargetMacs with
                | Some _, None -> Target.none
                | None, None -> recipe.Target
                | _, Some fraction -> {
                    Target.none with
                        Macs = Some fraction
                  }

            Some {
                recipe with
                    Gamma = Option.defaultValue recipe.Gamma point.Gamma
                    Target = target
                    TargetBy = recipe.TargetBy |> Option.filter (fun _ -> Target.isGiven target)
            }
        | StudyKind.Selected, None -> Some recipe
        | StudyKind.ScratchB, _ ->
            after
            |> Option.bind epochsOfCompute
            |> Option.map (fun epochs -> stretch epochs (free recipe))
        | (StudyKind.Dense | StudyKind.ScratchE | StudyKind.Uniform), _ -> Some(free recipe)
