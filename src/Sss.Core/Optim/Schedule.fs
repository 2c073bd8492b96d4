namespace Sss.Core

open System

/// A quantity as a function of time, counted in epochs from 0 (2.5: half way through the third).
type Schedule = float -> float

/// Schedules for step sizes, and for anything else that moves with time.
[<RequireQualifiedAccess>]
module Schedule =

    /// The same value always.
    let constant (value: float) : Schedule = fun _ -> value

    /// `start`, multiplied by `factor` at the start of each listed epoch (counted from 0).
    let steps (start: float) (factor: float) (epochs: int list) : Schedule =
        fun time ->
            let passed = epochs |> List.filter (fun epoch -> time >= float epoch) |> List.length
            start * Math.Pow(factor, float passed)

    /// Half a cosine from `start` at time 0 to 0 after `epochs`; 0 from then on. Loshchilov and
    /// Hutter, "SGDR" (2017), eq. 5, without restarts.
    let cosine (start: float) (epochs: float) : Schedule =
        fun time ->
            if time >= epochs then
                0.0
            else
                0.5 * start * (1.0 + cos (Math.PI * max time 0.0 / epochs))

    /// A schedule until `time`, and another one from there on, which starts there at its own 0. (With two half cosines:
    /// SGDR with one restart.)
    let followedBy (next: Schedule) (time: float) (first: Schedule) : Schedule =
        fun t -> if t < time then first t else next (t - time)

    /// Another schedule, times a factor that rises linearly from 0 to 1 over the first `epochs`.
    let warmUp (epochs: float) (schedule: Schedule) : Schedule =
        fun time ->
            if time >= epochs then
                schedule time
            else
                schedule time * max time 0.0 / epochs

    /// The step size η of a recipe.
    let ofRecipe (recipe: Recipe) : Schedule =
        let plain =
            match recipe.Schedule with
            | Constant -> constant recipe.Lr
            | Cosine -> cosine recipe.Lr (float recipe.Epochs)
            | CosineRestart when not (Target.isGiven recipe.Target) ->
                cosine recipe.Lr (float recipe.Epochs)
            | CosineRestart ->
                let first = TargetCourse.deadline recipe

                cosine recipe.Lr (float recipe.Epochs)
                |> followedBy (cosine recipe.Lr (float recipe.Epochs - first)) first
            | Step(factor, epochs) -> steps recipe.Lr factor epochs

        warmUp (float recipe.Warmup) plain

    /// The value for step 0, 1, … of training, read in the middle of the step: so that neither the
    /// first step of a warm-up nor the last of a cosine is 0. `stepsPerEpoch` is 1 or more.
    let atStep (stepsPerEpoch: int) (schedule: Schedule) (step: int) : float =
        schedule ((float step + 0.5) / float stepsPerEpoch)
