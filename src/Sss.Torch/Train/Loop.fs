namespace Sss.Torch

open System
open System.Diagnostics
open FsToolkit.ErrorHandling
open Sss.Core

/// All steps of a run.
[<RequireQualifiedAccess>]
module internal Loop =

    /// A factor that can move has moved by then.
    let private unmovedAfter = 100L

    /// A loss of a batch from which no training comes back: its scores are as far apart.
    let private hopeless = 1e10

    /// A mean loss at the end of training that is no result: chance is below 14 for a million classes.
    let private unusable = 1e6

    let private addDose rate (gamma: Gamma) (dose: Gamma) : Gamma = {
        Neuron = dose.Neuron + rate * gamma.Neuron
        Group = dose.Group + rate * gamma.Group
        Block = dose.Block + rate * gamma.Block
    }

    /// γ from this step on; without a target it stays the recipe's.
    let private steer (s: Session) (live: Live) (p: Progress) : Result<Progress, TrainError> =
        match s.Target with
        | None -> Ok p
        | Some target ->
            let trainer = live.Trainer

            let pressure =
                Control.decide
                    trainer
                    (Control.vital trainer)
                    s.Recipe
                    target
                    s.StepsPerEpoch
                    p.State.Step
                    p.State.Pressure

            trainer.Press pressure
            |> Result.mapError BadModel
            |> Result.map (fun () -> {
                p with
                    State = {
                        p.State with
                            Pressure = Some pressure
                    }
                    Gamma = Control.summary trainer
            })

    /// One step; its loss goes into the sums.
    let private step (s: Session) (live: Live) (feed: Feed) rate (p: Progress) =
        result {
            let! loaded = feed.Take() |> Result.mapError BadData
            List.iter (LeftOut >> s.Emit) loaded.LeftOut

            let struct (loss, right) =
                live.Trainer.Step(loaded, rate, p.State.Step, ?exchange = live.Exchange)

            if live.Exchange |> Option.exists (fun e -> not e.Agreed.IsSame) then
                return! Error(Parted p.State.Step)

            if not (Double.IsFinite loss && loss < hopeless) then
                return!
                    if p.State.Step = 0L then
                        Error(BadStart loss)
                    else
                        Error(Diverged(p.State.Epoch, loss))

            let state = p.State

            return
                struct (loss,
                        {
                            p with
                                Seen = p.Seen + int64 s.Batch
                                State = {
                                    state with
                                        Step = state.Step + 1L
                                        Dose = addDose rate p.Gamma state.Dose
                                        TrainMacs = state.TrainMacs + live.Macs * float s.Batch
                                        Sums = {
                                            Loss = state.Sums.Loss + loss * float s.Batch
                                            Right = state.Sums.Right + right
                                            Images = state.Sums.Images + int64 s.Batch
                                        }
                                }
                        })
        }

    /// Whether the penalty has had time to show on the factors and did not.
    let private checkMoved (live: Live) (start: float32[] option) (p: Progress) =
        match start with
        | Some start when p.State.Step = unmovedAfter && start.Length > 0 ->
            if live.Trainer.Iterate.AsSpan().SequenceEqual(ReadOnlySpan start) then
                Error(Unmoved(int unmovedAfter))
            else
                Ok()
        | _ -> Ok()

    /// All steps from a state to the end of the recipe.
    let run (s: Session) (live: Live) (feed: Feed) (state: TrainState) =
        let schedule = Schedule.ofRecipe s.Recipe
        let perEpoch = int64 s.StepsPerEpoch
        let last = int64 s.Recipe.Epochs * perEpoch
        let clock = Stopwatch.StartNew()
        let kept = Stopwatch.StartNew()

        let start = if state.Step = 0L then Some live.Trainer.Iterate else None

        let isTime () =
            s.Settings.Keeper |> Option.exists (fun keeper -> kept.Elapsed >= keeper.Every)

        // Ranks do together what one of them asks for, after the step at which it asks.
        let isStopped () =
            match live.Exchange with
            | None -> s.Stop.IsCancellationRequested
            | Some exchange -> exchange.Agreed.Wishes.Stop

        let between (p: Progress) =
            match live.Exchange with
            | None when isTime () ->
                kept.Restart()
                Session.keep s (Session.export s live p.State)
            | Some exchange when exchange.Agreed.Wishes.Keep ->
                kept.Restart()
                Session.pool live
                Session.keep s (Session.export s live p.State)
            | _ -> Ok()

        let rec go (p: Progress) =
            let within = p.State.Step % perEpoch

            if p.State.Step >= last then
                match p.Reports with
                | report :: _ when report.Loss > unusable ->
                    Error(Diverged(report.Epoch, report.Loss))
                | _ -> Ok(Session.export s live p.State, List.rev p.Reports)
            elif isStopped () then
                Session.pool live
                let state = Session.export s live p.State
                Session.keep s state |> Result.bind (fun () -> Error(Stopped state))
            else
                if within = 0L then
                    clock.Restart()

                let steered =
                    if s.Target.IsSome && Control.isDue s.Recipe s.StepsPerEpoch p.State.Step then
                        steer s live p
                    else
                        Ok p

                match live.Exchange with
                | None -> ()
                | Some exchange ->
                    exchange.Wishes <- {
                        Stop = s.Stop.IsCancellationRequested
                        Keep = isTime ()
                    }

                let rate = Schedule.atStep s.StepsPerEpoch schedule (int p.State.Step)

                match steered |> Result.bind (step s live feed rate) with
                | Error e -> Error e
                | Ok(struct (loss, p)) ->
                    s.Emit(
                        Stepped {
                            Epoch = p.State.Epoch
                            Step = int within + 1
                            StepsPerEpoch = s.StepsPerEpoch
                            Loss = loss
                            ImagesPerSecond = float p.Seen / clock.Elapsed.TotalSeconds
                        }
                    )

                    let next =
                        if within + 1L = perEpoch then
                            kept.Restart()
                            Session.finishEpoch s live feed rate clock.Elapsed.TotalSeconds p
                        else
                            between p |> Result.map (fun () -> p)

                    match
                        next
                        |> Result.bind (fun p ->
                            checkMoved live start p |> Result.map (fun () -> p)
                        )
                    with
                    | Error e -> Error e
                    | Ok p -> go p

        go {
            State = state
            Seen = 0L
            Waited = feed.Waited
            Gamma = Session.gamma s live state
            Reports = []
        }
