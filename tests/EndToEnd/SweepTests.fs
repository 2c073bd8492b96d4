namespace Sss.Tests.EndToEnd

open System
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Xunit
open Sss.Tests.EndToEnd.Running

/// Sweeps, and runs with their controls.
type SweepTests() =

    let json (text: string) = JsonDocument.Parse(text).RootElement

    let read (path: string) = json (File.ReadAllText path)

    let few = [ "--data"; "digits"; "--limit"; "160"; "--epochs"; "2"; "--shrink"; "1" ]

    let sweep (folder: Folder) out options =
        [ "sweep"; folder.File "small.sss" ]
        @ few
        @ [ "--threads"; "2"; "--jobs"; "2"; "--out"; folder.File out ]
        @ options

    let runs (sweep: JsonElement) =
        [
            for run in sweep.GetProperty("runs").EnumerateArray() do
                (string (run.GetProperty("kind").GetString()), run.GetProperty("seed").GetInt32()),
                run.GetProperty "result"
        ]
        |> Map.ofList

    let macs (result: JsonElement) =
        result.GetProperty("selected").GetProperty("macs").GetInt64()

    let compute (result: JsonElement) =
        result.GetProperty("compute").GetProperty("trainMacs").GetDouble()

    let target = [ "--target-macs"; "0.7" ]

    [<Fact>]
    member _.``a sweep trains each network with its controls, once, and tells of all``() =
        use folder = SmallRun.prepared ()
        let options = target @ [ "--control"; "--seeds"; "1,2" ]
        let ended = sss (sweep folder "out" options)
        expectCode 0 ended

        for name in [ "selected"; "dense"; "scratch-e"; "scratch-b"; "uniform" ] do
            Assert.Contains($"macs 0.7  {name} ", ended.Out)

        // A line a run, off a terminal.
        Assert.Contains("[10/10] ", ended.Err)
        let file = folder.File "out/sweep.json"
        let all = runs (read file)
        Assert.Equal(10, all.Count)

        for seed in [ 1; 2 ] do
            let selected = all["selected", seed]
            let scratch = all["scratch-e", seed]
            Assert.Equal(macs selected, macs scratch)
            Assert.Equal(macs selected, macs all["scratch-b", seed])
            Assert.InRange(macs all["uniform", seed], 1L, macs selected)

            Assert.Equal(
                macs all["dense", seed],
                selected.GetProperty("dense").GetProperty("macs").GetInt64()
            )

            Assert.InRange(compute selected, 1.0, compute all["dense", seed])
            // 160 images in batches of 32: no image is left out.
            Assert.Equal(2.0 * 160.0 * float (macs scratch), compute scratch)
            Assert.True(compute all["scratch-b", seed] >= compute selected)

            for KeyValue(_, result) in all do
                Assert.Equal(
                    "exact",
                    result.GetProperty("exactness").GetProperty("verdict").GetString()
                )

        // Nothing is done again, and the same is told.
        let times () =
            Directory.GetFiles(folder.File "out", "result.json", SearchOption.AllDirectories)
            |> Array.sort
            |> Array.map File.GetLastWriteTimeUtc

        let before, told = times (), File.ReadAllText file
        let again = sss (sweep folder "out" (options @ [ "--json" ]))
        expectCode 0 again
        Assert.Equal<DateTime[]>(before, times ())
        Assert.Equal(told, again.Out)
        Assert.Equal(told, File.ReadAllText file)

        // Elsewhere, with what is known of it, nothing is trained.
        let known = options @ [ "--known"; file; "--json" ]
        let elsewhere = sss (sweep folder "elsewhere" known)
        expectCode 0 elsewhere
        Assert.Equal(told, elsewhere.Out)

        Assert.Empty(
            Directory.GetFiles(
                folder.File "elsewhere",
                "*.safetensors",
                SearchOption.AllDirectories
            )
        )

        // Another plan in the same folder.
        let refused = sss (sweep folder "out" (target @ [ "--seeds"; "1" ]))
        expectCode 1 refused

        Assert.Equal<string[]>(
            [|
                $"{file} is of another sweep:"
                "  seeds: 1, 2 there, 1 here"
                "  controls: yes there, no here"
                "Go on with what it was started with, or choose another --out."
            |],
            refused.Err.TrimEnd().Split '\n'
        )

        // The page needs nothing but sweep.json.
        Directory.CreateDirectory(folder.File "alone") |> ignore
        File.Copy(file, folder.File "alone/sweep.json")

        let page name =
            sss [ "report"; folder.File name; "--markdown"; folder.File $"{name}.md" ]

        expectCode 0 (page "out")
        expectCode 0 (page "alone")

        Assert.Equal(
            File.ReadAllText(folder.File "out.md"),
            File.ReadAllText(folder.File "alone.md")
        )

        Assert.Contains("| macs 0.7 | scratch-b |", File.ReadAllText(folder.File "out.md"))
        expectCode 0 (sss [ "report"; folder.File "alone" ])
        Assert.Contains("scratch-b", File.ReadAllText(folder.File "alone/report.html"))

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
            runs (read (folder.File $"{out}/sweep.json"))
            |> Map.map (fun _ result -> macs result, result.GetProperty("test").GetRawText())

        Assert.Equal<Map<_, _>>(outcome "out", outcome "rest")

        // What is known of other runs is no help.
        let refused =
            sss (sweep folder "other" (options @ [ "--batch"; "16"; "--known"; part ]))

        expectCode 1 refused

        Assert.Equal<string[]>(
            [| $"{part} is of another sweep:"; "  batch: 32 there, 16 here" |],
            refused.Err.TrimEnd().Split '\n'
        )

    [<Fact>]
    member _.``asked to end, its runs keep their states, and it goes on to the same bits``() =
        use folder = SmallRun.prepared ()
        // Long enough to be in the middle of it; its runs go one after the other.
        let options = target @ [ "--epochs"; "12"; "--no-latency"; "--seeds"; "1,2" ]

        let command out =
            [ "sweep"; folder.File "small.sss"; "--data"; "digits"; "--limit"; "320" ]
            @ [ "--threads"; "2"; "--jobs"; "2"; "--out"; folder.File out ]
            @ options

        expectCode 0 (sss (command "whole"))
        use child = SmallRun.launch (command "out")

        let kept () =
            Directory.Exists(folder.File "out")
            && Directory
                .GetFiles(folder.File "out", "step-*.safetensors", SearchOption.AllDirectories)
                .Length
                >
                0

        while not (kept ()) && not child.HasExited do
            Threading.Thread.Sleep 5

        Signal.give child (snd (List.find (fun (name, _) -> name = "TERM") Signal.all))
        let said = child.StandardError.ReadToEnd()
        child.WaitForExit()
        Assert.True((child.ExitCode = 3), $"{child.ExitCode}\n{said}")

        Assert.EndsWith(
            "stopped; what is done is kept, the same command goes on with it.",
            said.TrimEnd()
        )

        expectCode 0 (sss (command "out"))

        for seed in [ 1; 2 ] do
            let bytes out =
                File.ReadAllBytes(folder.File $"{out}/macs-0.7/seed-{seed}/selected.safetensors")

            Assert.Equal<byte[]>(bytes "whole", bytes "out")

    [<Fact>]
    member _.``told to stop by its input and by a signal, a run keeps its state all the same``() =
        use folder = SmallRun.prepared ()
        let out = folder.File "out"

        if OperatingSystem.IsLinux() then
            use child =
                SmallRun.launchWith
                    [ "SSS_STOP_AT_END_OF_INPUT", "1" ]
                    (SmallRun.arguments folder out [ "--epochs"; "400"; "--quiet" ])

            while Directory.GetFiles(folder.Path, "step-*", SearchOption.AllDirectories).Length = 0
                  && not child.HasExited do
                Threading.Thread.Sleep 5

            child.StandardInput.Close()
            Threading.Thread.Sleep 3

            if not child.HasExited then
                Signal.give child (snd (List.find (fun (name, _) -> name = "INT") Signal.all))

            let said = child.StandardError.ReadToEnd()
            child.WaitForExit()
            Assert.True((child.ExitCode = 3), $"{child.ExitCode}\n{said}")
            Assert.Contains("go on with --resume.", said)

    [<Fact>]
    member _.``a run that fails is told, and the others go on``() =
        use folder = new Folder()

        File.WriteAllText(
            folder.File "small.sss",
            "network Plain {\n  input 1x8x8\n  classes 10\n"
            + "  conv 8 3x3; bn @scale(neuron); relu\n  conv 8 3x3; bn @scale(neuron); relu\n"
            + "  avgpool global; dense classes\n}\n"
        )

        // Such a penalty kills every neuron.
        let command = sweep folder "out" [ "--gamma"; "0.0001,100"; "--no-latency" ]
        let ended = sss command
        expectCode 1 ended
        Assert.Contains("γ 100, seed 1, selected: FAILED: No network can be selected", ended.Err)
        Assert.Contains("γ 0.0001  selected", ended.Out)
        Assert.Contains("1 of 2 runs failed; the same command tries them again.", ended.Err)
        let missing = (read (folder.File "out/sweep.json")).GetProperty "missing"

        Assert.Equal(
            "[\"gamma-100/seed-1\"]",
            missing.GetRawText().Replace("\n", "").Replace(" ", "")
        )

    [<Fact>]
    member _.``a run's controls and seeds stand in its result and its report``() =
        use folder = SmallRun.prepared ()
        let out = folder.File "out"

        let command options =
            [ "train"; folder.File "small.sss"; "--out"; out ]
            @ few
            @ target
            @ [ "--threads"; "2"; "--jobs"; "2"; "--control"; "--seeds"; "4,2" ]
            @ options

        let ended = sss (command [])
        expectCode 0 ended
        Assert.Contains("scratch-e ", ended.Out)
        let result = read (Path.Combine(out, "result.json"))
        Assert.Equal(4, result.GetProperty("seed").GetInt32())
        Assert.Equal(2, result.GetProperty("repeats").GetProperty("seeds").GetInt32())

        let controls = [
            for control in result.GetProperty("controls").EnumerateArray() do
                string (control.GetProperty("name").GetString()), control
        ]

        Assert.Equal<string list>(
            [ "dense"; "scratch-e"; "scratch-b"; "uniform" ],
            List.map fst controls
        )

        for _, control in controls do
            Assert.Equal(2, control.GetProperty("runs").GetArrayLength())
            Assert.True(fst (control.TryGetProperty "difference"))
            Assert.True(fst (control.TryGetProperty "standardError"))

        let report = File.ReadAllText(Path.Combine(out, "report.html"))
        Assert.Contains("scratch-b", report)
        // Done runs are taken as they are.
        let again = sss (command [ "--resume"; "--json" ])
        expectCode 0 again

        Assert.Equal(
            result.GetProperty("controls").GetRawText(),
            (json again.Out).GetProperty("controls").GetRawText()
        )

        // Controls that are not done are not thrown away without a word.
        File.Delete(Path.Combine(out, "result.json"))
        let refused = sss (command [])
        expectCode 1 refused

        Assert.StartsWith(
            $"{out} holds a run that has not come to its end ({out}/controls).",
            refused.Err
        )

        Assert.True(Directory.Exists(Path.Combine(out, "controls")))
