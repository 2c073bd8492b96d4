namespace Sss.Tests.Report

open System.IO
open System.Net
open System.Text.RegularExpressions
open Xunit
open Sss.Core
open Sss.Files
open Sss.Report
open Sss.Tests.Report.Made

/// What pages say, as text.
type PageTests() =

    let facts file epochs =
        use folder = new Folder()
        let network, recipe = example file
        let selected = Made.run folder.Path network { recipe with Epochs = epochs } factor
        File.WriteAllText(folder.File "bench.json", Made.bench)
        Made.withControls folder.Path "scratch"
        ReadRun.read folder.Path |> must, selected

    /// The page without its scripts.
    let withoutScripts (page: string) : string =
        Regex.Replace(page, "<script.*?</script>", "", RegexOptions.Singleline)
        |> WebUtility.HtmlDecode
        |> nonNull

    let sweep (label: string) =
        let facts, _ = facts "examples/digits.sss" 2
        let result = Option.get facts.Result

        let point label accuracy macs = {
            Label = label
            Result = {
                result with
                    Test = {
                        result.Test with
                            Quality = Quality.Classification accuracy
                    }
                    Selected = { result.Selected with Macs = macs }
            }
            Selected = {
                SeedRows.ofRuns "selected" [] [ SeedRows.seedRun result ] with
                    Accuracy = accuracy
                    Macs = macs
            }
            Controls = facts.Controls
            Latency = facts.Latency
            Link = None
        }

        {
            Network = label
            Points = [
                point "γ 0.01" 0.98 800000L
                point label 0.97 400000L
                point "worse" 0.96 500000L
            ]
        }

    [<Fact>]
    member _.``the same facts give the same page``() =
        let one, _ = facts "examples/digits.sss" 3
        Assert.Equal(Report.ofRun one, Report.ofRun one)

    [<Fact>]
    member _.``factors that layers share are drawn once, and the others name who has them``() =
        let facts, _ = facts "examples/fashion-mnist/resnet20-shared.sss" 3
        let page = withoutScripts (Report.ofRun facts)
        Assert.Contains(" of 16 shared", page)
        // The last bn of each block of the first stage.
        Assert.Equal(3, Regex.Matches(page, "shared with <code>bn1</code>").Count)

    [<Fact>]
    member _.``each drawn block and each row tells what became of it``() =
        let facts, selected = facts "examples/digits.sss" 3
        let page = withoutScripts (Report.ofRun facts)
        let dense = (Option.get facts.Dense).Network

        for node in Network.nodes dense do
            match node with
            | Node.Residual r ->
                let isLeft =
                    Network.nodes selected.Network
                    |> Seq.exists (
                        function
                        | Node.Residual other -> other.Name = r.Name
                        | _ -> false
                    )

                Assert.Equal(not isLeft, page.Contains($"{r.Name}: its branch is removed"))
            | Node.Layer layer when Cost.macs layer > 0L ->
                Assert.Contains($"<code>{layer.Name}</code>", page)

                let kept =
                    Network.layers selected.Network
                    |> Seq.tryFind (fun l -> l.Name = layer.Name)
                    |> Option.map (fun l -> l.Output.Channels)
                    |> Option.defaultValue 0

                Assert.Contains(
                    $"{layer.Name} ({Op.word layer.Op}), {layer.Output}: \
                      {kept} of {layer.Output.Channels} channels kept",
                    page
                )
            | _ -> ()

        Assert.Contains("the same function as the trained network", page)
        Assert.Contains("94.01 ± 0.12", page)
        Assert.Contains("2.98×", page)
        Assert.Contains("gamma neuron=0.01 group=0 block=0.03", page)

    [<Fact>]
    member _.``heads are counted and divide their bars``() =
        let facts, selected = facts "examples/fashion-mnist/vit.sss" 2
        let page = withoutScripts (Report.ofRun facts)
        let factors = Parameters.factors (Option.get facts.Dense).Network

        for f in factors |> List.filter (fun f -> f.Scale.Kind = Group) do
            let kept =
                Network.layers selected.Network
                |> Seq.filter (fun l -> l.Name = f.Owner)
                |> Seq.sumBy (fun l -> l.Output.Channels / 16)

            Assert.Contains(
                $"{f.Owner} (attention), 64x49x1: {16 * kept} of 64 channels kept, {kept} of 4 heads kept",
                page
            )

        Assert.Contains("a bar's groups or heads", page)
        Assert.Contains("class=\"divide\"", page)
        Assert.DoesNotContain("product with what a gate gives", page)

    [<Fact>]
    member _.``tiles of one scope are reported apart by their captions``() =
        let vit, _ = facts "examples/fashion-mnist/vit.sss" 2
        let page = withoutScripts (Report.ofRun vit)

        for encoder in 1..4 do
            for residual in 1..2 do
                Assert.Contains(
                    $"<span>encoder{encoder}</span><span class=\"label\">residual{residual}</span>",
                    page
                )

        let digits, _ = facts "examples/digits.sss" 2
        let page = withoutScripts (Report.ofRun digits)
        Assert.Contains("<span class=\"label\">basic1</span>", page)

    [<Fact>]
    member _.``gates are in the legend where there are some``() =
        let facts, _ = facts "examples/fashion-mnist/gates.sss" 2
        let page = withoutScripts (Report.ofRun facts)
        Assert.Contains("product with what a gate gives", page)
        Assert.DoesNotContain("a bar's groups or heads", page)

    [<Fact>]
    member _.``the worst pictures are in the page, and only those that a run writes``() =
        use folder = new Folder()
        let network, recipe = example "examples/digits.sss"
        Made.run folder.Path network { recipe with Epochs = 2 } factor |> ignore
        let page = Report.ofRun (ReadRun.read folder.Path |> must)
        Assert.Contains("The selected network&#39;s worst pictures", page)
        Assert.Contains("calibration error", page)
        Assert.Equal(12 + 5, Regex.Count(page, "<img src=\"data:image/png;base64,"))
        Assert.Contains("square/a-picture-with-a-long-name-31.png", page)
        Assert.Contains("The dense network&#39;s worst pictures", page)
        Assert.Contains("5 of these 5 are among the selected network&#39;s worst too.", page)

        // A name that leads elsewhere is not followed.
        File.WriteAllText(folder.File "secret.png", "secret")
        let result = File.ReadAllText(folder.File "result.json")

        File.WriteAllText(
            folder.File "result.json",
            // Of the selected network and of the dense one, which may not be that of another seed either.
            result
                .Replace("worst/3.png", "worst/../secret.png")
                .Replace($"seed-{recipe.Seed}/worst/4.png", $"seed-{recipe.Seed + 1}/worst/4.png")
        )

        let page = Report.ofRun (ReadRun.read folder.Path |> must)
        Assert.Equal(11 + 3, Regex.Count(page, "<img src=\"data:image/png;base64,"))

    [<Fact>]
    member _.``every network of the zoo can be drawn``() =
        for file in Directory.GetFiles(Path.Combine(root, "examples", "zoo"), "*.sss") do
            let network, recipe = example file

            let page =
                Report.ofRun {
                    Dense =
                        Some {
                            Network = network
                            Recipe = Some recipe
                        }
                    Selected = Some { Network = network; Recipe = None }
                    Factors = Map.empty
                    Preparation = None
                    Stays = []
                    Epochs = []
                    Result = None
                    Thumbnails = Map.empty
                    Controls = []
                    Latency = None
                    Missing = []
                }

            let bars = Regex.Count(page, "class=\"cut\"")

            let layers =
                Network.layers network |> Seq.filter (fun l -> Cost.macs l > 0L) |> Seq.length

            // Before and after.
            Assert.Equal(2 * layers, bars)

    [<Fact>]
    member _.``no text can become markup``() =
        let evil = "</script><img src=x onerror=alert(1)>\"'&"
        let facts, _ = facts "examples/digits.sss" 2

        let page =
            Report.ofRun {
                facts with
                    Controls = facts.Controls |> List.map (fun c -> { c with Name = evil })
                    Latency =
                        facts.Latency
                        |> Option.map (fun l -> {
                            l with
                                Rows = l.Rows |> List.map (fun r -> { r with Engine = evil })
                        })
                    Result =
                        facts.Result
                        |> Option.map (fun r -> {
                            r with
                                Network = evil
                                Method = evil
                                Exactness = { r.Exactness with Verdict = evil }
                                Diagnosis = {
                                    r.Diagnosis with
                                        Worst =
                                            r.Diagnosis.Worst
                                            |> List.map (fun w -> {
                                                w with
                                                    Name = evil
                                                    Class = evil
                                                    TakenFor = evil
                                            })
                                }
                        })
                    Epochs =
                        facts.Epochs
                        |> List.map (fun row -> (evil, 1.0) :: ("nonzero." + evil, 1.0) :: row)
                    Missing = [ evil, evil ]
            }

        let own = "<img src=\"data:image/png;base64,"
        Assert.Equal(12 + 5, Regex.Count(page, own))
        Assert.DoesNotContain("<img", page.Replace(own, ""))
        Assert.Contains("&lt;img", page)
        let swept = Report.ofSweep (sweep evil)
        Assert.DoesNotContain("<img", swept)
        // In the chart's own numbers: neither the page's markup nor that of plotly.js.
        Assert.Contains("\\u0026lt;img", swept.Replace("&lt;", "\\u0026lt;"))

    [<Fact>]
    member _.``a sweep tells which runs no other beats``() =
        let page = Report.ofSweep (sweep "γ 0.05") |> withoutScripts

        let row (label: string) =
            Regex.Match(page, $"<tr>(?:(?!</tr>).)*{label}.*?</tr>").Value

        Assert.Contains(">yes<", row "γ 0.01")
        Assert.Contains(">no<", row "worse")

    [<Fact>]
    member _.``a report of 54 blocks is at most 6 MB``() =
        let facts, _ = facts "examples/zoo/resnet164-cifar.sss" 240
        let page = Report.ofRun facts
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount page, 1, 6 * 1024 * 1024)
