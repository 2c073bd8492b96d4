namespace Sss.Tests.EndToEnd

open System
open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running

/// `sss export --int8`.
type Int8Tests() =

    let trained (folder: Folder) =
        let network =
            "network Small {\n  input 1x8x8\n  classes 10\n  conv 16 3x3; bn @scale(neuron); relu\n"
            + "  residual @scale(block) { dwconv 3x3; bn; relu6; conv 16 1x1; bn }\n  maxpool 2x2\n"
            + "  conv 16 3x3; bn; relu\n  flatten; dense classes\n}\n"
            + "train {\n  epochs 3\n  batch 32\n  lr 0.1 cosine\n}\n"

        File.WriteAllText(folder.File "small.sss", network)

        let options = [
            "--data"
            "digits"
            "--out"
            folder.File "run"
            "--threads"
            "1"
            "--quiet"
        ]

        expectCode 0 (sss ([ "train"; folder.File "small.sss" ] @ options))

    let export (folder: Folder) options =
        sss (
            [ "export"; folder.File "run"; "--onnx"; folder.File "int8.onnx"; "--int8" ]
            @ [ "--data"; "digits"; "--threads"; "1" ]
            @ options
        )

    let classes (folder: Folder) model =
        let files = [
            for i in 0..9 do
                let file = folder.File $"{i}.png"
                Pictures.png file 8 8 (fun x y -> byte (20 * x + i), byte (20 * y), byte (25 * i))
                file
        ]

        let ended = sss ([ "predict"; model; "--json"; "--threads"; "1" ] @ files)
        expectCode 0 ended

        [
            for image in (json ended.Out).GetProperty("images").EnumerateArray() do
                [
                    for c in image.GetProperty("classes").EnumerateArray() do
                        string (c.GetProperty "class"), c.GetProperty("probability").GetDouble()
                ]
                |> Map.ofList
        ]

    [<Fact>]
    member _.``a run is exported in 8 bits, measured, and predicted with``() =
        use folder = new Folder()
        trained folder
        let ended = export folder [ "--max-drop"; "3" ]
        expectCode 0 ended
        let lines = ended.Out.TrimEnd().Split '\n'
        Assert.Equal(2, lines.Length)
        Assert.StartsWith($"""{folder.File "int8.onnx"}: int8, """, lines[0])

        Assert.Matches(
            "% on 359 test images against .* % in float32 \\(drop -?[0-9.]+ points\\), [0-9.]+ kB against",
            lines[0]
        )

        Assert.StartsWith("in ONNX Runtime with 1 thread: 1 image ", lines[1])
        Assert.Contains("times as fast), 64 images ", lines[1])
        Assert.EndsWith(" cores", lines[1])

        let answer = export folder [ "--max-drop"; "3"; "--json" ]
        expectCode 0 answer
        let answer = json answer.Out

        let part (name: string) (key: string) =
            answer.GetProperty(name).GetProperty(key)

        Assert.InRange(answer.GetProperty("drop").GetDouble(), -3.0, 3.0)
        Assert.Equal(359, (part "int8" "count").GetInt32())
        Assert.True((part "int8" "accuracy").GetDouble() > 0.8)
        let file = FileInfo(folder.File "int8.onnx")
        Assert.Equal(file.Length, (part "int8" "bytes").GetInt64())
        Assert.True(file.Length < (part "float32" "bytes").GetInt64())

        // The same inputs and names as the file in float32, and nearly its probabilities.
        let float = classes folder (folder.File "run/selected.onnx")
        let int8 = classes folder (folder.File "int8.onnx")

        for expected, found in List.zip float int8 do
            Assert.Equal<string list>(
                expected |> Map.toList |> List.map fst,
                found |> Map.toList |> List.map fst
            )

            for KeyValue(name, probability) in expected do
                Assert.Equal(probability, found[name], 0.25)

        Assert.NotEqual<Map<string, float> list>(float, int8)

    [<Fact>]
    member _.``options of int8 are refused where they mean nothing, and wrong ones``() =
        let said options =
            let ended = sss ([ "export"; "nowhere"; "--onnx"; "x.onnx" ] @ options)
            expectCode 2 ended
            firstLine ended.Err

        Assert.Equal(
            "sss export: --int8 needs --data: it is calibrated on training images and measured on test images.",
            said [ "--int8" ]
        )

        Assert.Equal("sss export: --data needs --int8.", said [ "--data"; "digits" ])
        Assert.Equal("sss export: --max-drop needs --int8.", said [ "--max-drop"; "1" ])
        Assert.Equal("sss export: --within needs --int8.", said [ "--within"; "99" ])
        Assert.Equal("sss export: --threads needs --int8.", said [ "--threads"; "1" ])
        let int8 = [ "--int8"; "--data"; "digits" ]

        Assert.Equal(
            "sss export: --max-drop must be at least 0, not -1.",
            said (int8 @ [ "--max-drop"; "-1" ])
        )

        Assert.Equal(
            "sss export: --within must be above 50 and at most 100, not 101.",
            said (int8 @ [ "--within"; "101" ])
        )
