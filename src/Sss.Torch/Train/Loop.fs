namespace Sss.Torch

open System
open System.Diagnostics
open FsToolkit.ErrorHandling
open Sss.Core

/// All steps of a run.
[<RequireQualifiedAccess>]
module internal Loop =

    /// By then, every factor that can move has moved.
    let private unmovedAfter = 100L

    /// A batch loss from which training cannot recover: this is how far apart its scores are.
    let private hopeless = 1e10

    /// A mean loss at the end of training that is not a result: chance is below 14 for a million classes.
    let private unusable = 1e6

    let private addDose rate (gamma: Gamma) (dose: Gamma) : Gamma = {
        Neuron = dose.Neuron + rate * gamma.Neuron
        Group = dose.Group + rate * gamma.Group
        Block = dose.Block + rate * gamma.Block
        Shared = dose.Shared + rate * gamma.Shared
    }

    /// γ from this step on; without a target it stays the recipe's.
    let private steer (s: Session) (live: Live) (p: Progress) : Result<Progress, TrainError> =
        match s.Target with
        | None -> Ok p
        | Some target ->
            let trainer = live.Trainer

            let pressure =
                Control.decide trainer s.Recipe target s.StepsPerEpoch p.State.Step p.State.Pressure

            trainer.Press pressure
            |> Result.mapError BadModel
            |> Result.map (fun () -> {
                p with
                    State = {
                        p.State with
                            Pressure = Some pressure
                    }
                    Gamma = Control.summary trainer pressure
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

    /// Whether the penalty had enough time to move the factors and did not.
    let private checkMoved (live: Live) (start: float32[] option) (p: Progress) =
        match start with
        | Some start when p.State.Step = unmovedAfter && start.Length > 0 ->
            if live.Trainer.Iterate.AsSpan().SequenceEqual(ReadOnlySpan start) then
                Error(Unmoved(int unmovedAfter))
            else
                Ok()
        | _ -> Ok()

    /// The run that `run` is at, with its clocks: of the epoch, and since a state was kept.
    type private Course = {
        Session: Session
        Live: Live
        Feed: Feed
        Epoch: Stopwatch
        Kept: Stopwatch
        /// The factors before the first step; None: it was another process's.
        Start: float32[] option
    }

    let private isTimeToKeep (c: Course) =
        c.Session.Settings.Keeper
        |> Option.exists (fun keeper -> c.Kept.Elapsed >= keeper.Every)

    // What one rank requests, all ranks do together after that step.
    let private isStopped (c: Course) =
        match c.Live.Exchange with
        | None -> c.Session.Stop.IsCancellationRequested
        | Some exchange -> exchange.Agreed.Wishes.Stop

    let private wish (c: Course) =
        match c.Live.Exchange with
        | None -> ()
        | Some exchange ->
            exchange.Wishes <- {
                Stop = c.Session.Stop.IsCancellationRequested
                Keep = isTimeToKeep c
            }

    /// After a step that is not an epoch's last: keeps a state where it is time for one.
    let private between (c: Course) (p: Progress) =
        match c.Live.Exchange with
        | None when isTimeToKeep c ->
            c.Kept.Restart()
            Session.keep c.Session (Session.export c.Session c.Live p.State)
        | Some exchange when exchange.Agreed.Wishes.Keep ->
            c.Kept.Restart()
            Session.pool c.Live
            Session.keep c.Session (Session.export c.Session c.Live p.State)
        | _ -> Ok()

    let private ending (c: Course) (p: Progress) =
        match p.Reports with
        | report :: _ when report.Loss > unusable -> Error(Diverged(report.Epoch, report.Loss))
        | _ -> Ok(Session.export c.Session c.Live p.State, List.rev p.Reports)

    let private stopped (c: Course) (p: Progress) =
        Session.pool c.Live
        let state = Session.export c.Session c.Live p.State

        Session.keep c.Session state |> Result.bind (fun () -> Error(Stopped state))

    /// One step with what belongs before and after it.
    let private advance (c: Course) rate (p: Progress) : Result<Progress, TrainError> =
        let s = c.Session
        let within = int (p.State.Step % int64 s.StepsPerEpoch)

        result {
            let! p =
                if s.Target.IsSome && Control.isDue s.Recipe s.StepsPerEpoch p.State.Step then
                    steer s c.Live p
                else
                    Ok p

            wish c
            let! struct (loss, p) = step s c.Live c.Feed rate p

            s.Emit(
                Stepped {
                    Epoch = p.State.Epoch
                    Step = within + 1
                    StepsPerEpoch = s.StepsPerEpoch
                    Loss = loss
                    ImagesPerSecond = float p.Seen / c.Epoch.Elapsed.TotalSeconds
                }
            )

            let! p =
                if within + 1 = s.StepsPerEpoch then
                    c.Kept.Restart()
                    Session.finishEpoch s c.Live c.Feed rate c.Epoch.Elapsed.TotalSeconds p
                else
                    between c p |> Result.map (fun () -> p)

            do! checkMoved c.Live c.Start p
            return p
        }

    /// All steps from a state to the end of the recipe.
    let run (s: Session) (live: Live) (feed: Feed) (state: TrainState) =
        let schedule = Schedule.ofRecipe s.Recipe
        let perEpoch = int64 s.StepsPerEpoch
        let last = int64 s.Recipe.Epochs * perEpoch

        let course = {
            Session = s
            Live = live
            Feed = feed
            Epoch = Stopwatch.StartNew()
            Kept = Stopwatch.StartNew()
            Start = if state.Step = 0L then Some live.Trainer.Iterate else None
        }

        /// Whether the recipe ends here, before its last epoch.
        let isOver (p: Progress) =
            p.State.Step % perEpoch = 0L
            && EarlyStop.isOver s.Recipe p.State.Epoch p.State.LastProgress

        let rec go (p: Progress) =
            if p.State.Step >= last then
                ending course p
            elif isOver p then
                s.Emit(EndedEarly(p.State.Epoch, Option.defaultValue 0 s.Recipe.StopAfter))
                ending course p
            elif isStopped course then
                stopped course p
            else
                if p.State.Step % perEpoch = 0L then
                    course.Epoch.Restart()

                let rate = Schedule.atStep s.StepsPerEpoch schedule (int p.State.Step)

                match advance course rate p with
                | Error error -> Error error
                | Ok p -> go p

        go {
            State = state
            Seen = 0L
            Waited = feed.Waited
            Gamma = Session.gamma s live state
            Reports = []
        }
