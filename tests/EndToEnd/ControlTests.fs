namespace Sss.Tests.EndToEnd

open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running
open Sss.Tests.EndToEnd.SmallSweep

/// Single runs with their controls.
type ControlTests() =

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
        let result = jsonFile (Path.Combine(out, "result.json"))
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
            $"{out} contains a run that is not finished ({out}/controls).",
            unwarned refused.Err
        )

        Assert.True(Directory.Exists(Path.Combine(out, "controls")))

    [<Fact>]
    member _.``from trained weights only the run and the dense network start``() =
        use folder = SmallRun.prepared ()
        let data = [ "--data"; "digits"; "--limit"; "640"; "--threads"; "2"; "--no-report" ]

        let train out options =
            let ended =
                sss (
                    [ "train"; folder.File "small.sss"; "--out"; folder.File out ] @ data @ options
                )

            expectCode 0 ended
            jsonFile (Path.Combine(folder.File out, "result.json"))

        train "first" [ "--epochs"; "8"; "--gamma"; "0" ] |> ignore

        // Steps so small that the networks stay what they begin as.
        let result =
            train "second" [
                "--init"
                Path.Combine(folder.File "first", "network.safetensors")
                "--epochs"
                "1"
                "--lr"
                "1e-6"
                "--control"
                "--jobs"
                "2"
            ]

        let own = result.GetProperty("test").GetProperty("accuracy").GetDouble()

        for control in result.GetProperty("controls").EnumerateArray() do
            let isDense = control.GetProperty("name").GetString() = "dense"
            let accuracy = control.GetProperty("accuracy").GetDouble()
            Assert.Equal(isDense, accuracy > own - 0.1)
