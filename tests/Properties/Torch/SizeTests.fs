/// Sizes around 2³¹, of which nothing is allocated.
[<Xunit.Collection("LibTorch")>]
module Sss.Tests.Torch.SizeTests

open System
open System.Threading
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Torch
open Sss.Tests.Language

let private dense (first: int) (second: int) =
    Support.parse
        $"network T {{ input 1x8x8\n classes 2\n dense {first}\n relu\n dense {second}\n dense classes }}"
    |> _.Network

[<Fact>]
let ``the checker takes the longest array there is, and nothing longer`` () =
    Assert.Equal(2_147_395_600L, (46_340L * 46_340L))

    Assert.Equal(
        2_147_395_600L + 46_340L * (64L + 2L + 2L) + 2L,
        (Cost.ofNetwork (dense 46_340 46_340)).Params
    )

    let text =
        "network T { input 1x8x8\n classes 2\n dense 46341\n dense 46341\n dense classes }"

    match Language.parse text with
    | Error [ diagnostic ] ->
        Assert.Equal("this `dense` has 2147488281 weights", diagnostic.Message)
    | other -> Assert.Fail $"%A{other}"

    // More weights than 64 bits can count have a message too.
    let text =
        "network T { input 1000x1x1\n classes 2\n conv 1000000 1000000x1000000 pad=500000\n dense classes }"

    match Language.parse text with
    | Error(first :: _) ->
        Assert.Equal("this `conv` has 1000000000000000000000 weights", first.Message)
    | other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``a network that no vector of LibTorch holds is refused before memory is taken`` () =
    let before = GC.GetTotalAllocatedBytes()

    Assert.Equal(Ok(), Footprint.fits 4L (dense 23_100 23_100))

    match Footprint.fits 4L (dense 40_000 40_000) with
    | Error error ->
        Assert.Equal(
            "The network has 1,602,720,002 weights; at most 536,870,911 fit into one vector of LibTorch. The largest \
             layers are `dense2` (1,600,040,000 weights), `dense1` (2,600,000 weights), `dense3` (80,002 weights). \
             Make them smaller.",
            ModelError.message error
        )
    | Ok() -> Assert.Fail "it was taken"

    // At double precision half as many fit.
    Assert.True(Result.isError (VerifyRun.fits (dense 23_100 23_100)))
    Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0L, 50_000_000L)

[<Fact>]
let ``what training needs is listed with what it is needed for`` () =
    let network =
        Support.parse
            "network T { input 3x1000x1000\n classes 2\n conv 64 3x3; bn; relu\n conv 64 3x3; bn; relu\n \
             avgpool global\n dense classes }"
        |> _.Network

    match Footprint.training 4L 100_000 network with
    | Error(TooMuchMemory(purpose, need) as error) ->
        Assert.Equal("training with a batch of 100000 images", purpose)
        Assert.Equal("Use a smaller `batch`, or a smaller network.", need.Remedy)

        Assert.Equal(
            4L * 100_000L * (3L + 3L * 64L) * 1_000_000L + 4L * 100_000L * 64L,
            snd need.Parts[1]
        )

        Assert.StartsWith("There is not enough memory for training", ModelError.message error)
    | other -> Assert.Fail $"%A{other}"

    Assert.Equal(Ok(), Footprint.training 4L 1 network)

[<Fact>]
let ``what two sides of a residual read is counted once`` () =
    let network =
        Support.parse
            "network T { input 4x8x8\n classes 2\n residual { conv 4 3x3 } shortcut { conv 4 1x1 }\n \
             avgpool global\n dense classes }"
        |> _.Network

    match Footprint.training 1_000_000_000_000L 1 network with
    | Error(TooMuchMemory(_, need)) ->
        Assert.Equal(1_000_000_000_000L * (4L * 64L + 4L), snd need.Parts[1])
    | other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``batches of large images are smaller, and no count of inputs overflows`` () =
    let large side =
        Nets.network (Shape.create 3 side side) [
            Nets.plain "pool" (Op.GlobalPool Average)
            Nets.plain "dense" (Nets.dense 2)
        ]

    Assert.Equal(256, Evaluate.batchOf (large 224))
    Assert.Equal(21, Evaluate.batchOf (large 2048))
    Assert.Equal(1, Evaluate.batchOf (large 13_000))
    Assert.Equal(256, Exactness.inputsOf (large 32))
    Assert.Equal(1, Exactness.inputsOf (large 13_000))

    match Footprint.fits 4L (large 14_000) with
    | Error error ->
        Assert.Equal(
            "The network has 588,000,000 values in an image; at most 536,870,911 fit into one vector of LibTorch. \
             Make them smaller.",
            ModelError.message error
        )
    | Ok() -> Assert.Fail "it was taken"

[<Fact>]
let ``rounding channels up to the largest number keeps them all`` () =
    let network =
        Nets.network (Shape.create 1 4 4) [
            Nets.withFactors Neuron 4 "conv1" (Nets.conv 4 3 1 true)
            Nets.plain "dense" (Nets.dense 2)
        ]

    let weights =
        Nets.randomWeights 1 network
        |> Map.change
            (ArrayKey.make ArrayPart.Factor "conv1")
            (Option.map (fun t -> {
                t with
                    Data = [| 1.0; 0.0; 1.0; 0.0 |]
            }))

    let options = {
        Selection.defaults with
            Round = Int32.MaxValue
    }

    let selected = Engine.ok (Selection.select options network weights)
    Assert.Equal((Cost.ofNetwork network).Params, (Cost.ofNetwork selected.Network).Params)

[<Fact>]
let ``a network of any size is refused by training, with no batch and no thread started`` () =
    let attempt network settings recipe =
        match
            Train.run
                settings
                network
                Small.dataset.Value
                recipe
                (fun e -> Assert.Fail $"%A{e}")
                CancellationToken.None
        with
        | Error error -> TrainError.message error
        | Ok _ -> "trained"

    let settings = Small.settings None
    let large = dense 40_000 40_000
    let ten = { large with Classes = 10 }
    Assert.StartsWith("The network has 1,602,720,002 weights;", attempt ten settings Small.recipe)

    Assert.Equal(
        "The number of threads is 1000000000; it must be 1024 or less.",
        attempt
            Small.network
            {
                settings with
                    Threads = Some 1_000_000_000
            }
            Small.recipe
    )
