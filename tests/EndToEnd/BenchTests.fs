namespace Sss.Tests.EndToEnd

open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running

/// `sss bench` on the built program.
type BenchTests() =

    let example = Path.Combine(root, "examples", "digits.sss")

    let refused args line =
        let ended = sss ([ "bench" ] @ args)
        expectCode 2 ended
        Assert.Equal(line, firstLine ended.Err)

    [<Fact>]
    member _.``wrong options are refused at once``() =
        refused [ "out"; "--threads"; "0" ] "sss bench: --threads must be at least 1, not 0."
        refused [ "out"; "--seconds"; "0" ] "sss bench: --seconds must be more than 0, not 0."

        refused
            [ "out"; "--sconds"; "1" ]
            "sss bench: unknown option '--sconds'. Did you mean '--seconds'?"

    [<Fact>]
    member _.``what is no run folder is named``() =
        use folder = new Folder()
        let ended = sss [ "bench"; folder.File "none" ]
        expectCode 1 ended

        Assert.Contains(
            Path.Combine(folder.File "none", "network.safetensors"),
            firstLine ended.Err
        )

    [<Fact>]
    member _.``a run's two networks are timed in both engines``() =
        use folder = new Folder()
        let out = folder.File "out"

        let trained =
            sss [
                "train"
                example
                "--data"
                "digits"
                "--limit"
                "256"
                "--epochs"
                "2"
                "--batch"
                "32"
                "--threads"
                "1"
                "--out"
                out
            ]

        expectCode 0 trained
        let ended = sss [ "bench"; out; "--threads"; "1"; "--seconds"; "0.01"; "--json" ]
        expectCode 0 ended
        Assert.Equal(ended.Out, File.ReadAllText(Path.Combine(out, "bench.json")))
        let json = json ended.Out
        Assert.Equal(1, json.GetProperty("threads").GetInt32())

        let rows = [
            for row in json.GetProperty("rows").EnumerateArray() do
                let at (network: string) (name: string) =
                    row.GetProperty(network).GetProperty(name).GetDouble()

                for network in [ "full"; "selected" ] do
                    Assert.True(at network "low" > 0.0)
                    Assert.InRange(at network "median", at network "low", at network "high")

                row.GetProperty("engine").GetString(), row.GetProperty("batch").GetInt32()
        ]

        let expected = [
            for engine in [ "libtorch"; "onnxruntime" ] do
                for batch in [ 1; 8; 64 ] -> engine, batch
        ]

        Assert.Equal<(string * int) list>(
            expected,
            [ for engine, batch in rows -> string engine, batch ]
        )

        let shown = sss [ "bench"; out; "--threads"; "1"; "--seconds"; "0.01" ]
        expectCode 0 shown
        Assert.StartsWith("Digits: full 1,648,256 macs, selected ", firstLine shown.Out)
        Assert.EndsWith(" macs, threads 1", firstLine shown.Out)
