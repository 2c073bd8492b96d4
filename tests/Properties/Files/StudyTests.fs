module Sss.Tests.Files.StudyTests

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Torch

// ---- Plans

let private points (parts: byte list) =
    parts |> List.map (fun b -> float (1 + int b) / 256.0) |> StudyPlan.ofTargets

let private seeds (all: byte list) = 1 :: List.map int all

[<Property>]
let ``a sweep has each run once, in a folder of its own, after the run that it needs``
    (parts: byte list)
    (more: byte list)
    (control: bool)
    =
    let points, seeds = points parts, seeds more
    let jobs = StudyPlan.sweep points seeds control
    let n, p = (List.distinct seeds).Length, points.Length

    let before (job: StudyJob) =
        jobs |> List.takeWhile (fun other -> other <> job)

    let needs (job: StudyJob) =
        match job.Kind, job.After with
        | (StudyKind.Selected | StudyKind.Dense), None -> true
        | (StudyKind.ScratchE | StudyKind.ScratchB | StudyKind.Uniform), Some folder ->
            before job
            |> List.exists (fun run ->
                run.Folder = folder
                && run.Kind = StudyKind.Selected
                && run.Seed = job.Seed
                && run.Point = job.Point
            )
        | _ -> false

    jobs.Length = (if control then n * (1 + 4 * p) else n * p)
    && (jobs |> List.distinctBy _.Folder).Length = jobs.Length
    && jobs |> List.forall needs
    // No run's folder is inside of another one's.
    && jobs
       |> List.forall (fun a ->
           jobs |> List.forall (fun b -> not (b.Folder.StartsWith(a.Folder + "/")))
       )

[<Fact>]
let ``the folders of a run with controls`` () =
    Assert.Equal<string list>(
        [
            ""
            "controls/dense/seed-3"
            "controls/scratch-e/seed-3"
            "controls/scratch-b/seed-3"
            "controls/uniform/seed-3"
            "seeds/seed-1"
            "controls/dense/seed-1"
            "controls/scratch-e/seed-1"
            "controls/scratch-b/seed-1"
            "controls/uniform/seed-1"
        ],
        StudyPlan.ofRun [ 3; 1 ] true |> List.map _.Folder
    )

[<Fact>]
let ``points are named by what they vary`` () =
    let gammas =
        StudyPlan.ofGammas [
            {
                Neuron = 0.01
                Group = 0.01
                Block = 0.01
                Shared = 0.01
            }
            {
                Neuron = 0.01
                Group = 0.0
                Block = 0.03
                Shared = 0.01
            }
        ]

    Assert.Equal<string list>(
        [ "γ 0.01"; "γ neuron=0.01,group=0,block=0.03" ],
        gammas |> List.map _.Label
    )

    Assert.Equal<string list>(
        [ "macs-0.5"; "macs-0.3" ],
        StudyPlan.ofTargets [ 0.5; 0.3; 0.5 ] |> List.map _.Folder
    )

// ---- Recipes

let recipe = {
    Recipe.defaults with
        Epochs = 90
        Warmup = 5
        Schedule = Step(0.1, [ 30; 60 ])
        Gamma = {
            Neuron = 0.01
            Group = 0.0
            Block = 0.03
            Shared = 0.01
        }
        Target = { Target.none with Macs = Some 0.7 }
        TargetBy = Some 12.5
        ShrinkEvery = Some 1
}

let result trainMacs images macs : RunResult = {
    ResultTests.result with
        Network = "N"
        Seed = 4
        Recipe = recipe
        Dense = { RunSize.Params = 10L; Macs = 100L }
        Selected = { RunSize.Params = 5L; Macs = macs }
        Classes = []
        DenseClasses = []
        Diagnosis = RunDiagnosis.none
        Validation = None
        Compute =
            Some {
                RunCompute.TrainMacs = trainMacs
                Images = images
                Epochs = recipe.Epochs
            }
        Controls = []
}

