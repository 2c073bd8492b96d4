namespace Sss.Torch

open System.Collections.Generic
open Sss.Core

/// Sets γ to reach a target: connects `Budget` to a network in training.
[<RequireQualifiedAccess>]
module internal Control =

    /// Steps after which the target holds.
    let private last = TargetCourse.steps

    /// Steps without pressure, half of those until the target holds: what a structure is worth cannot be
    /// measured in a network that has learned nothing. Late stages get hardly any gradient at first, and
    /// some runs lost them permanently.
    let free (recipe: Recipe) (stepsPerEpoch: int) = last recipe stepsPerEpoch / 2L

    /// The least number of calls of the controller while it presses: a short recipe has few epochs
    /// until the target holds, and a landing takes several looks.
    let private decisions = 12

    /// The next step after `step` at which the controller is called: the first that is pressed, from there
    /// evenly up to the deadline, then at the start of each epoch.
    let next (recipe: Recipe) (stepsPerEpoch: int) (step: int64) : int64 =
        let first, last = free recipe stepsPerEpoch, last recipe stepsPerEpoch
        let length = last - first
        let count = max (int64 decisions) (int64 (ceil (TargetCourse.deadline recipe)))

        if step < first then
            first
        elif step >= last then
            (step / int64 stepsPerEpoch + 1L) * int64 stepsPerEpoch
        else
            // The least i with i·length/count above the steps so far.
            let i = (step - first) * count / length + 1L
            let at = first + (i * length + count - 1L) / count
            max (step + 1L) at

    /// Whether the controller is called before this step.
    let isDue (recipe: Recipe) (stepsPerEpoch: int) (step: int64) =
        step = 0L || next recipe stepsPerEpoch (step - 1L) = step

    let private places (slot: Slot) = [| int slot.Offset .. int (slot.Offset + slot.Count) - 1 |]

    /// What the removal of a factor saves. Those of an array are alike: one is computed for all. Where channels go in
    /// whole lanes, one alone saves nothing, and the first lane may save more or less than those after it: what all lanes but the
    /// last save is divided among their channels.
    let savings
        (costOf: (int -> bool) -> int64)
        (lane: int)
        (trainer: Trainer)
        (magnitudes: float[])
        =
        let isAlive i = magnitudes[i] <> 0.0
        let whole = costOf isAlive

        List.zip trainer.Model.Layout.Scales trainer.Model.Layout.Factors
        |> List.map (fun (f, slot) ->
            let alive = places slot |> Array.filter isAlive

            let gone =
                match f.Scale.Kind with
                | Neuron
                | Shared when lane > 1 -> Array.truncate (max lane (alive.Length - lane)) alive
                | Neuron
                | Shared
                | Group
                | Block -> Array.truncate 1 alive

            let saved =
                if Array.isEmpty gone then
                    0.0
                else
                    let isGone = HashSet gone
                    let cost = costOf (fun i -> isAlive i && not (isGone.Contains i))

                    // The last lane of a layer that must keep a channel stays.
                    if cost = 0L && gone.Length > 1 then
                        0.0
                    else
                        float (whole - cost) / float gone.Length

            Array.create (int slot.Count) saved
        )
        |> Array.concat

    /// Relative strengths. What has to stay for the network to depend on its input is left alone, and so are as many of an array as
    /// its declaration wants to keep.
    let private weights costOf lane (recipe: Recipe) (trainer: Trainer) (magnitudes: float[]) =
        let weights =
            Saliency.weights
                (FactorGammas.relative recipe.Gamma trainer.Model.Layout.Scales)
                magnitudes
                (Array.map float trainer.Squares)
                (savings costOf lane trainer magnitudes)

        let alive = Array.map (fun magnitude -> magnitude <> 0.0) magnitudes

        let order =
            [| 0 .. weights.Length - 1 |]
            |> Array.filter (fun i -> alive[i] && weights[i] > 0.0)
            |> Array.sortBy (fun i -> magnitudes[i] / weights[i], -i)

        let lives isAlive =
            (trainer.WouldBeOf(Selection.defaults, isAlive)).IsSome

        for i in Survivors.ofOrder lives alive order do
            weights[i] <- 0.0

        for f, slot in List.zip trainer.Model.Layout.Scales trainer.Model.Layout.Factors do
            if f.Scale.Min > 0 then
                let best =
                    places slot
                    |> Array.filter (fun i -> magnitudes[i] > 0.0)
                    |> Array.sortByDescending (fun i -> magnitudes[i] / weights[i])
                    |> Array.truncate f.Scale.Min

                for i in best do
                    weights[i] <- 0.0

        weights

    /// The array of channels' factors that a factor is in.
    let private layerOf (trainer: Trainer) : int -> int option =
        let layers =
            List.zip trainer.Model.Layout.Scales trainer.Model.Layout.Factors
            |> List.mapi (fun layer (f, _) ->
                let ofChannels =
                    match f.Scale.Kind with
                    | Neuron
                    | Shared -> Some layer
                    | Group
                    | Block -> None

                Array.replicate f.Scale.Count ofChannels
            )
            |> Array.concat

        fun i -> layers[i]

    /// No γ at all, as long as nothing is pressed.
    let private none (trainer: Trainer) : Pressure = {
        Presses = Array.create trainer.Iterate.Length (Press.Gamma 0.0)
        Budget = Budget.start
        Latency = None
    }

    let private press
        (trainer: Trainer)
        (recipe: Recipe)
        (target: CostTarget)
        (factor: float)
        (stepsPerEpoch: int)
        (step: int64)
        (before: Pressure option)
        : BudgetDecision =
        let schedule = Schedule.ofRecipe recipe

        let reachUntil (last: int64) =
            seq { int step .. int last - 1 }
            |> Seq.map (Schedule.atStep stepsPerEpoch schedule)
            |> Budget.reach recipe.Momentum

        let limit = target.Limit factor
        let magnitudes = trainer.Iterate |> Array.map (fun value -> abs (float value))

        let costOf isAlive =
            trainer.WouldBeOf(target.Select, isAlive)
            |> Option.map limit.Of
            // A network that does not depend on its input costs nothing.
            |> Option.defaultValue 0L

        Budget.decide
            {
                Magnitudes = magnitudes
                Weights =
                    weights
                        costOf
                        (if target.WholeLanes then target.Lane else 1)
                        recipe
                        trainer
                        magnitudes
                LayerOf = layerOf trainer
                Lane = target.Lane
                WholeLanes = target.WholeLanes
                CostOf = costOf
                Target = limit.Most
                ReachToNext = reachUntil (next recipe stepsPerEpoch step)
                ReachToDeadline = reachUntil (last recipe stepsPerEpoch)
            }
            (before |> Option.map (fun p -> p.Budget) |> Option.defaultValue Budget.start)

    /// γ from this step to the next call of the controller, towards a network within `target`. Once the target
    /// holds, nothing is measured any more.
    let decide
        (trainer: Trainer)
        (recipe: Recipe)
        (target: CostTarget)
        (stepsPerEpoch: int)
        (step: int64)
        (before: Pressure option)
        : Pressure =
        if step < free recipe stepsPerEpoch then
            none trainer
        else
            let share plan =
                if step < last recipe stepsPerEpoch then
                    target.Share
                    |> Option.bind (fun share ->
                        share trainer.Model.Network (MeasuredChoice.planned trainer plan)
                    )
                else
                    None

            let decision, latency =
                MeasuredChoice.find
                    (fun factor -> press trainer recipe target factor stepsPerEpoch step before)
                    share
                    target.FirstFactor
                    (before |> Option.bind _.Latency)

            {
                Presses = decision.Presses
                Budget = decision.State
                Latency = latency
            }

    /// The mean γ of each kind over factors that are not held at 0, for reports.
    let summary (trainer: Trainer) (pressure: Pressure) : Gamma =
        let mean kind =
            List.zip trainer.Model.Layout.Scales trainer.Model.Layout.Factors
            |> List.filter (fun (f, _) -> f.Scale.Kind = kind)
            |> List.collect (fun (_, slot) ->
                Array.sub pressure.Presses (int slot.Offset) (int slot.Count) |> List.ofArray
            )
            |> List.filter (Press.isHeld >> not)
            // As training has it.
            |> List.map (Press.gamma >> float32 >> float)
            |> function
                | [] -> 0.0
                | gammas -> List.average gammas

        {
            Neuron = mean Neuron
            Group = mean Group
            Block = mean Block
            Shared = mean Shared
        }
