/// Cuts in the middle of training: the loss of a batch continues where it was, and the way back leads
/// to the same function.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.CutTests

open System
open Xunit
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Torch
open Sss.Tests.Select
open Sss.Tests.Select.Cases
open Sss.Tests.Select.LawTests
open TorchSharp

/// Dropout draws other numbers for arrays of another size, so that here nothing is dropped.
let private withoutDropout (network: Network) : Network =
    let still (layer: Layer) =
        match layer.Op with
        | Op.Dropout _ -> { layer with Op = Op.Dropout 0.0 }
        | _ -> layer

    Network.map still id network

/// Scores of a batch in training mode, at double precision.
let private trainingScores (network: Network) weights (images: float[] list) =
    use _ = Engine.scope ()
    use model = Engine.ok (Model.createDouble (Engine.get ()) network weights)
    let s = network.Input

    let x =
        torch
            .tensor(Array.concat images)
            .reshape([| -1L; int64 s.Channels; int64 s.Height; int64 s.Width |])

    use _ = torch.no_grad ()
    (Memory.span<float>(model.Run(Training, x).contiguous())).ToArray()

let private zeroIn (weights: Weights<float>) owner index =
    weights[ArrayKey.make ArrayPart.Factor owner].Data[index] = 0.0

/// Two cases of three take every dead channel out, the others leave channels in twos or threes.
let private rounding (case: Case) =
    match abs case.Seed % 6 with
    | 4 -> 2
    | 5 -> 3
    | _ -> 1

/// Every number moved a little, as training would. `back`: what factors are left at 0 come back, else
/// they stay.
let private moved seed back (weights: Weights<float>) : Weights<float> =
    weights
    |> Map.map (fun key t ->
        let struct (noise, _) =
            Rng.many
                Rng.normal
                t.Data.Length
                (Rng.fork (Seq.sumBy int (ArrayKey.text key)) (Rng.create seed))

        {
            t with
                Data =
                    Array.map2
                        (fun x z ->
                            if x = 0.0 && ArrayKey.isPart ArrayPart.Factor key then
                                (if back then 0.5 else 0.0)
                            elif ArrayKey.isPart ArrayPart.Variance key then
                                x * (1.0 + 0.1 * tanh z)
                            else
                                x + 0.05 * z
                        )
                        t.Data
                        noise
        }
    )

let private images (t: Trial) =
    // Batch statistics of a map of one value need more images than two to be told apart.
    let struct (third, rng) = VerifyNumbers.image t.Network (Rng.create 77)
    let struct (fourth, _) = VerifyNumbers.image t.Network rng
    t.Images @ [ third; fourth ]

/// How many of the cases had something to cut.
let private keepsScores cases count =
    let mutable cuts = 0

    holdsFor
        cases
        count
        31UL
        (fun case ->
            let t = trial case
            let network = withoutDropout t.Network

            match Cutting.cut (rounding case) (zeroIn t.Weights) network t.Weights with
            | Error(SelectionError.LayerDied _) -> true |> Prop.label "a layer died"
            | Error e -> false |> Prop.label (SelectionError.message e)
            | Ok cut ->
                if not cut.Plan.Goes.IsEmpty then
                    cuts <- cuts + 1

                let before = trainingScores network t.Weights (images t)
                let after = trainingScores cut.Network cut.Weights (images t)
                let apart = Verify.difference before after

                apart < 1e-8 |> Prop.label $"{apart}"
        )

    cuts

[<Fact>]
let ``the scores of a batch in training are the same before and after a cut`` () =
    let cuts = keepsScores cases 600
    Assert.True(cuts > 180, $"only {cuts} cases had something to cut")

[<Fact>]
let ``the scores of a batch are the same after a cut of shared factors`` () =
    let cuts = keepsScores sharedCases 300
    Assert.True(cuts > 90, $"only {cuts} cases had something to cut")

