namespace Sss.Torch

open Sss.Core

/// The controller's choice by measured times: of several networks, the one that is just within the limit.
[<RequireQualifiedAccess>]
module internal MeasuredChoice =

    /// Networks that a call measures at most.
    let private checks = 6

    /// The network in training, with factors that selection reads as a plan. Numbers that start at 0, such as biases, are
    /// not 0: in a trained network they are not, and a constant that is not 0 may need a channel.
    let planned (trainer: Trainer) (plan: bool[]) =
        let network = trainer.Model.Network

        let weights =
            Init.weights 1 network
            |> Map.map (fun _ array ->
                if Array.forall ((=) 0.0f) array.Data then
                    {
                        array with
                            Data = Array.create array.Data.Length 0.1f
                    }
                else
                    array
            )

        (weights, trainer.Model.Layout.Factors)
        ||> List.fold (fun weights slot ->
            let alive =
                Array.init
                    (int slot.Count)
                    (fun i -> if plan[int slot.Offset + i] then 1.0f else 0.0f)

            Map.add slot.Key { weights[slot.Key] with Data = alive } weights
        )

    /// The decision whose network is just within the limit when it is measured, and that measurement. `decide`: with
    /// predictions times a factor.
    let find
        (decide: float -> BudgetDecision)
        (share: bool[] -> float option)
        (start: float)
        (known: LatencyTry option)
        =
        // A plan that was measured in this call is not measured again.
        let shareOf tries (plan: bool[]) =
            match tries |> List.tryFind (fun (_, tried: BudgetDecision) -> tried.Plan = plan) with
            | Some(found: LatencyTry, _) -> Some found.Share
            | None -> share plan

        let rec search tries factor (decision: BudgetDecision) =
            match shareOf tries decision.Plan with
            | None -> tries
            | Some share ->
                let tries = ({ Factor = factor; Share = share }, decision) :: tries

                match LatencySearch.next factor (List.map fst tries) with
                | Some factor when tries.Length < checks -> search tries factor (decide factor)
                | Some _
                | None -> tries

        let factor = known |> Option.map _.Factor |> Option.defaultValue start
        let first = decide factor
        let tries = search [] factor first

        match LatencySearch.best (List.map fst tries) with
        | Some best -> tries |> List.find (fun (t, _) -> t = best) |> snd, Some best
        | None -> first, known
