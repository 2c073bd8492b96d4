namespace Sss.Tests.EndToEnd

open System
open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running
open Sss.Tests.EndToEnd.SmallSweep

/// Sweeps: whole, stopped, and with runs that fail.
type SweepTests() =

    [<Fact>]
    member _.``a sweep trains each network with its controls, once, and tells of all``() =
        use folder = SmallRun.prepared ()
        let options = target @ [ "--control"; "--seeds"; "1,2" ]
        let ended = sss (sweep folder "out" options)
        expectCode 0 ended

        for name in [ "selected"; "dense"; "scratch-e"; "scratch-b"; "uniform" ] do
            Assert.Contains($"macs 0.7  {name} ", ended.Out)

        // A line per run, off a terminal.
        Assert.Contains("[10/10] ", ended.Err)
        let file = folder.File "out/sweep.json"
        let all = runs (jsonFile file)
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

        // Nothing is done again, and the report is the same.
        let times () =
            Directory.GetFiles(folder.File "out", "result.json", SearchOption.AllDirectories)
            |> Array.sort
            |> Array.map File.GetLastWriteTimeUtc

        let before, reported = times (), File.ReadAllText file
        let again = sss (sweep folder "out" (options @ [ "--json" ]))
        expectCode 0 again
        Assert.Equal<DateTime[]>(before, times ())
        Assert.Equal(reported, again.Out)
        Assert.Equal(reported, File.ReadAllText file)

        // Elsewhere, with what is known of it, nothing is trained.
        let known = options @ [ "--known"; file; "--json" ]
        let elsewhere = sss (sweep folder "elsewhere" known)
        expectCode 0 elsewhere
        Assert.Equal(reported, elsewhere.Out)

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
                $"{file} belongs to another sweep:"
                "  seeds: 1, 2 there, 1 here"
                "  controls: yes there, no here"
                "Continue with the same files and options, or choose another --out."
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
            "stopped; finished runs are kept, and the same command continues.",
            said.TrimEnd()
        )

        expectCode 0 (sss (command "out"))

        for seed in [ 1; 2 ] do
            let bytes out =
                File.ReadAllBytes(folder.File $"{out}/macs-0.7/seed-{seed}/selected.safetensors")

            Assert.Equal<byte[]>(bytes "whole", bytes "out")

    [<Fact>]
    member _.``a run that fails is reported, and the others go on``() =
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
        let missing = (jsonFile (folder.File "out/sweep.json")).GetProperty "missing"

        Assert.Equal(
            "[\"gamma-100/seed-1\"]",
            missing.GetRawText().Replace("\n", "").Replace(" ", "")
        )