let private canBePutBack cases count =
    holdsFor
        cases
        count
        32UL
        (fun case ->
            let t = trial case
            let network = withoutDropout t.Network

            // Two cuts: first half of the zeros, then all of them, with training in between. In every other
            // case the zeros that are left then come back.
            let early (owner: string) index =
                zeroIn t.Weights owner index && (owner.Length + index) % 2 = 0

            let rec go
                (whole: UncutNetwork<float>)
                (current: Network)
                (weights: Weights<float>)
                (steps: (string -> int -> bool) list)
                =
                match steps with
                | [] -> Some(whole, current, weights)
                | isZero :: rest ->
                    match Cutting.cut (rounding case) isZero current weights with
                    | Error _ -> None
                    | Ok cut ->
                        let whole = UncutNetwork.after weights cut whole
                        let back = rest.IsEmpty && case.Seed % 2 = 0
                        let weights = moved case.Seed back cut.Weights

                        let now owner index =
                            weights[ArrayKey.make ArrayPart.Factor owner].Data[index] = 0.0

                        go whole cut.Network weights (rest |> List.map (fun _ -> now))

            match go (UncutNetwork.start network t.Weights) network t.Weights [ early; early ] with
            | None -> true |> Prop.label "a layer died"
            | Some(whole, small, weights) ->
                let restored = UncutNetwork.restore whole weights
                Assert.Equal(None, Selection.misfit whole.Network restored)

                let apart =
                    t.Images
                    |> List.map (fun image ->
                        Verify.difference
                            (Interpreter.run small weights image)
                            (Interpreter.run whole.Network restored image)
                    )
                    |> List.max

                apart < 1e-9 |> Prop.label $"{apart}"
        )

[<Fact>]
let ``what was cut can be put back, and is the same function in evaluation`` () =
    canBePutBack cases 600

[<Fact>]
let ``what was cut of shared factors can be put back`` () = canBePutBack sharedCases 400

let private followsAlong cases count =
    let mutable cuts = 0

    holdsFor
        cases
        count
        33UL
        (fun case ->
            let t = trial case
            let network = withoutDropout t.Network

            match Cutting.cut (rounding case) (zeroIn t.Weights) network t.Weights with
            | Error _ -> true |> Prop.label "a layer died"
            | Ok cut ->
                if not cut.Plan.Goes.IsEmpty then
                    cuts <- cuts + 1

                let isFactor = ArrayKey.isPart ArrayPart.Factor
                let own = UncutNetwork.along network cut t.Weights

                for KeyValue(key, array) in cut.Weights do
                    if not (isFactor key) then
                        Assert.Equal<int list>(array.Shape, own[key].Shape)
                        Assert.True(Verify.difference array.Data own[key].Data < 1e-9, string key)

                // Other weights with the same factors: the cut network with them is the whole one that they are put back into.
                let other =
                    moved case.Seed false t.Weights
                    |> Map.map (fun key array -> if isFactor key then t.Weights[key] else array)
                    |> UncutNetwork.along network cut
                    |> Map.map (fun key array -> if isFactor key then cut.Weights[key] else array)

                let whole = UncutNetwork.after t.Weights cut (UncutNetwork.start network t.Weights)

                let restored = UncutNetwork.restore whole other

                let apart =
                    t.Images
                    |> List.map (fun image ->
                        Verify.difference
                            (Interpreter.run cut.Network other image)
                            (Interpreter.run whole.Network restored image)
                    )
                    |> List.max

                apart < 1e-9 |> Prop.label $"{apart}"
        )

    cuts

[<Fact>]
let ``other numbers of the same network go along with a cut`` () =
    let cuts = followsAlong cases 300 + followsAlong sharedCases 150
    Assert.True(cuts > 130, $"only {cuts} cases had something to cut")

/// Of a grouped convolution one group is left, and so its factor is multiplied into its weights. A
/// constant of a channel that goes arrives at the frozen weights of that channel.
[<Fact>]
let ``a cut that merges a factor leaves the constants of what it removed as they were`` () =
    let plain = Drafts.plain

    let sketch: Drafts.Sketch = {
        Input = Shape.create 2 3 3
        Body = [
            Drafts.Conv(4, plain, 1, false, true)
            Drafts.Act Sigmoid
            Drafts.Conv(4, plain, 2, true, true)
            Drafts.Act Tanh
        ]
        Classes = 3
        Pooled = false
        Shared = 0
    }

    let network = Sketches.network sketch
    let struct (weights, rng) = VerifyNumbers.weights network (Rng.create 11)
    let struct (image, _) = VerifyNumbers.image network rng

    let zeros =
        Set.ofList [
            {
                Owner = "conv1"
                Kind = Neuron
                Index = 1
            }
            {
                Owner = "conv2"
                Kind = Group
                Index = 1
            }
        ]

    let weights = VerifyNumbers.withZeros zeros weights

    match Cutting.cut 1 (zeroIn weights) network weights with
    | Error error -> Assert.Fail(SelectionError.message error)
    | Ok cut ->
        Assert.Equal<(string * int) list>([ "conv2", 0 ], cut.Merged)
        let whole = UncutNetwork.after weights cut (UncutNetwork.start network weights)
        let restored = UncutNetwork.restore whole cut.Weights

        let apart =
            Verify.difference
                (Interpreter.run whole.Network restored image)
                (Interpreter.run network weights image)

        Assert.True(apart < 1e-12, $"{apart}")
