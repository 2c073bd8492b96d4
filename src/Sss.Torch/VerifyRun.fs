namespace Sss.Torch

open System
open System.Threading
open FsToolkit.ErrorHandling
open Sss.Core
open TorchSharp

/// How many random patterns, from which seed.
type VerifySettings = {
    Trials: int
    Seed: int
    Select: SelectOptions
}

/// A pattern for which the networks differ, made as small as possible.
type VerifyFailure = {
    /// From 0; with the seed it gives the trial again.
    Trial: int
    /// `float32` or `float64`.
    Precision: string
    /// The structures whose factors are 0.
    Zeros: Structure list
    Outcome: TrialOutcome
}

/// The results of the trials.
type VerifyReport = {
    Trials: int
    /// Trials in which a whole layer died, correctly: there is no selected network.
    Died: int
    /// Largest differences at double and at single precision.
    MaxDouble: float
    MaxSingle: float
    /// The plans of the trials that gave a selected network, for counting the rules that fired.
    Plans: Plan list
    Failure: VerifyFailure option
}

/// `Verify` with LibTorch as its arithmetic.
[<RequireQualifiedAccess>]
module VerifyRun =

    /// Largest differences that rounding may make, relative to the largest score (or to 1).
    let doubleTolerance = 1e-10

    /// The same at single precision; up to eight times what single precision changes in the full
    /// network, where that is more.
    let singleTolerance = 1e-4

    /// A network whose scores single precision changes by more is not excused by rounding.
    let private mostRounding = 1e-2

    let private images = 2

    /// Scores of one image at double precision.
    let private score
        (model: Model)
        (image: 'T[])
        (copyIn: 'T[] -> Tensor -> unit)
        (copyOut: Tensor -> 'T[])
        =
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()
        let s = model.Network.Input

        let x =
            torch.empty (
                [| 1L; int64 s.Channels; int64 s.Height; int64 s.Width |],
                dtype = Nullable model.DType
            )

        copyIn image x
        copyOut (model.Run(Evaluation, x.``to`` model.Place).contiguous().cpu())

    let private evaluator create copyIn copyOut network weights image =
        match create network weights with
        | Ok(model: Model) ->
            use model = model
            score model image copyIn copyOut
        // Weights are drawn for the network, and whether it fits was asked before.
        | Error error -> invalidOp (ModelError.message error)

    /// A network as a function of one image, float64.
    let double (engine: LibTorch) : Network -> Weights<float> -> float[] -> float[] =
        evaluator
            (Model.createDouble engine)
            (fun image x -> image.AsSpan().CopyTo(Memory.span<float> x))
            (fun y -> (Memory.span<float> y).ToArray())

    /// A network as a function of one image, float32.
    let single (engine: LibTorch) : Network -> Weights<float32> -> float32[] -> float32[] =
        evaluator
            (Model.create engine)
            (fun image x -> image.AsSpan().CopyTo(Memory.span<float32> x))
            (fun y -> (Memory.span<float32> y).ToArray())

    /// One trial's random numbers: weights, a pattern, images.
    let private draw (network: Network) rng =
        let struct (weights, rng) = VerifyNumbers.weights network rng
        let struct (zeros, rng) = VerifyNumbers.zeros network rng
        let struct (inputs, _) = Rng.many (VerifyNumbers.image network) images rng
        weights, zeros, List.ofArray inputs

    /// How far single precision moves the scores of the full network: deep networks round more.
    let private rounding engine network numbers narrow (inputs: float[] list) : float =
        inputs
        |> List.map (fun image ->
            single engine network narrow (Array.map float32 image)
            |> Array.map float
            |> Verify.difference (double engine network numbers image)
        )
        |> List.max

    /// Both precisions of one pattern; the first failure, or both outcomes.
    let private outcomes engine (settings: VerifySettings) network weights inputs zeros =
        let numbers = VerifyNumbers.withZeros zeros weights

        let atDouble =
            Verify.check (double engine) settings.Select doubleTolerance network numbers inputs

        let narrow = VerifyNumbers.single numbers

        let checkSingle tolerance =
            inputs
            |> List.map (Array.map float32)
            |> Verify.check (single engine) settings.Select tolerance network narrow

        let atSingle () =
            match checkSingle singleTolerance with
            | TrialOutcome.Differs _
            | TrialOutcome.WronglyDied _ ->
                let rounding = rounding engine network numbers narrow inputs
                checkSingle (min mostRounding (max singleTolerance (8.0 * rounding)))
            | TrialOutcome.Same _
            | TrialOutcome.Died _
            | TrialOutcome.Refused _ as outcome -> outcome

        if Verify.isFailure atDouble then
            Error("float64", atDouble)
        else
            match atSingle () with
            | bad when Verify.isFailure bad -> Error("float32", bad)
            | good -> Ok(atDouble, good)

    let private add report (atDouble, atSingle) =
        let largest sofar outcome =
            match outcome with
            | TrialOutcome.Same(_, difference) -> max sofar difference
            | _ -> sofar

        {
            report with
                Trials = report.Trials + 1
                MaxDouble = largest report.MaxDouble atDouble
                MaxSingle = largest report.MaxSingle atSingle
                Died =
                    match atDouble with
                    | TrialOutcome.Died _ -> report.Died + 1
                    | _ -> report.Died
                Plans =
                    match atDouble with
                    | TrialOutcome.Same(plan, _) -> plan :: report.Plans
                    | _ -> report.Plans
        }

    /// What trying a pattern gives: both outcomes, or the first that breaks the law.
    type internal Try =
        Weights<float>
            -> float[] list
            -> Set<Structure>
            -> Result<TrialOutcome * TrialOutcome, string * TrialOutcome>

    let private smallest (attempt: Try) weights inputs trial zeros =
        let fails zeros =
            Result.isError (attempt weights inputs zeros)

        let zeros = Verify.shrink fails zeros

        match attempt weights inputs zeros with
        | Error(precision, outcome) ->
            Some {
                Trial = trial
                Precision = precision
                Zeros = Set.toList zeros
                Outcome = outcome
            }
        // `shrink` keeps what fails, and trials repeat bit for bit.
        | Ok _ -> None

    /// The search itself, for any kind of try.
    let internal search
        (attempt: Try)
        (settings: VerifySettings)
        (network: Network)
        (progress: int -> unit)
        (stop: CancellationToken)
        : VerifyReport =
        let root = Rng.create settings.Seed

        let rec go trial report =
            if trial = settings.Trials || stop.IsCancellationRequested then
                report
            else
                let weights, zeros, inputs = draw network (Rng.fork trial root)

                match attempt weights inputs zeros with
                | Ok both ->
                    progress (trial + 1)
                    go (trial + 1) (add report both)
                | Error _ -> {
                    report with
                        Trials = trial + 1
                        Failure = smallest attempt weights inputs trial zeros
                  }

        go 0 {
            Trials = 0
            Died = 0
            MaxDouble = 0.0
            MaxSingle = 0.0
            Plans = []
            Failure = None
        }

    /// Whether a network can be verified on this machine.
    let fits (network: Network) : Result<unit, ModelError> = Footprint.verification network

    /// Random weights (running statistics too) and random patterns of zeros: full and selected
    /// network must agree, at float64 to 1e-10 and at float32 to 1e-4 (see `singleTolerance`). Ends at
    /// the first failure.
    /// A network that does not fit (`fits`): InvalidOperationException.
    /// `progress` receives the number of trials done. Stopped: the report of the trials so far.
    let run
        (engine: LibTorch)
        (settings: VerifySettings)
        (network: Network)
        (progress: int -> unit)
        (stop: CancellationToken)
        : VerifyReport =
        search (outcomes engine settings network) settings network progress stop

    /// The failing trial for a person: what differs, at which factors.
    let describe (failure: VerifyFailure) : string =
        let zeros =
            failure.Zeros
            |> List.map (fun s -> $"\n  {Plan.describeStructure s}")
            |> String.concat ""

        let what =
            match failure.Outcome with
            | TrialOutcome.Differs difference -> $"the two networks differ by {difference:g3}"
            | TrialOutcome.WronglyDied(layer, difference) ->
                $"`{layer}` was taken for dead, but the scores still differ by {difference:g3}"
            | TrialOutcome.Refused error -> SelectionError.message error
            | TrialOutcome.Same _
            | TrialOutcome.Died _ -> "nothing is wrong"

        $"trial {failure.Trial + 1} at {failure.Precision}: {what}, with these factors at 0:{zeros}"
