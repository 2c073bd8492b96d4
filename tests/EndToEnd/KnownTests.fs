namespace Sss.Tests.EndToEnd

open System.IO
open System.Text.Json.Nodes
open Xunit
open Sss.Tests.EndToEnd.Running
open Sss.Tests.EndToEnd.SmallSweep

/// Sweeps that take up what another one has done.
type KnownTests() =

    [<Fact>]
    member _.``of a study that is known in part the rest is trained, and comes to the same``() =
        use folder = SmallRun.prepared ()
        let options = target @ [ "--control"; "--seeds"; "1"; "--no-latency" ]
        expectCode 0 (sss (sweep folder "out" options))
        let file, part = folder.File "out/sweep.json", folder.File "part.json"

        // As if the file were of after the first selected network.
        let study = JsonNode.Parse(File.ReadAllText file) |> nonNull
        let all = (study["runs"] |> nonNull).AsArray()

        for run in List.ofSeq all do
            if string ((nonNull run).["kind"]) <> "selected" then
                all.Remove run |> ignore

        File.WriteAllText(part, study.ToJsonString())
        let rest = sss (sweep folder "rest" (options @ [ "--known"; part ]))
        expectCode 0 rest
        Assert.StartsWith($"known from {part}: 1 of 5 runs\n", rest.Err)
        let networks = Directory.GetDirectories(folder.File "rest/macs-0.7")
        Assert.Contains(folder.File "rest/macs-0.7/seed-1", networks)
        Assert.False(File.Exists(folder.File "rest/macs-0.7/seed-1/selected.safetensors"))

        let outcome out =
            runs (jsonFile (folder.File $"{out}/sweep.json"))
            |> Map.map (fun _ result -> macs result, result.GetProperty("test").GetRawText())

        Assert.Equal<Map<_, _>>(outcome "out", outcome "rest")

        // What is known of other runs is no help.
        let refused =
            sss (sweep folder "other" (options @ [ "--batch"; "16"; "--known"; part ]))

        expectCode 1 refused

        Assert.Equal<string[]>(
            [| $"{part} belongs to another sweep:"; "  batch: 32 there, 16 here" |],
            refused.Err.TrimEnd().Split '\n'
        )
