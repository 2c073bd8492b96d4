namespace Sss.Tests.Report

open System.IO
open Xunit
open Sss.Report
open Sss.Tests.Report.Made

/// Reading run folders: parts that are missing, parts that are damaged.
type ReadTests() =

    let made () =
        let folder = new Folder()
        let network, recipe = example "examples/digits.sss"
        Made.run folder.Path network { recipe with Epochs = 4 } factor |> ignore
        File.WriteAllText(folder.File "bench.json", Made.bench)
        folder

    let message (folder: Folder) =
        match ReadRun.read folder.Path with
        | Ok _ -> failwith "the folder was read"
        | Error error -> ReportError.message error

    [<Fact>]
    member _.``a whole run lacks nothing``() =
        use folder = made ()
        let facts = ReadRun.read folder.Path |> must
        Assert.Empty facts.Missing
        Assert.Equal(4, facts.Epochs.Length)
        Assert.Equal(12, facts.Factors.Count)
        Assert.Equal(3, (Option.get facts.Latency).Rows.Length)

    [<Theory>]
    [<InlineData("network.sss", "picture")>]
    [<InlineData("network.safetensors", "")>]
    [<InlineData("selected.sss", "difference")>]
    [<InlineData("metrics.csv", "training")>]
    [<InlineData("result.json", "exactness")>]
    [<InlineData("bench.json", "latency")>]
    member _.``a missing file is said, and its section is left out`` (file: string) section =
        use folder = made ()
        let whole = Report.ofRun (ReadRun.read folder.Path |> must)
        File.Delete(folder.File file)
        let facts = ReadRun.read folder.Path |> must
        Assert.Equal<string list>([ file ], List.map fst facts.Missing)
        let page = Report.ofRun facts
        Assert.Contains($"<code>{file}</code> is missing", page)

        if section <> "" then
            Assert.Contains($"id=\"{section}\"", whole)
            Assert.DoesNotContain($"id=\"{section}\"", page)

    [<Theory>]
    [<InlineData("network.sss", "network Wrong {")>]
    [<InlineData("network.safetensors", "short")>]
    [<InlineData("selected.sss", "")>]
    [<InlineData("metrics.csv", "epoch,loss\n1,many\n")>]
    [<InlineData("result.json", "{\"format\":1}")>]
    [<InlineData("result.json", "[]")>]
    [<InlineData("bench.json", "{\"format\":2,\"threads\":1,\"rows\":[]}")>]
    [<InlineData("bench.json", "{\"format\":1,\"threads\":1,\"rows\":[{\"engine\":null}]}")>]
    [<InlineData("bench.json", "not json")>]
    member _.``a damaged file is an error with its name`` (file: string) (content: string) =
        use folder = made ()
        File.WriteAllText(folder.File file, content)
        Assert.Contains(folder.File file, message folder)

    [<Fact>]
    member _.``damaged controls are an error with the file's name``() =
        use folder = made ()
        let file = folder.File "result.json"
        let text = File.ReadAllText file
        File.WriteAllText(file, text.TrimEnd().TrimEnd('}') + ",\"controls\":[{\"name\":1}]}")
        Assert.Contains(file, message folder)

    [<Fact>]
    member _.``a folder without a run, and no folder, are errors``() =
        use folder = new Folder()
        Assert.Contains("not a run folder", message folder)

        match ReadRun.read (folder.File "none") with
        | Ok _ -> failwith "it was read"
        | Error error -> Assert.Contains(folder.File "none", ReportError.message error)

    [<Fact>]
    member _.``weights of another network are an error``() =
        use folder = made ()
        use other = new Folder()
        let network, recipe = example "examples/digits-vgg.sss"
        Made.run other.Path network { recipe with Epochs = 1 } factor |> ignore
        File.Copy(other.File "network.safetensors", folder.File "network.safetensors", true)
        Assert.Contains(folder.File "network.safetensors", message folder)
