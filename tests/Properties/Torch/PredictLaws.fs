/// `sss predict` says of the files of a folder what `sss eval` says of the folder.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.PredictLaws

open System
open System.IO
open System.Threading
open Xunit
open SkiaSharp
open Sss.Core
open Sss.Dsl
open Sss.Files
// Last, for its `Outcome`: the language has one too.
open Sss.Torch
open Sss.Tests.Files

/// The scores of a folder's test pictures, file by file.
let private scoresOf (loaded: LoadedNetwork) (d: Dataset) : float32[][] =
    let paths =
        match d.Test.Pixels with
        | Pictures { Paths = paths } -> paths
        | Bytes _
        | Floats _ -> failwith "pictures were expected"

    Engine.ok (Predict.files (Engine.get ()) loaded (List.ofArray paths))
    |> Array.map Folders.ok

/// The fraction that is classified as it should be.
let private accuracy (d: Dataset) (scores: float32[][]) =
    let right =
        Array.zip scores d.Test.Labels
        |> Array.filter (fun (scores, label) -> Evaluate.arg (ReadOnlySpan scores) = label)
        |> Array.length

    float right / float scores.Length

let private predicted loaded d = accuracy d (scoresOf loaded d)

let private network =
    lazy
        (let text =
            "network Small {\n  input 3x12x12\n  classes 2\n  conv 6 3x3; bn; relu\n"
            + "  avgpool 4x4\n  dense classes\n}\n"

         match Language.parse text with
         | Ok parsed -> parsed.Network
         | Error errors -> failwith $"%A{errors}")

/// A network with random weights as a file keeps it after training with a recipe.
let private deployed seed (augment: Augment) root =
    let network = network.Value
    let options = PictureOptions.ofAugment augment
    let d = Folders.ok (Dataset.loadFor network options (Folder root))

    d,
    {
        Path = "selected.safetensors"
        Network = network
        Weights = Init.weights seed network
        Classes = d.Classes
        Preparation = Some d.Preparation
        Probabilities = Probabilities.Softmax
    }

let private agrees seed (augment: Augment) root =
    let _, loaded = deployed seed augment root
    // As the command does it: the options come from the network.
    let options = loaded.Preparation.Value.Pictures
    let data = Folders.ok (Dataset.loadFor loaded.Network options (Folder root))
    let eval = Engine.ok (Pipeline.evaluate (Engine.get ()) loaded data data.Test)
    let scores = scoresOf loaded data
    Assert.Equal(eval.Accuracy, accuracy data scores)

    // And score by score, bit for bit, what testing and the verdict see.
    let images = Folders.ok (Evaluate.images data data.Test data.Test.Count)

    use model = Engine.ok (Model.create (Engine.get ()) loaded.Network loaded.Weights)

    Assert.Equal<float32[]>(Evaluate.scores model (ReadOnlyMemory images), Array.concat scores)
    scores[0]

[<Fact>]
let ``predict and eval agree for every recipe of the examples and for 50 random ones`` () =
    Folders.within (fun root ->
        StoredPicturesTests.folder root 30

        let examples =
            Directory.GetFiles(
                Path.Combine(Sss.Tests.Repository.root, "examples"),
                "*.sss",
                SearchOption.AllDirectories
            )
            |> List.ofArray
            |> List.choose (fun file ->
                match Language.load file with
                | Ok(_, parsed) -> parsed.Recipe |> Option.map _.Augment
                | Error _ -> failwith file
            )

        Assert.True(examples.Length >= 10)
        let random = Random 1

        let made = [
            for _ in 1..50 do
                {
                    Resize = if random.Next 3 = 0 then 0 else random.Next(12, 40)
                    Background = {
                        Red = byte (random.Next 256)
                        Green = byte (random.Next 256)
                        Blue = byte (random.Next 256)
                    }
                    Area = 0.5 * random.NextDouble()
                    Crop = random.Next 3
                    Flip = random.Next 2 = 0
                    Jitter = random.NextDouble()
                    Pca = random.NextDouble()
                    Rand =
                        if random.Next 2 = 0 then
                            None
                        else
                            Some RandAugmentation.standard
                    Erase = random.NextDouble()
                    Mixup = random.NextDouble()
                    Cutmix = random.NextDouble()
                }
        ]

        let found =
            examples @ made |> List.mapi (fun seed augment -> agrees seed augment root)

        // Every recipe shows the network something else.
        Assert.True(List.distinct found |> List.length > 50)
    )

