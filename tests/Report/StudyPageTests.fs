namespace Sss.Tests.Report

open System.IO
open System.Text.RegularExpressions
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Report
open Sss.Tests.Report.Made

/// A theory over the data sets whose results are committed; there may be none yet.
type CommittedResults() as theory =
    inherit FactAttribute()

    static let folder = Path.Combine(root, "docs", "results")

    do
        if CommittedResults.Sets.IsEmpty then
            theory.Skip <- $"no study is committed below {folder} yet; docs/results/make runs them"

    /// Folders below docs/results that hold studies.
    static member Sets: string list =
        if not (Directory.Exists folder) then
            []
        else
            Directory.GetDirectories folder
            |> List.ofArray
            |> List.filter (fun set ->
                Directory.GetFiles(set, StudyFile.fileName, SearchOption.AllDirectories).Length > 0
            )
            |> List.sort

/// Pages of studies: the report of a sweep, and its tables in Markdown.
type StudyPageTests() =

    /// A result with numbers that can be told apart.
    let result seed accuracy macs =
        use folder = new Folder()
        let network, recipe = example "examples/digits.sss"
        Made.run folder.Path network { recipe with Epochs = 2 } factor |> ignore

        {
            Option.get (ReadRun.read folder.Path |> must).Result with
                Seed = seed
                Test = {
                    RunTest.Quality = Quality.Classification accuracy
                    Loss = 0.1
                    Count = 359
                    Outputs = []
                }
                Selected = { RunSize.Params = 1000L; Macs = macs }
        }

    let study: Lazy<Study> =
        lazy
            (let one kind point seed accuracy macs : StudyRun = {
                Kind = kind
                Point = point
                Seed = seed
                Folder = $"{StudyKind.word kind}/seed-{seed}"
                Result = result seed accuracy macs
                Layers = [
                    if kind = StudyKind.Selected then
                        {
                            Layer = "conv1"
                            Kept = 9 + seed
                            Total = 16
                        }

                        {
                            Layer = "basic1.conv1"
                            Kept = seed - 1
                            Total = 16
                        }
                ]
                Selected = None
             }

             {
                 Plan = [ "options", "--data digits --limit 99" ]
                 Network = "A<b>|c"
                 Data = "digits"
                 Points = [ "macs 0.5"; "macs 0.3" ]
                 Seeds = [ 1; 2 ]
                 Control = true
                 Runs = [
                     one StudyKind.Dense None 1 0.99 1648256L
                     one StudyKind.Dense None 2 0.98 1648256L
                     one StudyKind.Selected (Some "macs 0.5") 1 0.97 800000L
                     one StudyKind.Selected (Some "macs 0.5") 2 0.98 820000L
                     one StudyKind.ScratchE (Some "macs 0.5") 1 0.96 800000L
                     one StudyKind.ScratchE (Some "macs 0.5") 2 0.96 820000L
                 ]
                 Benches = [ "macs 0.5", Made.bench ]
                 Missing = [ "macs-0.3/seed-1" ]
             })

    /// A study of one selected network, whose target is this many macs more than it has.
    let landed (room: int64) : Study =
        use folder = new Folder()
        let network, recipe = example "examples/digits.sss"
        Made.run folder.Path network recipe factor |> ignore
        let run = Option.get (ReadRun.read folder.Path |> must).Result
        let target = float (run.Selected.Macs + room) / float run.Dense.Macs

        {
            study.Value with
                Plan = [ "network", Language.print network ]
                Points = [ "macs" ]
                Seeds = [ 1 ]
                Runs = [
                    {
                        Kind = StudyKind.Selected
                        Point = Some "macs"
                        Seed = 1
                        Folder = "macs/seed-1"
                        Result = {
                            run with
                                Recipe = {
                                    recipe with
                                        // Half a mac, so that it rounds to the same number.
                                        Target = {
                                            Target.none with
                                                Macs = Some(target + 0.5 / float run.Dense.Macs)
                                        }
                                }
                                Arithmetic =
                                    Some {
                                        Device = "cuda:0"
                                        Precision = "float32"
                                        Tf32 = true
                                        Ranks = 1
                                        Threads = 1
                                    }
                        }
                        Layers = []
                        Selected = Some(File.ReadAllText(folder.File "selected.sss"))
                    }
                ]
        }

    let lines (page: string) = page.Split '\n'

    [<Fact>]
    member _.``a page has every row, seed and layer, and what is missing``() =
        let page = Markdown.page (Some "Said by a person.\n") [ study.Value ]
        let lines = lines page
        Assert.Equal("# Results on digits", lines[0])
        Assert.Contains("Said by a person.", lines)
        Assert.Contains("## A&lt;b>\\|c, 2 epochs", lines)
        Assert.Contains("`--data digits --limit 99`, seeds 1, 2.", lines)

        let starts (start: string) =
            Assert.Single(lines |> Array.filter (fun line -> line.StartsWith start))
            |> ignore

        // A mean of two seeds, without what is not done.
        starts "|  | A&lt;b>\\|c, 2 epochs, macs 0.5 |"
        starts "| selected, accuracy, % | 97.50 ± 0.71 |"
        starts "| ahead of dense by | −1.00 ± 1.00 |"
        starts "| ahead of scratch-e by | +1.50 ± 0.50 |"

        starts "| macs 0.5 | selected | 97.50 ± 0.71 |  | 810,000 | 49.1 % |"
        starts "| macs 0.5 | dense | 98.50 ± 0.71 | −1.00 ± 1.00 | 1,648,256 | 100.0 % |"
        starts "| macs 0.5 | scratch-e | 96.00 ± 0.00 | +1.50 ± 0.50 |"
        Assert.Contains("| macs 0.5 | selected | 97.00 | 98.00 |", lines)
        // A shared control is reported at each point, with nothing to compare where no run is.
        starts "| macs 0.3 | dense | 98.50 ± 0.71 |  |"
        Assert.Contains("| conv1 | 16 | 10.5 ███████░░░ | – |", lines)
        Assert.Contains("| basic1.conv1 | 16 | 0.5 (removed in 1) █░░░░░░░░░ | – |", lines)
        Assert.Contains("Missing runs: macs-0.3/seed-1.", lines)
        Assert.EndsWith("```\n", page)

    [<Theory>]
    [<InlineData(0, "by at most 0 macs, in 1 of 1 runs by no more than the cheapest kept structure")>]
    [<InlineData(100,
                 "by at most 100 macs, in 1 of 1 runs by no more than the cheapest kept structure")>]
    [<InlineData(500000,
                 "by at most 500,000 macs, in 0 of 1 runs by no more than the cheapest kept structure")>]
    [<InlineData(-1, "**1 of 1 runs are above**")>]
    member _.``a page says where its networks stand beside their targets``
        (room: int64, reported: string)
        =
        let lines = lines (Markdown.page None [ landed room ])
        Assert.Contains($"Below their targets: macs: {reported}.", lines)

    [<Theory>]
    [<InlineData(100, "by at most 100 macs")>]
    [<InlineData(-1, "**1 of 1 runs are above**")>]
    member _.``a study without its networks' texts says that without their structures``
        (room: int64, reported: string)
        =
        let study = landed room

        let without = {
            study with
                Runs = study.Runs |> List.map (fun run -> { run with Selected = None })
        }

        let lines = lines (Markdown.page None [ without ])
        Assert.Contains($"Below their targets: macs: {reported}.", lines)
        Assert.Contains("Computed on cuda:0 at float32 with TF32: 1 runs.", lines)

    [<CommittedResults>]
    member _.``no committed network is above its target, nor below it by more than its cheapest structure``
        ()
        =
        for set in CommittedResults.Sets do
            let reported =
                File.ReadAllText(set + ".md")
                |> lines
                |> Array.filter (fun line -> line.StartsWith "Below their targets: ")

            Assert.NotEmpty reported

            for line in reported do
                let points =
                    Regex.Matches(line, @": by at most [0-9,]+ macs, in (\d+) of (\d+) runs by")

                Assert.DoesNotContain("above", line)
                Assert.NotEmpty points

                for point in points do
                    Assert.Equal(point.Groups[2].Value, point.Groups[1].Value)

    [<Fact>]
    member _.``a sweep's report compares seeds and controls``() =
        use folder = new Folder()
        StudyFile.write (folder.File StudyFile.fileName) study.Value |> must
        let path = Report.writeSweep folder.Path |> must
        let page = File.ReadAllText path |> System.Net.WebUtility.HtmlDecode |> nonNull
        Assert.Contains("97.50 ± 0.71", page)
        Assert.Contains("+1.50 ± 0.50", page)
        Assert.Contains("Accuracy against measured time", page)
        Assert.Contains("Accuracy against params", page)
        Assert.Equal(File.ReadAllText path, File.ReadAllText(Report.writeSweep folder.Path |> must))

    [<Fact>]
    member _.``each row of the controls looks like no other in the charts``() =
        use folder = new Folder()
        StudyFile.write (folder.File StudyFile.fileName) study.Value |> must
        let page = File.ReadAllText(Report.writeSweep folder.Path |> must)
        // From the chart against macs to the one against params.
        let from = page.IndexOf "{\"id\":\"pareto\""

        let figure =
            page.Substring(from, page.IndexOf("{\"id\":\"pareto-params\"", from) - from)

        let looks =
            Regex.Matches(figure, "\"symbol\":\"?([^\",}]+)")
            |> Seq.map (fun found -> found.Groups[1].Value)
            |> List.ofSeq

        Assert.Equal(3, looks.Length)
        Assert.Equal(3, (List.distinct looks).Length)
        Assert.Single(Regex.Matches(figure, "\"text\":\\[\"dense\"\\]")) |> ignore

    [<Fact>]
    member _.``a folder without a sweep, and a damaged one, are errors``() =
        use folder = new Folder()

        let message () =
            match ReadSweep.study folder.Path with
            | Ok _ -> failwith "it was read"
            | Error error -> ReportError.message error

        Assert.Equal($"{folder.Path}: not a sweep's folder: it holds no sweep.json", message ())

        File.WriteAllText(folder.File StudyFile.fileName, "{}")
        Assert.Contains(folder.File StudyFile.fileName, message ())

    [<CommittedResults>]
    member _.``the committed pages are what their studies give``() =
        for set in CommittedResults.Sets do
            let studies =
                Directory.GetDirectories set
                |> List.ofArray
                |> List.sortWith (fun a b -> System.String.CompareOrdinal(a, b))
                |> List.filter ReadSweep.isThere
                |> List.map (ReadSweep.study >> must)

            let notes = Path.Combine(set, "notes.md")

            let notes =
                if File.Exists notes then
                    Some(File.ReadAllText notes)
                else
                    None

            Assert.Equal(File.ReadAllText(set + ".md"), Markdown.page notes studies)
