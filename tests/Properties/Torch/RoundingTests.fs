/// The verdict tells rounding from faults.
[<Xunit.Collection("LibTorch")>]
module Sss.Tests.Torch.RoundingTests

open System
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Select

let private check full small images =
    Engine.ok (Exactness.check (Engine.get ()) full small images)

let private scores (network, weights) (images: float32[]) =
    use model = Engine.ok (Model.create (Engine.get ()) network weights)
    Evaluate.scores model (ReadOnlyMemory images)

/// The verdict on a network as ONNX Runtime computes it.
let private inOnnx (network: Network, weights) (images: float32[]) =
    let own = scores (network, weights) images

    let options = {
        Text = ""
        Classes = []
        Preparation = None
        Probabilities = Sss.Core.Probabilities.Softmax
        Raw = true
    }

    let model = Engine.ok (Onnx.export options network weights)
    use session = Engine.ok (OnnxRun.ofBytes 1 "model" model)
    let count = own.Length / network.Classes
    let found = Engine.ok (OnnxRun.run session network.Input count images)

    let scales =
        List.head (Engine.ok (Sensitivity.scales (Engine.get ()) (network, weights) images own))

    Exactness.within scales network.Classes own found

let private edit key change (weights: Weights<float32>) : Weights<float32> =
    weights
    |> Map.change key (Option.map (fun t -> { t with Data = change t.Data }))

/// Once every few hundred networks the old measure, relative to an input's own largest score, took
/// rounding for a fault.
[<Fact>]
let ``networks of two classes, trained a little, give no false alarm`` () =
    let mutable made = 0

    for seed in 100_000 .. 100_000 + (if Sss.Tests.Repository.isLong then 10_000 else 300) - 1 do
        match TwoClasses.make seed with
        | None -> ()
        | Some pair ->
            made <- made + 1
            let exactness = check pair.Full pair.Small pair.Images
            Assert.True((exactness.Verdict = Exact), $"{seed}: %A{exactness}")
            let onnx = inOnnx pair.Small pair.Images
            Assert.True((onnx.Verdict = Exact), $"{seed} in ONNX Runtime: %A{onnx}")

    Assert.True(made > 200, $"{made} networks")

/// Pairs that differ by nothing but what a test plants: a network beside itself.
let private pairs =
    lazy
        (Seq.initInfinite (fun i -> TwoClasses.make (200_000 + i))
         |> Seq.choose id
         |> Seq.filter (fun pair ->
             Map.containsKey (ArrayKey.make ArrayPart.Bias "last") (snd pair.Full)
         )
         |> Seq.truncate 40
         |> List.ofSeq)

[<Fact>]
let ``a small shift of one class's bias is found`` () =
    for pair in pairs.Value do
        let network, weights = pair.Full
        let own = scores pair.Full pair.Images
        // A thousandth of what the scores usually are apart.
        let spread =
            own |> Array.chunkBySize 2 |> Array.averageBy (fun row -> abs (row[0] - row[1]))

        let most =
            weights[ArrayKey.make ArrayPart.Weight "last"].Data |> Array.maxBy abs |> abs

        let shift = 0.001f * max spread most

        let shifted =
            edit
                (ArrayKey.make ArrayPart.Bias "last")
                (Array.mapi (fun i b -> if i = 1 then b + shift else b))
                weights

        Assert.Equal(NotExact, (check pair.Full (network, shifted) pair.Images).Verdict)

[<Fact>]
let ``a fault that touches one rare input is found, beside inputs of any size`` () =
    for pair in pairs.Value do
        let size = int (Shape.count (fst pair.Full).Input)
        // One image in ten is a million times as large as the others.
        let images =
            pair.Images |> Array.mapi (fun i x -> if i / size % 10 = 3 then 1e6f * x else x)

        let own = scores pair.Full images

        let scales =
            List.head (Engine.ok (Sensitivity.scales (Engine.get ()) pair.Full images own))

        // The input whose scores are the largest among those of usual size.
        let at =
            seq { 0 .. scales.Length - 1 }
            |> Seq.filter (fun n -> n % 10 <> 3)
            |> Seq.maxBy (fun n -> max (abs own[2 * n]) (abs own[2 * n + 1]))

        let fault = 0.01f * max (abs own[2 * at]) (abs own[2 * at + 1])

        let faulty = own |> Array.mapi (fun i s -> if i = 2 * at + 1 then s + fault else s)

        Assert.Equal(Exact, (Exactness.within scales 2 own own).Verdict)
        Assert.Equal(NotExact, (Exactness.within scales 2 own faulty).Verdict)

