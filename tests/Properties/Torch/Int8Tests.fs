/// Export in 8 bits: measured on digits, and refused. What a machine measures of time is never asserted.
module Sss.Tests.Torch.Int8Tests

open System.IO
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch
open Sss.Tests.Files

let private digits = lazy (Digits.load ())

/// Nearest class means, by two dense layers: the first gives the pixels, and one value that the second does not look at,
/// `outlier` times the sum of the pixels.
let private classifier (outlier: float32) : LoadedNetwork =
    let dataset = digits.Value
    let train = dataset.Train
    let images = Folders.ok (Evaluate.images dataset train train.Count)
    let labels = Targets.tryLabels train.Targets |> Option.get

    let means =
        [| 0..9 |]
        |> Array.map (fun label ->
            let own =
                Array.chunkBySize 64 images
                |> Array.zip labels
                |> Array.filter (fun (l, _) -> l = label)
                |> Array.map snd

            Array.init 64 (fun i -> own |> Array.averageBy (fun image -> image[i]))
        )

    let text =
        "network Means { input 1x8x8; classes 10\n flatten; dense 65; relu; dense classes }"

    let network =
        match Language.parse text with
        | Ok parsed -> parsed.Network
        | Error errors -> failwithf "%A" errors

    // Normalised pixels may be below 0, and the activation is not to lose them.
    let shift = 3.0f

    let first =
        Array.init
            (65 * 64)
            (fun i ->
                let unit, pixel = i / 64, i % 64

                if unit = pixel then 1.0f
                elif unit = 64 then outlier
                else 0.0f
            )

    let bias =
        means
        |> Array.map (fun mean -> -(Array.sumBy (fun m -> m * m / 2.0f + shift * m) mean))

    let array name part shape data =
        ArrayKey.make part name, { Shape = shape; Data = data }

    {
        Path = "means"
        Network = network
        Weights =
            Map.ofList [
                array "dense1" ArrayPart.Weight [ 65; 64 ] first
                array "dense1" ArrayPart.Bias [ 65 ] (Array.create 65 shift)
                array
                    "dense2"
                    ArrayPart.Weight
                    [ 10; 65 ]
                    (means |> Array.collect (fun mean -> Array.append mean [| 0.0f |]))
                array "dense2" ArrayPart.Bias [ 10 ] bias
            ]
        Classes = dataset.Classes
        Preparation = Some dataset.Preparation
        Probabilities = Probabilities.Softmax
    }

let private settings = {
    Data = digits.Value
    MaxDrop = Int8Export.maxDrop
    Rule = RangeRule.MinMax
    Raw = false
    Threads = 1
}

[<Fact>]
let ``a file in 8 bits is measured beside the one in float32 and says what was measured`` () =
    Folders.within (fun folder ->
        for raw in [ false; true ] do
            let path = Path.Combine(folder, "int8.onnx")

            let settings = {
                settings with
                    Raw = raw
                    MaxDrop = 2.0
            }

            let r =
                match Int8Export.write settings (classifier 0.0f) path with
                | Ok r -> r
                | Error error -> failwith (PipelineError.message error)

            Assert.True(Quality.score r.Float.Quality > 0.85, string r.Float)
            Assert.InRange(abs r.Drop, 0.0, 2.0)
            Assert.Equal(digits.Value.Test.Count, r.Int8.Count)
            Assert.Equal(Int8Export.calibrationImages, r.Calibrated)
            Assert.Equal(FileInfo(path).Length, r.Int8Bytes)
            Assert.Equal<int list>([ 1; 64 ], r.Times |> List.map _.Batch)
            use session = Folders.ok (OnnxRun.load 1 path)
            let metadata = OnnxRun.metadata session
            Assert.Equal("int8", metadata["sss.precision"])
            Assert.Equal((if raw then "images" else "pixels"), metadata["sss.takes"])
            Assert.False(metadata.ContainsKey "sss.exactness")
            let said = System.Text.Json.JsonDocument.Parse(metadata["sss.int8"]).RootElement
            Assert.Equal("accuracy", said.GetProperty("metric").GetString())
            Assert.Equal(Quality.score r.Int8.Quality, said.GetProperty("int8").GetDouble())
            Assert.Equal(Quality.score r.Float.Quality, said.GetProperty("float32").GetDouble())
            Assert.Equal(digits.Value.Test.Count, said.GetProperty("images").GetInt32())
    )

