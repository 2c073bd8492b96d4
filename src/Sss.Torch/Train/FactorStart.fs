namespace Sss.Torch

open FsToolkit.ErrorHandling
open Sss.Core

/// Where the factors' steps continue from: the state of a checkpoint as the value that a step takes.
[<RequireQualifiedAccess>]
module internal FactorStart =

    /// The factors' part of a state.
    let state (layout: Layout) (state: TrainState) : Result<FactorState<float32>, ModelError> =
        result {
            let flat (arrays: Weights<float32>) =
                let values: float32[] = Array.zeroCreate (int layout.FactorLength)
                ArrayCopy.copyInto arrays values layout.Factors |> Result.map (fun () -> values)

            let! iterate = flat state.Numbers
            let! probe = flat state.Probe
            let! velocity = flat state.FactorVelocity
            let! squares = flat state.Squares
            let zeroSteps: int[] = Array.zeroCreate iterate.Length

            for slot in layout.Factors do
                Map.tryFind slot.Key state.ZeroSteps
                |> Option.iter (fun steps -> steps.CopyTo(zeroSteps, int slot.Offset))

            return {
                Iterate = iterate
                Probe = probe
                Velocity = velocity
                ZeroSteps = zeroSteps
                Squares = squares
            }
        }

    /// The rule with the γs of a controller, or of the recipe where there is none yet.
    let pressed (rule: FactorRule) (recipe: Recipe) (layout: Layout) (state: TrainState) =
        let counts = layout.Factors |> List.map (fun slot -> int slot.Count)

        match state.Pressure with
        | Some pressure -> Pressure.apply pressure counts rule
        | None ->
            let gammas = FactorGammas.ofKinds recipe.Gamma layout.Scales |> Array.map float32

            FactorRule.press counts gammas (Array.zeroCreate gammas.Length) rule
            |> Result.mapError BadPenalty
