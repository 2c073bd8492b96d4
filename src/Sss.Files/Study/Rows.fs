namespace Sss.Files

open System
open Sss.Core

/// Numbers of runs that differ in their seed, taken together.
[<RequireQualifiedAccess>]
module Sample =

    /// The sample standard deviation (n − 1 below the sum of squares); None: fewer than two values.
    let deviation (values: float list) : float option =
        match values with
        | []
        | [ _ ] -> None
        | _ ->
            let mean = List.average values

            let squares = values |> List.sumBy (fun v -> (v - mean) * (v - mean))

            Some(Math.Sqrt(squares / float (values.Length - 1)))

    /// The mean of paired differences and its standard error, s/√n; None where there are no pairs,
    /// or too few of them.
    let paired (pairs: (float * float) list) : float option * float option =
        let differences = pairs |> List.map (fun (a, b) -> a - b)

        (if differences.IsEmpty then
             None
         else
             Some(List.average differences)),
        deviation differences
        |> Option.map (fun s -> s / Math.Sqrt(float differences.Length))

    /// |mean| / standard error that this many values from a normal distribution around 0 exceed in one of twenty samples:
    /// the 97.5 % quantile of Student's t with a degree of freedom less than there are values, that of 9 for
    /// more than ten; None: fewer than two values.
    let critical (count: int) : float option =
        let quantiles = [| 12.706; 4.303; 3.182; 2.776; 2.571; 2.447; 2.365; 2.306; 2.262 |]

        if count < 2 then
            None
        else
            Some quantiles[min (count - 2) (quantiles.Length - 1)]

/// Rows of a study.
[<RequireQualifiedAccess>]
module SeedRows =

    /// What a row takes from a run.
    let seedRun (result: RunResult) : SeedRun = {
        Seed = result.Seed
        Accuracy = Quality.score result.Test.Quality
        Params = result.Selected.Params
        Macs = result.Selected.Macs
        Epochs = result.Recipe.Epochs
        TrainMacs = result.Compute |> Option.map _.TrainMacs
        Verdict = result.Exactness.Verdict
    }

    let private mean (read: SeedRun -> int64) (runs: SeedRun list) =
        runs |> List.averageBy (read >> float) |> Math.Round |> int64

    /// The runs of both that have the same seed.
    let pairs (selected: SeedRun list) (runs: SeedRun list) : (SeedRun * SeedRun) list = [
        for run in runs do
            match selected |> List.tryFind (fun s -> s.Seed = run.Seed) with
            | Some s -> s, run
            | None -> ()
    ]

    /// The row of at least one run. `selected`: the runs to be compared with, seed by seed; none in
    /// the selected network's own row.
    let ofRuns (name: string) (selected: SeedRun list) (runs: SeedRun list) : SeedRow =
        let difference, standardError =
            Sample.paired [
                for s, run in pairs selected runs do
                    s.Accuracy, run.Accuracy
            ]

        {
            Name = name
            Params = mean _.Params runs
            Macs = mean _.Macs runs
            Seeds = runs.Length
            Accuracy = runs |> List.averageBy _.Accuracy
            Deviation = runs |> List.map _.Accuracy |> Sample.deviation
            Difference = difference
            StandardError = standardError
            Runs = runs
        }

    /// Whether a row's difference to the selected networks is beyond chance: a paired t-test over the seeds that both
    /// have, two-sided, at 5 %.
    let isBeyondChance (selected: SeedRow) (row: SeedRow) : bool =
        let count = List.length (pairs selected.Runs row.Runs)

        match row.Difference, row.StandardError, Sample.critical count with
        | Some difference, Some error, Some critical -> abs difference > critical * error
        | _ -> false

    /// Mean training compute; None where a run does not say.
    let trainMacs (row: SeedRow) : float option =
        let known = row.Runs |> List.choose _.TrainMacs

        if known.Length = row.Runs.Length && not known.IsEmpty then
            Some(List.average known)
        else
            None

    /// How many of the runs are exact.
    let exact (row: SeedRow) : int =
        row.Runs |> List.filter (fun run -> run.Verdict = "exact") |> List.length
