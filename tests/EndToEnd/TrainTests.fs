namespace Sss.Tests.EndToEnd

open System.IO
open System.Text.Json
open Xunit
open Sss.Tests.EndToEnd.Running

/// A fact that needs Fashion-MNIST where Debian's package puts it.
type NeedsFashionMnist() as fact =
    inherit FactAttribute()

    do
        if not (Directory.Exists "/usr/share/datasets/fashion-mnist") then
            fact.Skip <- "Fashion-MNIST is not there: Debian's package dataset-fashion-mnist has it"

/// The main job on the built program, for a few steps.
type TrainTests() =

    let example (parts: string list) =
        Path.Combine([| root; "examples"; yield! parts |])

    let factors (result: JsonElement) (kind: string) =
        let pair = result.GetProperty("selected").GetProperty("factors").GetProperty kind
        pair.[0].GetInt32(), pair.[1].GetInt32()

    /// Trains, and holds the folder to what every finished run promises.
    let train (folder: Folder) (args: string list) =
        let out = folder.File "out"
        let ended = sss ([ "train" ] @ args @ [ "--out"; out; "--threads"; "1" ])
        expectCode 0 ended

        for file in
            [
                "network.sss"
                "network.safetensors"
                "selected.sss"
                "selected.safetensors"
                "selected.onnx"
                "result.json"
                "metrics.csv"
                "report.html"
            ] do
            Assert.True(File.Exists(Path.Combine(out, file)), file)

        let result = jsonFile (Path.Combine(out, "result.json"))
        let exactness = result.GetProperty "exactness"
        Assert.Equal("exact", exactness.GetProperty("verdict").GetString())
        Assert.True(exactness.GetProperty("maxRel").GetDouble() <= 1e-4)
        Assert.True(exactness.GetProperty("inputs").GetInt32() > 0)
        expectCode 0 (sss [ "check"; Path.Combine(out, "selected.sss") ])
        // The numbers of result.json are those of the selected network's own text.
        let shown = sss [ "show"; Path.Combine(out, "selected.sss"); "--json" ]
        let shown = json shown.Out

        for count in [ "params"; "macs" ] do
            Assert.Equal(
                result.GetProperty("selected").GetProperty(count).GetInt64(),
                shown.GetProperty(count).GetInt64()
            )

        out, result

    let evaluated (out: string) (data: string) (limit: string list) =
        let ended =
            sss ([ "eval"; out; "--data"; data; "--json"; "--threads"; "1" ] @ limit)

        expectCode 0 ended
        json ended.Out

    /// A strong penalty for a few steps, so that structures of every kind in the file really go.
    let few = [ "--data"; "digits"; "--epochs"; "4"; "--batch"; "32"; "--gamma"; "0.06" ]

    /// oneDNN's kernel for AVX2 corrupts the heap in some steps of these, which ends the process.
    [<Theory>]
    [<InlineData(2)>]
    [<InlineData(4)>]
    [<InlineData(6)>]
    member _.``a strided 1x1 convolution of few channels trains``(channels: int) =
        use folder = new Folder()
        let file = folder.File "narrow.sss"

        File.WriteAllText(
            file,
            "network Narrow {\n  input 1x8x8\n  classes 10\n"
            + $"  conv {channels} 3x3; bn; relu\n  conv 16 1x1 stride=2; bn; relu\n  conv 16 3x3; bn\n"
            + "  avgpool global\n  dense classes\n}\ntrain { epochs 4; gamma 0 }\n"
        )

        sss [
            "train"
            file
            "--data"
            "digits"
            "--threads"
            "1"
            "--quiet"
            "--no-report"
            "--out"
            folder.File "out"
        ]
        |> expectCode 0

    [<Fact>]
    member _.``digits: neurons and blocks go, and eval reads the result back``() =
        use folder = new Folder()
        let out, result = train folder ([ example [ "digits.sss" ] ] @ few)
        let kept, total = factors result "neuron"
        Assert.InRange(kept, 0, total - 1)
        Assert.Equal(6, snd (factors result "block"))
        let again = evaluated out "digits" []
        let test = result.GetProperty "test"

        for value in [ "accuracy"; "loss" ] do
            Assert.Equal(test.GetProperty(value).GetDouble(), again.GetProperty(value).GetDouble())

        Assert.Equal(359, again.GetProperty("count").GetInt32())

    [<Fact>]
    member _.``digits-vgg: neurons go``() =
        use folder = new Folder()
        let gentle = List.map (fun word -> if word = "0.06" then "0.03" else word) few
        let _, result = train folder ([ example [ "digits-vgg.sss" ] ] @ gentle)
        let kept, total = factors result "neuron"
        Assert.InRange(kept, 1, total - 1)

    [<Fact>]
    member _.``a target that cannot be reached is said before training``() =
        use folder = new Folder()
        let file = folder.File "narrow.sss"

        File.WriteAllText(
            file,
            "network N {\n  input 1x8x8\n  classes 10\n  conv 16 3x3; bn; relu\n"
            + "  residual @scale(block) { conv 16 3x3; bn }\n  relu; avgpool global; dense classes\n}\n"
            + "train { epochs 1; gamma 0.01 }\n"
        )

        let warning option target =
            let arguments =
                [
                    "train"
                    file
                    "--data"
                    "digits"
                    "--limit"
                    "64"
                    "--out"
                    folder.File "out"
                ]
                @ [ "--threads"; "1"; "--no-report"; "--restart"; "--quiet" ]

            (sss (arguments @ [ option; target ])).Err

        Assert.Contains(
            "narrow.sss: warning: the target of 5.0 % of the macs cannot be reached: about 6.0 % stay, whatever factors \
             become 0. Give factors to more layers, or choose a larger target.\n",
            warning "--target-macs" "0.05"
        )

        Assert.Contains(
            "narrow.sss: warning: about 6.0 % of the macs stay, whatever factors become 0. That is more than half of the \
             target of 10.0 %, so little is left to choose from. `@scale(neuron, shared)` gives factors to channels that sums \
             join.\n",
            warning "--target-macs" "0.1"
        )

        Assert.DoesNotContain("stay, whatever", warning "--target-macs" "0.5")

        Assert.Contains(
            "narrow.sss: warning: the target of 2,000 bytes cannot be reached: about ",
            warning "--target-size" "2kB"
        )

        Assert.Contains(
            "narrow.sss: warning: the target of 0.001 ms cannot be reached: about ",
            warning "--target-latency" "0.001ms"
        )

    [<Fact>]
    member _.``digits-resnext: groups and blocks go``() =
        use folder = new Folder()

        let strong =
            List.map (fun word -> if word = "0.06" then "group=0.06,block=0.4" else word) few

        let _, result = train folder ([ example [ "digits-resnext.sss" ] ] @ strong)
        let kept, total = factors result "group"
        Assert.InRange(kept, 0, total - 1)
        let kept, total = factors result "block"
        Assert.InRange(kept, 0, total - 1)

    [<NeedsFashionMnist>]
    member _.``fashion-mnist: a few steps of ResNet-20``() =
        use folder = new Folder()

        let out, result =
            train folder [
                example [ "fashion-mnist"; "resnet20.sss" ]
                "--data"
                "fashion-mnist"
                "--epochs"
                "1"
                "--limit"
                "640"
            ]

        Assert.Equal(9, snd (factors result "block"))
        Assert.Equal(10000, result.GetProperty("test").GetProperty("count").GetInt32())
        let again = evaluated out "fashion-mnist" [ "--limit"; "500" ]
        Assert.Equal(500, again.GetProperty("count").GetInt32())

    [<Fact>]
    member _.``the quickstart in C# does the same``() =
        use folder = new Folder()

        let quickstart =
            Path.Combine(root, "examples/CSharpQuickstart/bin/Release/net10.0/CSharpQuickstart.dll")

        let run file =
            start 300 [] "dotnet" [ quickstart; file; folder.File "out"; "2" ]

        let ended = run (example [ "digits-vgg.sss" ])
        expectCode 0 ended
        Assert.Contains("exact: True", ended.Out)
        Assert.Contains("the first test image is a ", ended.Out)
        Assert.True(File.Exists(folder.File "out/selected.onnx"))
        let wrong = run "no-such.sss"
        expectCode 1 wrong
        Assert.Contains("no-such.sss", wrong.Err)

    [<Fact>]
    member _.``export writes what ONNX Runtime agrees with, and verify finds nothing``() =
        use folder = new Folder()

        let out, _ =
            train folder [ example [ "digits-vgg.sss" ]; "--data"; "digits"; "--epochs"; "1" ]

        for options in [ []; [ "--raw" ]; [ "--full" ] ] do
            let file = folder.File "x.onnx"
            let ended = sss ([ "export"; out; "--onnx"; file ] @ options)
            expectCode 0 ended
            Assert.Contains("exact in ONNX Runtime", ended.Out)
            Assert.True((FileInfo file).Length > 1000L)

        let verified = sss [ "verify"; example [ "digits.sss" ]; "--trials"; "10" ]
        expectCode 0 verified
        Assert.Contains("10 trials, selected = full in all of them", verified.Out)

    [<Fact>]
    member _.``a damaged weight file is refused``() =
        use folder = new Folder()
        File.WriteAllBytes(folder.File "selected.safetensors", Array.create 100 255uy)
        let ended = sss [ "eval"; folder.Path; "--data"; "digits" ]
        expectCode 1 ended
        Assert.Contains(folder.File "selected.safetensors", ended.Err)

    [<Fact>]
    member _.``train --json prints result.json and nothing else``() =
        use folder = new Folder()

        let ended =
            sss [
                "train"
                example [ "digits-vgg.sss" ]
                "--data"
                "digits"
                "--epochs"
                "1"
                "--limit"
                "128"
                "--out"
                folder.File "out"
                "--json"
            ]

        expectCode 0 ended
        let printed = json ended.Out
        let written = jsonFile (folder.File "out/result.json")
        Assert.Equal(written.GetRawText(), printed.GetRawText())

    [<Fact>]
    member _.``the same seed gives the same numbers``() =
        use folder = new Folder()

        let run name =
            let out = folder.File name

            expectCode
                0
                (sss [
                    "train"
                    example [ "digits.sss" ]
                    "--data"
                    "digits"
                    "--epochs"
                    "1"
                    "--limit"
                    "256"
                    "--threads"
                    "1"
                    "--seed"
                    "7"
                    "--out"
                    out
                ])

            File.ReadAllBytes(Path.Combine(out, "selected.safetensors"))

        Assert.Equal<byte[]>(run "one", run "two")

    [<Fact>]
    member _.``when a target holds: of the text, at most the epochs of an option, or an option's``
        ()
        =
        use folder = new Folder()
        let file = folder.File "net.sss"

        File.WriteAllText(
            file,
            (File.ReadAllText(example [ "digits.sss" ]))
                .Replace("  decay 1e-4\n", "  decay 1e-4\n  target macs=0.5 by=8\n")
        )

        let run (more: string list) =
            let out = folder.File "out"

            let arguments =
                [ "train"; file; "--data"; "digits"; "--limit"; "320"; "--out"; out ]
                @ [ "--threads"; "1"; "--epochs"; "2"; "--no-report"; "--restart" ]

            let ended = sss (arguments @ more)
            ended, (fun () -> File.ReadAllText(Path.Combine(out, "network.sss")))

        let ended, text = run []
        expectCode 0 ended
        Assert.Contains("\n  target macs=0.5 by=2\n", text ())

        Assert.Contains(
            "warning: 2 epochs are few for a target: it holds after 2 epochs, and 0 remain to train the smaller network; 7 or more",
            ended.Err
        )

        let ended, text = run [ "--target-by"; "0.5" ]
        expectCode 0 ended
        Assert.Contains("\n  target macs=0.5 by=0.5\n", text ())
        Assert.Contains("it holds after 0.5 epochs, and 1.5 remain", ended.Err)

        let ended, _ = run [ "--target-by"; "3" ]
        Assert.Equal(1, ended.Code)

        Assert.EndsWith(
            "`by` of `target` is 3; it must be above 0 and at most 2, the epochs.\n",
            ended.Err
        )

        Assert.DoesNotContain("few for a target", ended.Err)

    [<Fact>]
    member _.``a folder that cannot be written is an error before training``() =
        use folder = new Folder()
        File.WriteAllText(folder.File "out", "a file, not a folder")

        let ended =
            sss [
                "train"
                example [ "digits.sss" ]
                "--data"
                "digits"
                "--out"
                folder.File "out"
            ]

        expectCode 1 ended
        Assert.Contains(folder.File "out", ended.Err)
        Assert.Equal("a file, not a folder", File.ReadAllText(folder.File "out"))
