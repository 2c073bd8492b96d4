namespace Sss.Torch

open System
open Sss

/// Step sizes over a run.
[<RequireQualifiedAccess>]
module Schedule =

    /// η of a step, counted from 0 over the whole run. `cosine` falls from step to step, to 0 at
    /// the end of the last epoch; `step` changes at the starts of epochs (counted from 0, as many
    /// as are done). A warm-up of E epochs multiplies the steps of its E epochs by 1/n, 2/n, …, 1.
    let rate (recipe: Recipe) (stepsPerEpoch: int) (step: int64) : float =
        let perEpoch = float (max 1 stepsPerEpoch)
        let done' = float step / perEpoch
        let warmup = float recipe.Warmup * perEpoch

        let shape =
            match recipe.Schedule with
            | Constant -> 1.0
            | Cosine -> 0.5 * (1.0 + cos (Math.PI * done' / float (max 1 recipe.Epochs)))
            | Step(factor, epochs) ->
                let epoch = int (step / int64 (max 1 stepsPerEpoch))
                let passed = epochs |> List.filter (fun e -> e <= epoch) |> List.length
                factor ** float passed

        let rise =
            if float step < warmup then
                (float step + 1.0) / warmup
            else
                1.0

        recipe.Lr * shape * rise
