namespace Sss.Tests.EndToEnd

open System
open System.IO
open System.IO.Compression
open System.Text
open Xunit
open Sss.Tests.EndToEnd.Running

/// What `sss predict` says of picture files, beside what training and `sss eval` saw.
type PredictTests() =

    let network augment =
        "network N3 {\n  input 3x16x16\n  classes 2\n  conv 8 3x3 stride=2; bn @scale(neuron); relu\n"
        + "  conv 8 3x3; bn @scale(neuron); relu\n  avgpool global\n  dense classes\n}\n"
        + $"train {{\n  epochs 6\n  batch 16\n  gamma 0.01\n{augment}}}\n"

    /// A .npy file of 32-bit numbers or bytes.
    let npy kind (shape: string) (bytes: byte[]) =
        let text =
            $"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}".PadRight 117
            + "\n"

        Array.concat [
            [| 0x93uy |]
            Encoding.ASCII.GetBytes "NUMPY"
            [| 1uy; 0uy; 118uy; 0uy |]
            Encoding.ASCII.GetBytes text
            bytes
        ]

    /// An archive of N × H × W × C images, dark ones (0 to 99) and light ones (156 to 255) in turn; each
    /// number of them goes through `change`.
    let archive path (change: float32 -> float32) =
        let random = Random 3

        let images n =
            Array.init (n * 768) (fun i -> float32 (156 * (i / 768 % 2) + random.Next 100))
            |> Array.collect (change >> BitConverter.GetBytes)
            |> npy "<f4" $"{n}, 16, 16, 3"

        let labels n =
            npy "|u1" $"{n}," (Array.init n (fun i -> byte (i % 2)))

        use file = File.Create path
        use archive = new ZipArchive(file, ZipArchiveMode.Create)

        for name, data in
            [
                "x_train", images 60
                "y_train", labels 60
                "x_test", images 20
                "y_test", labels 20
            ] do
            use entry = archive.CreateEntry(name + ".npy").Open()
            entry.Write(ReadOnlySpan data)

    let train (folder: Folder) augment data =
        File.WriteAllText(folder.File "n.sss", network augment)
        let words = [ "--data"; data; "--out"; folder.File "run"; "--threads"; "1"; "--quiet" ]
        let ended = sss ([ "train"; folder.File "n.sss" ] @ words)
        expectCode 0 ended
        ended

    let predicted (folder: Folder) files =
        let ended =
            sss ([ "predict"; folder.File "run"; "--json"; "--threads"; "1" ] @ files)

        expectCode 0 ended
        let answer = json ended.Out

        answer.GetProperty "preparation",
        [
            for image in answer.GetProperty("images").EnumerateArray() do
                let classes = image.GetProperty("classes").EnumerateArray() |> List.ofSeq
                string (classes.Head.GetProperty("class").GetString())
        ]

    [<Fact>]
    member _.``an exported file alone says what its run folder says``() =
        use folder = new Folder()
        archive (folder.File "data.npz") id
        train folder "" ("npz:" + folder.File "data.npz") |> ignore

        let files = [
            for i in 0..39 do
                let file = folder.File $"{i}.png"

                Pictures.png
                    file
                    (10 + i)
                    (50 - i)
                    (fun x y -> byte (5 * x), byte (5 * y), byte (6 * i))

                file
        ]

        let said (model: string) (more: string list) =
            let ended = sss ([ "predict"; model; "--json"; "--threads"; "1" ] @ more @ files)
            expectCode 0 ended
            json ended.Out

        let scores (answer: Text.Json.JsonElement) = [
            for image in answer.GetProperty("images").EnumerateArray() do
                for c in image.GetProperty("classes").EnumerateArray() do
                    string (c.GetProperty "class"),
                    c.GetProperty("score").GetDouble(),
                    c.GetProperty("probability").GetDouble()
        ]

        let raw =
            sss [ "export"; folder.File "run"; "--onnx"; folder.File "raw.onnx"; "--raw" ]

        expectCode 0 raw
        let expected = said (folder.File "run") []
        Assert.Equal(80, (scores expected).Length)

        for model in [ folder.File "run/selected.onnx"; folder.File "raw.onnx" ] do
            let found = said model []

            let part (name: string) (answer: Text.Json.JsonElement) =
                string (answer.GetProperty name)

            for name in [ "network"; "preparation" ] do
                Assert.Equal(part name expected, part name found)

            for (name, score, probability), (name', score', probability') in
                List.zip (scores expected) (scores found) do
                Assert.Equal(name, name')
                Assert.Equal(score, score', 1e-5 * max 1.0 (abs score))
                Assert.Equal(probability, probability', 1e-5)

        // Broken pictures are named, and the others classified.
        File.WriteAllText(files[3], "no picture")
        let ended = sss ([ "predict"; folder.File "run/selected.onnx" ] @ files)
        Assert.Equal(1, ended.Code)
        Assert.Equal(39, ended.Out.Trim().Split('\n').Length)
        Assert.Contains("3.png", ended.Err)
        let refused = sss [ "predict"; folder.File "raw.onnx"; files[0]; "--device"; "cpu" ]
        Assert.Equal(2, refused.Code)
        Assert.Contains("--device is not for ONNX files, which run on the CPU.", refused.Err)

    [<Fact>]
    member _.``numbers from 0 to 255 in an array, and picture files afterwards``() =
        use folder = new Folder()
        archive (folder.File "x.npz") id
        let ended = train folder "" ("npz:" + folder.File "x.npz")

        Assert.Equal("pixels: float32, 0 to 255 (black to white), N x H x W x C\n", ended.Err)

        let random = Random 8

        let files = [
            for i in 0..19 do
                let file = folder.File $"{i}.png"
                let shade () = byte (156 * (i % 2) + random.Next 100)
                Pictures.png file 16 16 (fun _ _ -> shade (), shade (), shade ())
                file
        ]

        let preparation, classes = predicted folder files
        Assert.Equal("[0,255]", preparation.GetProperty("range").GetRawText())
        Assert.Equal<string list>([ for i in 0..19 -> string (i % 2) ], classes)

        // The same images from 0 to 1 are the same images.
        archive (folder.File "ones.npz") (fun v -> v / 255.0f)
        let words = [ "eval"; folder.File "run"; "--threads"; "1"; "--data" ]
        let ended = sss (words @ [ "npz:" + folder.File "ones.npz" ])
        expectCode 0 ended
        Assert.StartsWith("N3: accuracy 100.0 % of the test images (20 of 20)", ended.Out)

        Assert.Contains(
            "How images are prepared: pictures: upright, transparent parts on white,",
            File.ReadAllText(Path.Combine(folder.File "run", "report.html"))
        )

    [<Fact>]
    member _.``numbers of no known range train, and take no picture files``() =
        use folder = new Folder()
        archive (folder.File "x.npz") (fun v -> (v - 128.0f) / 64.0f)
        let ended = train folder "" ("npz:" + folder.File "x.npz")

        Assert.Equal(
            "pixels: float32, -2 to 1.984375 (black and white are not known), N x H x W x C\n",
            ended.Err
        )

        let file = folder.File "a.png"
        Pictures.png file 16 16 (fun _ _ -> 1uy, 2uy, 3uy)
        let ended = sss [ "predict"; folder.File "run"; file ]
        let weights = Path.Combine(folder.File "run", "selected.safetensors")

        Assert.Equal(
            {
                Code = 1
                Out = ""
                Err =
                    $"{weights}: the network cannot take picture files: it is not known which values of its training "
                    + "pixels are black and white (they range from -2 to 1.984375)\n"
                    + "  add an array `range` with the values of black and white to the npz file and train again\n"
            },
            ended
        )

    [<Fact>]
    member _.``predict gets right of a folder what eval gets right``() =
        use folder = new Folder()
        let pictures = folder.File "pictures"
        Pictures.folder pictures
        let data = "folder:" + pictures
        train folder "  augment resize=20 background=black flip\n" data |> ignore

        let ended =
            sss [ "eval"; folder.File "run"; "--data"; data; "--json"; "--threads"; "1" ]

        expectCode 0 ended

        let files = [
            for name in [ "night"; "snow & ice" ] do
                let all =
                    Directory.GetFiles(Path.Combine(pictures, name))
                    |> Array.sortWith (fun a b -> String.CompareOrdinal(a, b))

                for i, file in Array.indexed all do
                    if i % 5 = 4 then
                        name, file
        ]

        let preparation, classes = predicted folder (List.map snd files)
        Assert.Equal(20, preparation.GetProperty("resize").GetInt32())
        Assert.Equal("black", preparation.GetProperty("background").GetString())

        let right =
            List.zip files classes |> List.filter (fun ((name, _), found) -> name = found)

        Assert.Equal(
            (json ended.Out).GetProperty("accuracy").GetDouble(),
            float right.Length / float files.Length
        )
