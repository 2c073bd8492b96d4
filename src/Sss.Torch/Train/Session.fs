namespace Sss.Torch

open System
open System.Diagnostics
open System.Threading
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// What stays the same from the first step of a run to its last.
type internal Session = {
    Settings: TrainSettings
    /// As the text has it: what reports count in.
    Dense: Network
    Dataset: Dataset
    Recipe: Recipe
    /// How the factors move.
    Rule: FactorRule
    Teacher: Teacher option
    Batch: int
    StepsPerEpoch: int
    /// What the selected network may cost.
    Target: CostTarget option
    /// Images held out.
    Validation: Split option
    Emit: TrainEvent -> unit
    Stop: CancellationToken
    Clock: Stopwatch
    /// Seconds of earlier processes.
    Before: float
}

/// What changes from step to step besides the trainer. The arrays in `State` are old until they are exported.
type internal Progress = {
    State: TrainState
    /// In the epoch that is under way.
    Gamma: Gamma
    /// Images of the epoch that this process has seen.
    Seen: int64
    /// Seconds of waiting for batches before the epoch began.
    Waited: float
    Reports: EpochReport list
}

/// What happens between two epochs.
[<RequireQualifiedAccess>]
module internal Session =

    /// The state of this moment.
    let export (s: Session) (live: Live) (state: TrainState) =
        live.Trainer.Export {
            state with
                Seconds = s.Before + s.Clock.Elapsed.TotalSeconds
                Threads = Some(LibTorch.threads s.Settings.Engine)
        }

    /// A number that is not finite makes every score meaningless. (The loss need not show it: a running
    /// variance overflows long before the normalised values do.)
    let checkFinite epoch (state: TrainState) =
        let isBad (array: Tensor<float32>) =
            array.Data |> Array.exists (fun value -> not (Single.IsFinite value))

        match state.Numbers |> Map.tryFindKey (fun _ array -> isBad array) with
        | Some key -> Error(Overflowed(epoch, key))
        | None -> Ok()

    /// Whether another rank than this one evaluates and writes.
    let private isHelper (s: Session) =
        s.Settings.Team |> Option.exists (fun team -> team.Rank > 0)

    /// Passes a state to the keeper, if there is one.
    let keep (s: Session) (state: TrainState) : Result<unit, TrainError> =
        match s.Settings.Keeper with
        // An error that ends one rank without MPI noticing must end all ranks.
        | None when isHelper s -> checkFinite (max 0 (state.Epoch - 1)) state
        | None -> Ok()
        | Some keeper ->
            result {
                do! checkFinite (max 0 (state.Epoch - 1)) state
                do! keeper.State state |> Result.mapError NotKept
            }

    let private validate (s: Session) (state: TrainState) : Result<Evaluation option, TrainError> =
        match s.Validation with
        | None -> Ok None
        | Some split ->
            result {
                do! checkFinite state.Epoch state

                if isHelper s then
                    return None
                else
                    use! model =
                        Model.create s.Settings.Engine state.Network (TrainState.averaged state)
                        |> Result.mapError BadModel

                    let! evaluation = Evaluate.run model s.Dataset split |> Result.mapError BadData
                    return Some evaluation
            }

    /// Whether the network is within the target; None: there is none.
    let private holds (s: Session) (state: TrainState) (wouldBe: Network) =
        s.Target
        |> Option.map (fun target ->
            let factor =
                state.Pressure
                |> Option.bind _.Latency
                |> Option.map _.Factor
                |> Option.defaultValue target.FirstFactor

            let limit = target.Limit factor
            limit.Of wouldBe <= limit.Most
        )

    /// Whether early stopping looks at an epoch: not before a target holds for good.
    let private isLanded (s: Session) state (wouldBe: Network) epoch =
        match holds s state wouldBe with
        | None -> true
        | Some holds -> holds && float (epoch + 1) >= TargetCourse.deadline s.Recipe

    /// The last epoch that was progress, on every rank.
    let private lastProgress (s: Session) wouldBe (report: EpochReport) (state: TrainState) =
        let own =
            match report.Validation, wouldBe with
            | Some evaluation, Some wouldBe when isLanded s state wouldBe report.Epoch ->
                EarlyStop.after
                    state.LastProgress
                    report.Epoch
                    evaluation.Loss
                    (Cost.ofNetwork wouldBe).Macs
                |> Some
            | _ -> state.LastProgress

        match s.Recipe.StopAfter, s.Settings.Team with
        | None, _ -> None
        | Some _, None -> own
        // Only the first rank evaluates.
        | Some _, Some team -> EarlyStop.ofBytes (team.OfFirst(EarlyStop.toBytes own))

    let private best (s: Session) wouldBe (report: EpochReport) (state: TrainState) =
        match report.Validation, wouldBe with
        | Some evaluation, Some wouldBe ->
            let network, numbers = TrainState.dense state

            let candidate = {
                Epoch = report.Epoch
                Quality = evaluation.Quality
                Loss = evaluation.Loss
                Macs = (Cost.ofNetwork wouldBe).Macs
                Network = network
                Numbers = numbers
            }

            if EpochReporting.isBetter (holds s state wouldBe) state.Best candidate then
                Some candidate
            else
                state.Best
        | _ -> state.Best

    /// Takes out what is gone, where the recipe says so after this epoch; the last epoch's is left to
    /// selection.
    let private shrink (s: Session) (live: Live) (state: TrainState) =
        match s.Recipe.ShrinkEvery with
        | Some every when state.Epoch % every = 0 && state.Epoch < s.Recipe.Epochs ->
            match TrainingCuts.cut s.StepsPerEpoch state with
            | None -> Ok state
            | Some(state, plan) ->
                result {
                    let! next =
                        Trainer.importWith
                            (TargetColumns.ofTargets s.Dataset.Train.Targets)
                            s.Settings.Loss
                            s.Teacher
                            s.Settings.Engine
                            s.Rule
                            s.Recipe
                            state
                        |> Result.mapError BadModel

                    live.Replace next

                    s.Emit(
                        CutDone {
                            Epoch = state.Epoch - 1
                            Structures = plan.Goes.Length
                            Before = plan.Before
                            After = plan.After
                        }
                    )

                    return state
                }
        | _ -> Ok state

    let private report
        (s: Session)
        (live: Live)
        wouldBe
        rate
        validation
        waited
        (seconds: float)
        (p: Progress)
        =
        let state = p.State
        let owners = EpochReporting.owners s.Dense live.Trainer

        {
            Epoch = state.Epoch
            Loss = state.Sums.Loss / float (max 1L state.Sums.Images)
            Accuracy =
                float state.Sums.Right
                / float (max 1L state.Sums.Images * live.Trainer.Objective.Answers)
            Rate = rate
            Gamma = p.Gamma
            Factors = EpochReporting.kinds s.Dense owners
            Owners = owners
            WouldBe = Option.map Cost.ofNetwork wouldBe
            ImagesPerSecond = float p.Seen / seconds
            Waited = waited
            Dose = state.Dose
            Validation = validation
        }

    /// The γs for reports: of the factors that remain.
    let gamma (s: Session) (live: Live) (state: TrainState) : Gamma =
        match state.Pressure with
        | Some pressure -> Control.summary live.Trainer pressure
        | None -> s.Recipe.Gamma

    /// Before statistics are looked at: those of all ranks, where there are more than one.
    let pool (live: Live) =
        match live.Exchange with
        | None -> ()
        | Some exchange ->
            exchange.Pool live.Trainer.Model.Statistics

            live.Trainer.Average
            |> Option.iter (fun average -> exchange.Pool average.Statistics)

    /// After an epoch's last step: report, validation, cut, and a state to continue from.
    let finishEpoch (s: Session) (live: Live) (feed: Feed) rate seconds (p: Progress) =
        result {
            pool live
            let state = export s live p.State
            let! validation = validate s state
            let waited = feed.Waited
            let wouldBe = live.Trainer.WouldBe s.Settings.Measures.Select
            let report = report s live wouldBe rate validation (waited - p.Waited) seconds p
            s.Emit(EpochDone report)

            match s.Settings.Keeper with
            | Some keeper -> do! keeper.Epoch report |> Result.mapError NotKept
            | None -> ()

            let! state =
                shrink s live {
                    state with
                        Epoch = state.Epoch + 1
                        Best = best s wouldBe report state
                        LastProgress = lastProgress s wouldBe report state
                        Sums = TrainState.noSums
                }

            do! keep s state

            return {
                p with
                    State = state
                    Gamma = gamma s live state
                    Seen = 0L
                    Waited = waited
                    Reports = report :: p.Reports
            }
        }
