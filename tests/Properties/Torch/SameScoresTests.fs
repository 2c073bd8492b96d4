/// One picture has the same scores wherever it is classified.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.SameScoresTests

open System
open System.IO
open Microsoft.ML.OnnxRuntime
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch
open Sss.Tests.Files

let private network channels =
    match
        Language.parse (
            $"network Small {{\n  input {channels}x12x14\n  classes 3\n  conv 6 3x3; bn; relu\n"
            + "  avgpool 4x4\n  dense classes\n}\n"
        )
    with
    | Ok parsed -> parsed.Network
    | Error errors -> failwith $"%A{errors}"

/// Pictures of every kind: JPEG of all encodings, CMYK, EXIF; PNG with alpha, of 16 bits, with a palette,
/// interlaced; odd sizes.
let private pictures: (string * byte[]) list = [
    for name, jpeg in Jpegs.kinds do
        name.Replace(' ', '-') + ".jpg", jpeg
    for orientation in [ 3; 6; 8 ] do
        $"turned-{orientation}.jpg",
        Jpegs.withExif (Pngs.exif true orientation) (snd Jpegs.kinds.Head)
    let samples most x y c = (x * 991 + y * 77 + c * 131) % most
    "alpha.png", Pngs.write (Pngs.plain 21 37 6 8 (samples 256))
    "grey-alpha.png", Pngs.write (Pngs.plain 20 30 4 8 (samples 256))
    "deep.png", Pngs.write (Pngs.plain 33 19 2 16 (samples 65536))
    "deep-alpha.png", Pngs.write (Pngs.plain 33 19 6 16 (samples 65536))
    "one-row.png", Pngs.write (Pngs.plain 200 1 2 8 (samples 256))
    "tiny.png", Pngs.write (Pngs.plain 1 1 2 8 (samples 256))

    let random = Random 5

    for i in 1..8 do
        $"random-{i}.png", Pngs.write (Pngs.random random (5 + random.Next 60) (5 + random.Next 60))
]

/// The preparations that the recipes of the examples ask for, and of other sources of numbers.
let private preparations channels : Preparation list =
    let files =
        Directory.GetFiles(
            Path.Combine(Sss.Tests.Repository.root, "examples"),
            "*.sss",
            SearchOption.AllDirectories
        )

    let ofRange (pictures: PictureOptions) range : Preparation = {
        Pictures = pictures
        Range = range
        Scale = Preparation.scaleOf range
        Mean = Array.init channels (fun c -> 0.3f + 0.1f * float32 c)
        Deviation = Array.init channels (fun c -> 0.2f + 0.05f * float32 c)
        IsGiven = false
    }

    [
        for file in files do
            match Language.load file with
            | Ok(_, parsed) ->
                match parsed.Recipe with
                | Some recipe -> ofRange (PictureOptions.ofAugment recipe.Augment) PixelRange.bytes
                | None -> ()
            | Error _ -> failwith file
        let black = {
            PictureOptions.standard with
                Background = PictureOptions.black
                Resize = 20
        }

        ofRange black PixelRange.bytes
        ofRange PictureOptions.standard (PixelRange.Known(0.0f, 16.0f))
        ofRange PictureOptions.standard (PixelRange.Known(1.0f, -1.0f))
    ]
    |> List.distinct

/// The scores of pixels in ONNX Runtime alone, as `docs/pictures.md` writes it.
let private bare kind (session: InferenceSession) (input: Shape) (pixels: byte[]) : float32[] =
    Assert.Equal<string>([ "scores"; "probabilities" ], session.OutputNames)
    let extents = [| 1L; int64 input.Channels; int64 input.Height; int64 input.Width |]
    use images = OrtValue.CreateTensorValueFromMemory(Array.map float32 pixels, extents)
    use options = new RunOptions()

    use results =
        session.Run(options, [| "pixels" |], [| images |], [| "scores"; "probabilities" |])

    let scores = results[0].GetTensorDataAsSpan<float32>().ToArray()
    let probabilities = results[1].GetTensorDataAsSpan<float32>().ToArray()
    let expected = Probabilities.ofScores kind scores.Length scores

    Assert.All(
        Array.zip expected probabilities,
        (fun (e, p) -> Assert.Equal(float e, float p, 1e-6))
    )

    scores

let private same (what: string) (expected: float32[]) (found: float32 seq) =
    let scale = expected |> Array.map abs |> Array.max |> max 1.0f

    for e, f in Seq.zip expected found do
        Assert.True(
            abs (e - f) <= 1e-5f * scale,
            $"%s{what}: %A{expected} and %A{List.ofSeq found}"
        )

    Assert.Equal(expected.Length, Seq.length found)

