module Sss.Tests.Files.StudyTests

open System
open System.IO
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Files

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
            }
            {
                Neuron = 0.01
                Group = 0.0
                Block = 0.03
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

let private recipe = {
    Recipe.defaults with
        Epochs = 90
        Warmup = 5
        Schedule = Step(0.1, [ 30; 60 ])
        Gamma = {
            Neuron = 0.01
            Group = 0.0
            Block = 0.03
        }
        TargetMacs = Some 0.7
        ShrinkEvery = Some 1
}

let private result trainMacs images macs : RunResult = {
    Network = "N"
    Seed = 4
    Recipe = recipe
    Method = "apg"
    Dense = { RunSize.Params = 10L; Macs = 100L }
    Selected = { RunSize.Params = 5L; Macs = macs }
    Neuron = { Kept = 1; Total = 2 }
    Group = { Kept = 0; Total = 0 }
    Block = { Kept = 3; Total = 4 }
    Test = {
        RunTest.Accuracy = 0.975
        Loss = 0.1
        Count = 359
    }
    Validation = None
    Exactness = {
        RunExactness.MaxAbs = 1e-6
        MaxRel = 2e-7
        ArgmaxAgree = 1.0
        Inputs = 100
        Verdict = "exact"
    }
    Compute =
        Some {
            RunCompute.TrainMacs = trainMacs
            Images = images
        }
    Repeats = None
    Controls = []
    Seconds = {
        RunSeconds.Train = 60.5
        Select = 0.25
    }
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
            StudyRecipe.ofJob recipe (job kind) (Some(result 1.0 1L 1L)) |> Option.get

        Assert.Equal(
            {
                recipe with
                    Gamma = {
                        Neuron = 0.0
                        Group = 0.0
                        Block = 0.0
                    }
                    TargetMacs = None
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
                TargetMacs = Some 0.3
                Seed = 4
        },
        made (StudyPlan.ofTargets [ 0.3 ]).Head
    )

    let gamma = {
        Neuron = 1.0
        Group = 1.0
        Block = 1.0
    }

    // γ decides the size: no target beside it.
    Assert.Equal(
        {
            recipe with
                Gamma = gamma
                TargetMacs = None
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

    let run = {
        result (float spent.Get) images (int64 macs.Get) with
            Recipe = { recipe with Epochs = epochs.Get }
    }

    let n = StudyRecipe.epochsOfCompute run |> Option.get

    let compute n =
        float n * float perEpoch.Get * float macs.Get

    compute n >= float spent.Get * (1.0 - 1e-12)
    && (n = 1 || compute (n - 1) < float spent.Get)

// ---- Statistics

let private run seed accuracy : SeedRun = {
    Seed = seed
    Accuracy = accuracy
    Params = 10L * int64 seed
    Macs = 100L
    Epochs = 3
    TrainMacs = Some 1000.0
    Verdict = "exact"
}

[<Fact>]
let ``means, deviations and paired differences are those of the textbook`` () =
    let selected = [ run 1 0.90; run 2 0.92; run 3 0.97 ]
    // In another order, one seed missing and one without a partner.
    let control = [ run 3 0.96; run 1 0.91; run 9 0.5 ]
    let row = SeedRows.ofRuns "dense" selected control
    Assert.Equal(3, row.Seeds)
    Assert.Equal(0.79, row.Accuracy, 12)
    Assert.Equal(43L, row.Params)
    // Differences 0.01 and −0.01.
    Assert.Equal(0.0, row.Difference.Value, 12)
    Assert.Equal(0.01, row.StandardError.Value, 12)
    let own = SeedRows.ofRuns "selected" [] selected
    Assert.Equal(None, own.Difference)
    Assert.Equal(0.0360555127546399, own.Deviation.Value, 12)
    Assert.Equal("93.00 ± 3.61", RowText.accuracy own)
    Assert.Equal("0.00 ± 1.00", RowText.difference row)
    Assert.Equal(None, (SeedRows.ofRuns "selected" [] [ run 1 0.5 ]).Deviation)

[<Property>]
let ``a constant handicap is the paired difference, without error`` (values: byte list) =
    let selected = values |> List.mapi (fun i v -> run i (float v / 256.0 + 0.25))

    let control =
        selected |> List.map (fun r -> { r with Accuracy = r.Accuracy - 0.125 })

    selected.IsEmpty
    || (let row = SeedRows.ofRuns "x" selected control

        row.Difference = Some 0.125
        && row.StandardError = (if selected.Length > 1 then Some 0.0 else None))

// ---- sweep.json

let private study: Study =
    let one kind point seed accuracy : StudyRun = {
        Kind = kind
        Point = point
        Seed = seed
        Folder = $"{StudyPlan.word kind}/{seed}"
        Result = {
            result 1e12 9000L 40L with
                Seed = seed
                Test = {
                    RunTest.Accuracy = accuracy
                    Loss = 0.1
                    Count = 359
                }
        }
        Layers =
            if kind = StudyKind.Selected then
                [
                    {
                        Layer = "conv1"
                        Kept = 7 + seed
                        Total = 16
                    }
                    {
                        Layer = "a.b|c"
                        Kept = seed - 1
                        Total = 4
                    }
                ]
            else
                []
    }

    {
        Plan = [ "network", "text\n\"quoted\""; "recipe", RecipeJson.toText recipe ]
        Network = "N"
        Data = "digits"
        Points = [ "macs 0.5"; "macs 0.3" ]
        Seeds = [ 1; 2 ]
        Control = true
        Runs = [
            one StudyKind.Dense None 1 0.99
            one StudyKind.Dense None 2 0.98
            one StudyKind.Selected (Some "macs 0.5") 1 0.97
            one StudyKind.Selected (Some "macs 0.5") 2 0.98
            one StudyKind.ScratchE (Some "macs 0.5") 2 0.96
        ]
        Benches = [ "macs 0.5", "{\"format\":1}" ]
        Missing = [ "macs-0.3/seed-1" ]
    }

[<Fact>]
let ``sweep.json reads back`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "sweep.json")
        Folders.ok (StudyFile.write path study)
        Assert.Equal(study, Folders.ok (StudyFile.read path))
    )

[<Fact>]
let ``a sweep.json cut or changed is an error, never an exception`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "sweep.json")
        let text = StudyFile.toText study

        for at in 0..7 .. text.Length - 3 do
            File.WriteAllText(path, text.Substring(0, at))
            Assert.Contains("sweep.json: at byte", Folders.messageIn folder (StudyFile.read path))
            File.WriteAllText(path, text.Remove(at, 1))
            StudyFile.read path |> ignore
    )

[<Fact>]
let ``rows pair seeds, and shared runs serve every point`` () =
    let rows = Study.rows "macs 0.5" study
    Assert.Equal<string list>([ "selected"; "dense"; "scratch-e" ], rows |> List.map _.Name)
    Assert.Equal(-0.01, rows[1].Difference.Value, 12)
    Assert.Equal(0.02, rows[2].Difference.Value, 12)
    Assert.Equal(None, rows[2].StandardError)
    Assert.Equal<string list>([ "dense" ], Study.rows "macs 0.3" study |> List.map _.Name)

    Assert.Equal<(string * float * int * int) list>(
        [ "conv1", 8.5, 16, 0; "a.b|c", 0.5, 4, 1 ],
        Study.meanLayers "macs 0.5" study
    )

[<Fact>]
let ``plans that differ say in what`` () =
    let other = [
        "network", "another"
        "recipe", RecipeJson.toText { recipe with Epochs = 91 }
        "seeds", "1"
    ]

    Assert.Equal<(string * string * string) list>(
        [
            "network", "another text", "this one"
            "epochs", "90", "91"
            "seeds", "nothing", "1"
        ],
        Study.differences study.Plan other
    )

    Assert.Empty(Study.differences study.Plan study.Plan)
