namespace Sss.Torch

open Sss.Core

/// γ on the way to a target of macs: `Budget` told about a network in training, once an epoch.
[<RequireQualifiedAccess>]
module internal Control =

    /// Epochs after which the target holds. The other half of the recipe trains the network that is
    /// left, with γ = 0.
    let deadline (recipe: Recipe) = (recipe.Epochs + 1) / 2

    /// Arrays of factors that may not all be 0, since nothing leads around their layer.
    let vital (trainer: Trainer) : Slot list =
        trainer.Model.Layout.Factors
        |> List.filter (fun slot ->
            let first, next = int slot.Offset, int (slot.Offset + slot.Count)
            (trainer.CostOf(fun i -> i < first || i >= next)).IsNone
        )

    /// The recipe's γs as relative strengths; the strongest factor of a vital array is left alone.
    let private weights (recipe: Recipe) (trainer: Trainer) vital (magnitudes: float[]) =
        let weights =
            FactorGammas.ofKinds recipe.Gamma trainer.Model.Layout.Scales |> Budget.weights

        for slot in vital do
            let strongest =
                seq { int slot.Offset .. int (slot.Offset + slot.Count) - 1 }
                |> Seq.maxBy (fun i -> magnitudes[i])

            weights[strongest] <- 0.0

        weights

    /// γ for the epoch that begins, towards a network of `target` macs.
    let decide
        (trainer: Trainer)
        (vital: Slot list)
        (recipe: Recipe)
        (target: int64)
        (stepsPerEpoch: int)
        (epoch: int)
        (before: Pressure option)
        : Pressure =
        let schedule = Schedule.ofRecipe recipe

        let reachUntil last =
            seq { epoch * stepsPerEpoch .. last * stepsPerEpoch - 1 }
            |> Seq.map (Schedule.atStep stepsPerEpoch schedule)
            |> Budget.reach recipe.Momentum

        let magnitudes = trainer.Iterate |> Array.map (fun value -> abs (float value))

        let decision =
            Budget.decide
                {
                    Magnitudes = magnitudes
                    Weights = weights recipe trainer vital magnitudes
                    MacsOf =
                        fun isAlive ->
                            trainer.CostOf isAlive
                            |> Option.map (fun cost -> cost.Macs)
                            // A network that looks at nothing costs nothing.
                            |> Option.defaultValue 0L
                    Target = target
                    ReachToNext = reachUntil (epoch + 1)
                    ReachToDeadline = reachUntil (deadline recipe)
                }
                (before |> Option.map (fun p -> p.Budget) |> Option.defaultValue Budget.start)

        {
            Gammas = Array.map float32 decision.Gammas
            Budget = decision.State
        }

    /// The mean γ of each kind over factors that are not held at 0, for reports.
    let summary (trainer: Trainer) : Gamma =
        let mean kind =
            List.zip trainer.Model.Layout.Scales trainer.Model.Layout.Factors
            |> List.filter (fun (f, _) -> f.Scale.Kind = kind)
            |> List.collect (fun (_, slot) ->
                Array.sub trainer.Gammas (int slot.Offset) (int slot.Count) |> List.ofArray
            )
            |> List.map float
            |> List.filter (fun gamma -> gamma < Budget.ceiling)
            |> function
                | [] -> 0.0
                | gammas -> List.average gammas

        {
            Neuron = mean Neuron
            Group = mean Group
            Block = mean Block
        }
