/// Prediction: the same scores as the model's, from any number of threads; and the bench's numbers.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.PredictorTests

open System
open System.Threading.Tasks
open Xunit
open Sss.Core
open Sss.Torch

let private network = Small.network

let private weights =
    lazy
        (let numbers = Init.weights 5 network
         // Statistics other than 0 and 1, so that folding has something to fold.
         numbers
         |> Map.map (fun key array ->
             if ArrayKey.isPart ArrayPart.Mean key || ArrayKey.isPart ArrayPart.Variance key then
                 {
                     array with
                         Data = array.Data |> Array.mapi (fun i v -> v + 0.1f * float32 (i % 5))
                 }
             else
                 array
         ))

let private predictor () =
    Engine.ok (Predictor.create (Engine.get ()) None network weights.Value)

let private predict (predictor: Predictor) (images: float32[]) =
    let count = images.Length / int (Shape.count network.Input)
    let scores = Array.zeroCreate (count * network.Classes)
    predictor.Run(ReadOnlySpan images, scores.AsSpan())
    scores

[<Fact>]
let ``a predictor gives the model's scores`` () =
    let images = Exactness.randomImages 3 300 network
    use model = Engine.ok (Model.create (Engine.get ()) network weights.Value)
    use predictor = predictor ()

    let exactness =
        Exactness.ofScores
            network.Classes
            (Evaluate.scores model (ReadOnlyMemory images))
            (predict predictor images)

    Assert.Equal(Exact, exactness.Verdict)

[<Fact>]
let ``numbers go through the preparation channel by channel`` () =
    let preparation: Sss.Files.Preparation = {
        Pictures = Sss.Files.PictureOptions.standard
        Range = Sss.Files.PixelRange.Known(0.0f, 16.0f)
        Scale = 1.0f / 16.0f
        Mean = [| 0.3f |]
        Deviation = [| 0.7f |]
        IsGiven = false
    }

    let images = Exactness.randomImages 3 4 network

    use preparing =
        Engine.ok (Predictor.create (Engine.get ()) (Some preparation) network weights.Value)

    use plain = predictor ()
    let prepared = images |> Array.map (fun x -> (x * (1.0f / 16.0f) - 0.3f) / 0.7f)
    Assert.Equal<float32[]>(predict plain prepared, predict preparing images)

[<Fact>]
let ``several threads get the bits that one gets`` () =
    use predictor = predictor ()
    let inputs = [| for seed in 1..8 -> Exactness.randomImages seed (seed * 3) network |]
    let alone = inputs |> Array.map (predict predictor)

    for _ in 1..3 do
        let together = Array.zeroCreate inputs.Length

        Parallel.For(
            0,
            inputs.Length,
            ParallelOptions(MaxDegreeOfParallelism = 4),
            fun i -> together[i] <- predict predictor inputs[i]
        )
        |> ignore

        Assert.Equal<float32[][]>(alone, together)

[<Fact>]
let ``lengths that do not fit are refused`` () =
    use predictor = predictor ()
    let size = int (Shape.count network.Input)

    let run (images: int) (scores: int) =
        predictor.Run(ReadOnlySpan(Array.zeroCreate images), (Array.zeroCreate scores).AsSpan())

    Assert.Throws<ArgumentException>(fun () -> run (size + 1) 10) |> ignore
    Assert.Throws<ArgumentException>(fun () -> run size 9) |> ignore
    run 0 0

[<Fact>]
let ``a window's place in the flat vector is where its number lies`` () =
    use model = Engine.ok (Model.create (Engine.get ()) network weights.Value)

    for slot in model.Layout.Weights do
        let place = Slot.place slot
        let expected = weights.Value[slot.Key].Data

        let found =
            expected
            |> Array.mapi (fun i _ -> Memory.item<float32> model.Weights.Values (place i))

        Assert.Equal<float32[]>(expected, found)
        Assert.Equal<float32[]>(expected, (Map.find slot.Key (Model.weights model)).Data)

[<Fact>]
let ``medians and quartiles`` () =
    Assert.Equal(
        { Median = 3.0; Low = 2.0; High = 4.0 },
        Spread.ofTimes [| 5.0; 1.0; 3.0; 2.0; 4.0 |]
    )

    Assert.Equal(
        {
            Median = 1.5
            Low = 1.25
            High = 1.75
        },
        Spread.ofTimes [| 2.0; 1.0 |]
    )

    Assert.Equal({ Median = 7.0; Low = 7.0; High = 7.0 }, Spread.ofTimes [| 7.0 |])

/// Of several calls in a turn the first one is not counted: what is counted fills the turn.
[<Theory>]
[<InlineData(0.0, 41)>]
[<InlineData(0.05, 41)>]
[<InlineData(0.3, 8)>]
[<InlineData(1.9, 3)>]
[<InlineData(2.0, 1)>]
[<InlineData(500.0, 1)>]
let ``contenders with short calls make several in a turn`` (milliseconds: float) (calls: int) =
    Assert.Equal(calls, Race.callsOf milliseconds)

[<Fact>]
let ``bench json`` () =
    let result = {
        Threads = 2
        Rows = [
            {
                Engine = "libtorch"
                Batch = 8
                Dense = { Median = 2.0; Low = 1.5; High = 2.5 }
                Selected = { Median = 2.5; Low = 2.0; High = 3.0 }
            }
        ]
        Layers = [
            {
                Name = "conv1"
                Median = 1.25
                Macs = 100L
            }
        ]
        LayerBatch = 8
    }

    Assert.Equal(1, (BenchResult.slowRows result).Length)

    Assert.Equal(
        String.concat "" [
            """{"format":1,"threads":2,"rows":[{"engine":"libtorch","batch":8,"""
            """"full":{"median":2,"low":1.5,"high":2.5},"""
            """"selected":{"median":2.5,"low":2,"high":3},"speedup":0.75}],"""
            """"layerBatch":8,"layers":[{"name":"conv1","median":1.25,"macs":100}]}"""
        ],
        BenchResult.toJson result
    )