[<Fact>]
let ``a wrong channel is found, though its weights are small`` () =
    let mutable tried = 0

    for pair in pairs.Value do
        let network, weights = pair.Full
        let width = weights[ArrayKey.make ArrayPart.Weight "last"].Data.Length / 2

        if width >= 3 then
            // What the last layer reads of the first two channels counts a hundredth of the rest.
            let small =
                edit
                    (ArrayKey.make ArrayPart.Weight "last")
                    (Array.mapi (fun i w ->
                        match i % width with
                        | 0 -> 0.01f
                        | 1 -> -0.01f
                        | _ -> w
                    ))
                    weights

            let swapped =
                edit
                    (ArrayKey.make ArrayPart.Weight "last")
                    (Array.mapi (fun i w -> if i % width < 2 then -w else w))
                    small

            let own = scores (network, small) pair.Images
            let other = scores (network, swapped) pair.Images
            let differ = Array.map2 (fun (a: float32) b -> abs (a - b)) own other |> Array.max

            // Where both channels are the same everywhere, so are the scores.
            if differ > 0.001f * (own |> Array.maxBy abs |> abs) then
                tried <- tried + 1

                Assert.Equal(
                    NotExact,
                    (check (network, small) (network, swapped) pair.Images).Verdict
                )

    Assert.True(tried >= 5, $"{tried} networks")

[<Fact>]
let ``a bias that all classes share does not hide a fault`` () =
    for pair in pairs.Value do
        let network, weights = pair.Full

        let shared =
            edit (ArrayKey.make ArrayPart.Bias "last") (Array.map (fun b -> b + 100.0f)) weights

        let own = scores pair.Full pair.Images

        let spread =
            own |> Array.chunkBySize 2 |> Array.averageBy (fun r -> abs (r[0] - r[1]))

        let shifted =
            edit
                (ArrayKey.make ArrayPart.Bias "last")
                (Array.mapi (fun i b -> if i = 1 then b + max 0.002f (0.01f * spread) else b))
                shared

        Assert.Equal(NotExact, (check (network, shared) (network, shifted) pair.Images).Verdict)
        Assert.Equal(Exact, (check (network, shared) (network, shared) pair.Images).Verdict)

[<Fact>]
let ``faults that published tools had are found at single precision too`` () =
    let runs (network, weights) images =
        try
            Some(scores (network, weights) images)
        with _ ->
            None

    for fault, sketch in FaultTests.examples do
        let network = Sketches.network sketch
        let struct (weights, rng) = VerifyNumbers.weights network (Rng.create 5)
        let images = Exactness.randomImages 5 32 network

        let found =
            (rng, [ 1..200 ])
            ||> List.mapFold (fun rng _ ->
                let struct (zeros, rng) = VerifyNumbers.zeros network rng
                let numbers = VerifyNumbers.withZeros zeros weights

                match Faults.select fault network numbers with
                | Error _ -> false, rng
                | Ok faulty ->
                    let full = network, VerifyNumbers.single numbers
                    let small = faulty.Network, VerifyNumbers.single faulty.Weights

                    match runs small images with
                    // It does not even run.
                    | None -> true, rng
                    | Some other ->
                        let own = scores full images

                        let scales =
                            List.head (
                                Engine.ok (Sensitivity.scales (Engine.get ()) full images own)
                            )

                        (Exactness.within scales network.Classes own other).Verdict = NotExact, rng
            )
            |> fst

        Assert.True(List.contains true found, $"{fault} was not found")

[<Fact>]
let ``scores that overflow are no fault of selection`` () =
    let pair = pairs.Value.Head
    let network, weights = pair.Full

    let large =
        edit (ArrayKey.make ArrayPart.Weight "last") (Array.map (fun _ -> 3e38f)) weights

    let images = pair.Images |> Array.map (fun x -> 1e3f * x)

    match Exactness.check (Engine.get ()) (network, large) (network, large) images with
    | Error(ScoresNotFinite _ as error) ->
        Assert.EndsWith(
            " of 160 inputs: its weights are so large that single precision overflows. Diverged training gives \
             such weights; train again with a smaller `lr`, or start from other weights.",
            ModelError.message error
        )
    | other -> Assert.Fail $"%A{other}"