let private refused settings loaded =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "int8.onnx")
        File.WriteAllText(path, "what was there")

        match Int8Export.write settings loaded path with
        | Ok r -> failwith $"it was written: {r}"
        | Error error ->
            Assert.Equal("what was there", File.ReadAllText path)
            Assert.Equal(1, Directory.GetFiles(folder).Length)
            PipelineError.message(error).Replace(path, "int8.onnx")
    )

[<Fact>]
let ``a value far from all others costs the rest their steps, and nothing is written`` () =
    // Processors differ in what the codes of the rest add up to.
    Assert.Matches(
        "^int8\\.onnx was not written: int8 lowers accuracy on 359 test images from 91\\.92 % to [1-3]?[0-9]\\.[0-9]{2} %, by \
         [5-9][0-9]\\.[0-9]{2} points, and 0\\.5 are allowed\\. ",
        refused settings (classifier 1e6f)
    )

[<Fact>]
let ``a drop is told in the words of the metric`` () =
    let said float int8 =
        PipelineError.message (Int8Drops("x.onnx", float, int8, 360, 0.5))

    Assert.Equal(
        "x.onnx was not written: int8 lowers accuracy on 360 test images from 98.06 % to 96.94 %, by 1.12 points, and 0.5 are \
         allowed. Export without --int8, or allow more with --max-drop POINTS.",
        said (Quality.Classification 0.9806) (Quality.Classification 0.9694)
    )

    Assert.Equal(
        "x.onnx was not written: int8 lowers R² on 360 test images from 0.9000 to 0.8000, by 10.00 points, and 0.5 are \
         allowed. Export without --int8, or allow more with --max-drop POINTS.",
        said (Quality.Regression(0.9, 1.0)) (Quality.Regression(0.8, 1.0))
    )

    Assert.Equal(
        "x.onnx was not written: int8 lowers mean average precision on 360 test images from no number to no number, and 0.5 are \
         allowed. Export without --int8, or allow more with --max-drop POINTS.",
        said (Quality.MultiLabel(nan, 0.5)) (Quality.MultiLabel(nan, 0.5))
    )

[<Fact>]
let ``without test images, or layers for integers, nothing is written`` () =
    let none = Split.take 0 digits.Value.Test

    Assert.Equal(
        "int8.onnx was not written: the data set has no test images, and int8 is calibrated on training images and measured on \
         test images.",
        refused
            {
                settings with
                    Data = { digits.Value with Test = none }
            }
            (classifier 0.0f)
    )

    Assert.Equal(
        "int8.onnx was not written: the data set has no training images, and int8 is calibrated on training images and \
         measured on test images.",
        refused
            {
                settings with
                    Data = {
                        digits.Value with
                            Train = Split.take 0 digits.Value.Train
                    }
            }
            (classifier 0.0f)
    )

    let network =
        match Language.parse "network N { input 1x8x8; classes 1\n avgpool global }" with
        | Ok parsed -> parsed.Network
        | Error errors -> failwithf "%A" errors

    let loaded = {
        classifier 0.0f with
            Network = network
            Weights = Map.empty
            Classes = []
    }

    Assert.Equal(
        "int8.onnx was not written: the network has no layer that int8 makes faster: no conv, dwconv or dense other than a conv \
         that gives the scores. Export it without --int8.",
        refused
            {
                settings with
                    Data = { digits.Value with Classes = [ "a" ] }
            }
            loaded
    )