let private agree folder kind (network: Network) (preparation: Preparation) (files: string list) =
    let loaded = {
        Path = folder
        Network = network
        Weights = Init.weights 7 network
        Classes = [ "circle"; "square"; "star" ]
        Preparation = Some preparation
        Probabilities = kind
    }

    RunFolder.save
        folder
        "selected"
        (Language.print network)
        loaded.Classes
        preparation
        kind
        loaded.Weights
    |> Folders.ok

    let model, raw =
        Path.Combine(folder, "selected.onnx"), Path.Combine(folder, "raw.onnx")

    Engine.ok (OnnxExport.write (Engine.get ()) false loaded model) |> ignore
    Engine.ok (OnnxExport.write (Engine.get ()) true loaded raw) |> ignore

    // What the command line does with a run folder, and with both forms of the ONNX file.
    let expected =
        Engine.ok (Predict.files (Engine.get ()) loaded files) |> Array.map Folders.ok

    use own = Folders.ok (OnnxClassifier.load 1 model)
    use ofRaw = Folders.ok (OnnxClassifier.load 1 raw)
    use facade = Sss.SelectedNetwork.Load folder
    use serving = Sss.Serving.Classifier.Load model
    use session = new InferenceSession(model)
    let batch = serving.PredictBatch(List.toArray files)

    for i, file in List.indexed files do
        let expected = expected[i]
        let content = File.ReadAllBytes file
        let name = Path.GetFileName file |> string

        for c in [ own; ofRaw ] do
            let given = Folders.ok (OnnxClassifier.ofFile c file)
            same name expected (Folders.ok (OnnxClassifier.scores c [ given ])).Head

        same name expected (facade.PredictImage file).Scores
        let probabilities = Probabilities.ofScores kind expected.Length expected
        same name probabilities (facade.PredictImage file).Probabilities
        same name probabilities (serving.Predict file).Probabilities
        same name expected (facade.PredictImage(ReadOnlySpan content)).Scores
        same name expected (facade.PredictImage(new MemoryStream(content))).Scores
        same name expected (serving.Predict file).Scores
        same name expected (serving.Predict(ReadOnlySpan content)).Scores
        same name expected (serving.Predict(new MemoryStream(content))).Scores
        same name expected batch[i].Scores
        let pixels = Folders.ok (PreparedPicture.ofFile preparation network.Input file)
        same name expected (bare kind session network.Input pixels)

[<Fact>]
let ``command line, C#, Sss.Serving and ONNX Runtime alone give a picture the same scores`` () =
    Folders.within (fun folder ->
        let files = [
            for name, content in pictures do
                Folders.put folder name content
                Path.Combine(folder, name)
        ]

        for channels in [ 1; 3 ] do
            let network = network channels

            for preparation in preparations channels do
                agree folder Probabilities.Softmax network preparation files

            agree folder Probabilities.Sigmoid network (preparations channels).Head files
    )

[<Fact>]
let ``a file tells what it takes, of whom, and how exact it is`` () =
    Folders.within (fun folder ->
        let network = network 3
        agree folder Probabilities.Sigmoid network (preparations 3).Head []
        use session = Folders.ok (OnnxRun.load 1 (Path.Combine(folder, "selected.onnx")))
        let told = OnnxRun.metadata session
        Assert.Equal("pixels", told["sss.takes"])
        Assert.Equal("sigmoid", told["sss.probabilities"])
        Assert.Equal("""["circle","square","star"]""", told["sss.classes"])

        Assert.StartsWith(
            "pixels, float32, 0 to 255 (black to white), N x C x H x W; normalised inside; pictures: upright, ",
            told["sss.input"]
        )

        Assert.StartsWith("{\"verdict\":\"exact\",\"maxRel\":", told["sss.exactness"])
        use raw = Folders.ok (OnnxRun.load 1 (Path.Combine(folder, "raw.onnx")))
        Assert.Equal("images", (OnnxRun.metadata raw)["sss.takes"])
    )

[<Fact>]
let ``files that cannot classify pictures are refused with the reason`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.onnx")

        let said network options =
            Init.weights 1 network |> Onnx.write path options network |> Folders.ok
            Folders.messageIn folder (OnnxClassifier.load 1 path)

        let prepared = {
            OnnxNets.plain with
                Raw = false
                Classes = [ "a"; "b"; "c" ]
                Preparation = Some (preparations 3).Head
        }

        Assert.Equal(
            "x.onnx: the network cannot take picture files: the file does not record how its images were prepared\n  \
             export a network that `sss train` trained, with `sss export`",
            said (network 3) OnnxNets.plain
        )

        Assert.Equal(
            "x.onnx: at byte 0: names in `sss.classes`: expected 3, found 2",
            said (network 3) { prepared with Classes = [ "a"; "b" ] }
        )

        Assert.Equal(
            "x.onnx: the network cannot take picture files: it is not known which values of its training pixels \
             are black and white\n  add an array `range` with the values of black and white to the npz file and train again",
            said (network 3) {
                prepared with
                    Preparation =
                        Some {
                            prepared.Preparation.Value with
                                Range = PixelRange.Unknown(nanf, nanf)
                        }
            }
        )

        let foreign =
            Path.Combine(Sss.Tests.Repository.root, "tests", "EndToEnd", "none.onnx")

        Assert.Contains("no such file", Folders.message (OnnxClassifier.load 1 foreign))
    )

[<Fact>]
let ``a network of numbers has no probabilities`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.onnx")

        let numbers = {
            network 3 with
                OutputKind = OutputKind.Numbers
        }

        Init.weights 1 numbers
        |> Onnx.write
            path
            {
                OnnxNets.plain with
                    Raw = false
                    Preparation = Some (preparations 3).Head
            }
            numbers
        |> Folders.ok

        use session = new InferenceSession(path)
        Assert.Equal<string>([ "scores" ], session.OutputNames)
    )
