module Sss.Tests.Files.StudyFileTests

open System.IO
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Tests.Files.StudyTests

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

[<Fact>]
let ``a difference that is none is beyond chance in one of twenty samples, however many seeds`` () =
    for seeds in [ 2; 3; 5; 10 ] do
        let samples = 4000
        let struct (draws, _) = Rng.many Rng.normal (samples * seeds) (Rng.create seeds)

        let isBeyond sample =
            let selected = [ for seed in 1..seeds -> run seed 0.5 ]

            let control = [
                for seed in 1..seeds -> run seed (0.5 + 0.01 * draws[sample * seeds + seed - 1])
            ]

            SeedRows.isBeyondChance
                (SeedRows.ofRuns "selected" [] selected)
                (SeedRows.ofRuns "dense" selected control)

        let found = Seq.init samples isBeyond |> Seq.filter id |> Seq.length
        // 200 are expected, with a standard deviation of 14.
        Assert.InRange(found, 145, 255)

[<Fact>]
let ``only seeds that both rows have speak against chance`` () =
    let selected = [ run 1 0.90; run 2 0.92; run 3 0.94 ]
    let all = SeedRows.ofRuns "selected" [] selected

    let row runs = SeedRows.ofRuns "dense" selected runs

    // Differences 0.010, 0.011 and 0.012: t is 19.
    let near = [ run 1 0.89; run 2 0.909; run 3 0.928 ]
    Assert.True(SeedRows.isBeyondChance all (row near))
    Assert.Equal("**+1.10 ± 0.06**", RowText.marked all (row near))
    // Differences 0.010 and 0.012: t is 11, and chance needs 12.7 of two pairs.
    let few = [ run 1 0.89; run 3 0.928; run 9 0.9 ]
    Assert.False(SeedRows.isBeyondChance all (row few))
    Assert.Equal("+1.10 ± 0.10", RowText.marked all (row few))
    Assert.False(SeedRows.isBeyondChance all (row [ run 1 0.1 ]))
    Assert.False(SeedRows.isBeyondChance all all)

// ---- sweep.json

let private study: Study =
    let one kind point seed accuracy : StudyRun = {
        Kind = kind
        Point = point
        Seed = seed
        Folder = $"{StudyKind.word kind}/{seed}"
        Result = {
            result 1e12 9000L 40L with
                Seed = seed
                Test = {
                    RunTest.Quality = Quality.Classification accuracy
                    Loss = 0.1
                    Count = 359
                    Outputs = []
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
        Selected =
            if kind = StudyKind.Selected then
                Some "network N {\n}\n"
            else
                None
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