let private job kind = {
    Kind = kind
    Point = Some (StudyPlan.ofTargets [ 0.3 ]).Head
    Seed = 4
    Folder = "x"
    After = Some "y"
}

[<Fact>]
let ``controls train without penalty, target and cuts`` () =
    for kind in [ StudyKind.Dense; StudyKind.ScratchE; StudyKind.Uniform ] do
        let made =
            StudyRecipe.ofJob
                {
                    recipe with
                        Penalty = FactorPenalty.L0
                }
                (job kind)
                (Some(result 1.0 1L 1L))
            |> Option.get

        Assert.Equal(
            {
                recipe with
                    Gamma = Gamma.none
                    Penalty = FactorPenalty.NonNegative
                    Target = Target.none
                    TargetBy = None
                    ShrinkEvery = None
                    Seed = 4
            },
            made
        )

[<Fact>]
let ``a point changes what it varies and nothing else`` () =
    let made point =
        StudyRecipe.ofJob
            recipe
            {
                job StudyKind.Selected with
                    Point = Some point
            }
            None
        |> Option.get

    Assert.Equal(
        {
            recipe with
                Target = { Target.none with Macs = Some 0.3 }
                Seed = 4
        },
        made (StudyPlan.ofTargets [ 0.3 ]).Head
    )

    let gamma = {
        Neuron = 1.0
        Group = 1.0
        Block = 1.0
        Shared = 1.0
    }

    // γ decides the size: no target beside it.
    Assert.Equal(
        {
            recipe with
                Gamma = gamma
                Target = Target.none
                TargetBy = None
                Seed = 4
        },
        made (StudyPlan.ofGammas [ gamma ]).Head
    )

[<Fact>]
let ``scratch-b stretches the schedule with the epochs`` () =
    // 90 epochs of 100 images at 60 macs on average against 30 macs: twice the epochs.
    let made =
        StudyRecipe.ofJob recipe (job StudyKind.ScratchB) (Some(result 540000.0 9000L 30L))
        |> Option.get

    Assert.Equal(180, made.Epochs)
    Assert.Equal(10, made.Warmup)
    Assert.Equal(Step(0.1, [ 60; 120 ]), made.Schedule)
    // Nothing is known of an older run.
    let old = { result 1.0 1L 1L with Compute = None }

    Assert.Equal(None, StudyRecipe.ofJob recipe (job StudyKind.ScratchB) (Some old))

[<Property>]
let ``scratch-b is the least whole number of epochs that reaches the compute``
    (epochs: PositiveInt)
    (perEpoch: PositiveInt)
    (macs: PositiveInt)
    (spent: PositiveInt)
    =
    let images = int64 epochs.Get * int64 perEpoch.Get

    let given = result (float spent.Get) images (int64 macs.Get)

    let run = {
        given with
            Recipe = { recipe with Epochs = epochs.Get }
            Compute =
                given.Compute
                |> Option.map (fun compute -> { compute with Epochs = epochs.Get })
    }

    let n = StudyRecipe.epochsOfCompute run |> Option.get

    let compute n =
        float n * float perEpoch.Get * float macs.Get

    compute n >= float spent.Get * (1.0 - 1e-12)
    && (n = 1 || compute (n - 1) < float spent.Get)

// ---- Threads

[<Property>]
let ``runs side by side share the threads that are given or free, and one at a time chooses for itself``
    (given: PositiveInt option)
    (jobs: PositiveInt)
    (free: PositiveInt)
    =
    let asked = ref 0

    let threads =
        StudyThreads.each
            (given |> Option.map _.Get)
            jobs.Get
            (fun () ->
                asked.Value <- asked.Value + 1
                free.Get
            )

    let isShare all =
        threads |> Option.exists (fun n -> n >= 1 && (n = 1 || n * jobs.Get <= all))

    match given with
    | Some all -> asked.Value = 0 && isShare all.Get
    | None when jobs.Get = 1 -> asked.Value = 0 && threads.IsNone
    | None -> asked.Value = 1 && isShare free.Get