/// 64 × 64 pictures: the inner 32 × 32 dark or light, the frame the opposite.
let private framed root =
    let random = Random 5

    for name, isLight in [ "dark", false; "light", true ] do
        Directory.CreateDirectory(Path.Combine(root, name)) |> ignore

        for i in 0..99 do
            use bitmap = new SKBitmap(64, 64, SKColorType.Rgba8888, SKAlphaType.Opaque)

            for y in 0..63 do
                for x in 0..63 do
                    let isInner = x >= 16 && x < 48 && y >= 16 && y < 48
                    let low = if isInner = isLight then 165 else 0
                    let shade () = byte (low + random.Next 90)
                    bitmap.SetPixel(x, y, SKColor(shade (), shade (), shade ()))

            use data = bitmap.Encode(SKEncodedImageFormat.Png, 100)
            Folders.put (Path.Combine(root, name)) $"{i:D3}.png" (data.ToArray())

let private framedText =
    """network N3 {
  input 3x16x16
  classes 2
  conv 8 3x3 stride=2; bn @scale(neuron); relu
  conv 8 3x3; bn @scale(neuron); relu
  avgpool global
  dense classes
}
train {
  epochs 6
  batch 16
  lr 0.1 cosine
  gamma neuron=0.01; augment resize=32
}
"""

[<Fact>]
let ``pictures that are scaled before the cut are so in training, eval and predict`` () =
    Folders.within (fun folder ->
        let root, out = Path.Combine(folder, "pictures"), Path.Combine(folder, "run")
        framed root

        let parsed =
            match Language.parse framedText with
            | Ok parsed -> parsed
            | Error errors -> failwith $"%A{errors}"

        let recipe = parsed.Recipe.Value
        let options = PictureOptions.ofAugment recipe.Augment
        let dataset = Folders.ok (Dataset.loadFor parsed.Network options (Folder root))

        let job = Small.jobIn out parsed.Network recipe dataset

        let job = {
            job with
                Computing = { job.Computing with Loaders = Some 1 }
        }

        let outcome =
            Pipeline.run job (Listener.ofTraining ignore) CancellationToken.None
            |> Engine.ok
            |> fun finished -> fst finished.Selected.Value

        Assert.Equal((1.0, 40), (outcome.Test.Accuracy, outcome.Test.Count))
        let loaded = Engine.ok (RunFolder.load out)
        Assert.Equal(Some dataset.Preparation, loaded.Preparation)
        Assert.Equal(32, loaded.Preparation.Value.Pictures.Resize)

        let eval = Engine.ok (Pipeline.evaluate (Engine.get ()) loaded dataset dataset.Test)

        Assert.Equal(1.0, eval.Accuracy)
        Assert.Equal(1.0, predicted loaded dataset)

        // What is in the ONNX file says it too.
        use session = Folders.ok (OnnxRun.load 1 (Path.Combine(out, "selected.onnx")))

        Assert.EndsWith(
            "; normalised inside; pictures: upright, transparent parts on white, "
            + "the shorter side scaled to 32 pixels, the central 16 x 16 pixels (width x height), red, green and blue",
            (OnnxRun.metadata session)["sss.input"]
        )
    )

[<Fact>]
let ``a network is evaluated on other data in its own classes and units, or not at all`` () =
    Folders.within (fun root ->
        StoredPicturesTests.folder root 20
        let d, loaded = deployed 3 Augment.none root

        let evaluate data =
            Pipeline.evaluate (Engine.get ()) loaded data data.Test

        let own = Engine.ok (evaluate d)

        // The classes in another order.
        let turned = {
            d with
                Classes = List.rev d.Classes
                Test = {
                    d.Test with
                        Targets =
                            d.Test.Labels |> Array.map (fun label -> 1 - label) |> Targets.Labels
                }
        }

        Assert.Equal(own, Engine.ok (evaluate turned))

        match evaluate { d with Classes = [ "a"; "z" ] } with
        | Error(BadFile(ClassesDiffer(_, [ "a"; "b" ], [ "a"; "z" ]))) -> ()
        | other -> Assert.Fail $"%A{other}"

        // The same pixels from 0 to 1.
        let bytes =
            match d.Test.Pixels with
            | Pictures { Kept = Some bytes } -> bytes
            | other -> failwith $"%A{other}"

        let ones = {
            d with
                Range = PixelRange.Known(0.0f, 1.0f)
                Test = {
                    d.Test with
                        Pixels = Floats(bytes |> Array.map (fun b -> float32 b / 255.0f))
                }
        }

        let converted = Engine.ok (evaluate ones)
        Assert.Equal(own.Accuracy, converted.Accuracy)
        Assert.Equal(own.Loss, converted.Loss, 1e-5)

        match
            evaluate {
                ones with
                    Range = PixelRange.Unknown(-2.0f, 2.0f)
            }
        with
        | Error(BadFile(UnitsDiffer _)) -> ()
        | other -> Assert.Fail $"%A{other}"
    )
