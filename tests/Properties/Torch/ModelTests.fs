/// The model against finite differences, and the flat vectors.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.ModelTests

open System
open Xunit
open Sss.Core
open Sss.Torch
open TorchSharp

let private doubles (values: float[]) (shape: int64 list) =
    torch.tensor(values).reshape(Array.ofList shape)

let private images seed count (shape: Shape) =
    let size = count * int (Shape.count shape)
    let struct (values, _) = Rng.many Rng.normal size (Rng.create seed)

    doubles values [ int64 count; int64 shape.Channels; int64 shape.Height; int64 shape.Width ]

/// A smooth function of the scores, so that its gradient is easy to differ numerically.
let private loss (model: Model) mode (x: Tensor) (target: Tensor) =
    functional.cross_entropy (model.Run(mode, x), target)

let private check mode seed =
    use _ = Engine.scope ()
    let network = Nets.everything

    use model =
        Engine.ok (Model.createDouble (Engine.get ()) network (Nets.randomWeights seed network))

    let x = images (seed + 1) 5 network.Input
    let target = torch.tensor [| 0L; 1L; 2L; 1L; 0L |]
    (loss model mode x target).backward()

    for vector in [ model.Weights; model.Factors ] do
        let gradient = (Memory.span<float> vector.Gradient).ToArray()

        let put (i: int) value =
            let values = Memory.span<float> vector.Values
            let old = values[i]
            values[i] <- value
            old

        let at i value =
            put i value |> ignore
            use _ = torch.NewDisposeScope()
            use _ = torch.no_grad ()
            (loss model mode x target).item<float>()

        for slot in vector.Slots do
            // A few entries of every array.
            for k in 0L .. max 1L (slot.Count / 5L) .. slot.Count - 1L do
                let i = int (slot.Offset + k)
                let here = put i 0.0
                let h = 1e-6
                let slope = (at i (here + h) - at i (here - h)) / (2.0 * h)
                put i here |> ignore
                let error = abs (slope - gradient[i]) / (1e-3 + abs slope)
                Assert.True(error < 1e-3, $"{slot.Key}[{k}]: {gradient[i]}, numerically {slope}")

[<Fact>]
let ``gradients agree with finite differences in training mode`` () = check Training 1

[<Fact>]
let ``gradients agree with finite differences in evaluation mode`` () = check Evaluation 2

[<Fact>]
let ``backward adds into the flat gradient in place`` () =
    use _ = Engine.scope ()
    let network = Nets.everything

    use model =
        Engine.ok (Model.createDouble (Engine.get ()) network (Nets.randomWeights 3 network))

    let x = images 4 5 network.Input
    let target = torch.tensor [| 0L; 1L; 2L; 1L; 0L |]

    let backward () =
        (loss model Evaluation x target).backward()
        (Memory.span<float> model.Weights.Gradient).ToArray()

    let address (slot: Slot) =
        match model.Weights.Leaf(slot.Key).grad with
        | null -> 0n
        | gradient ->
            let struct (start, _) = Memory.range gradient
            start

    let before = model.Layout.Weights |> List.map address
    let once = backward ()
    let twice = backward ()
    Assert.Contains(once, fun g -> g <> 0.0)
    Assert.Equal<nativeint list>(before, model.Layout.Weights |> List.map address)
    Assert.Equal<float[]>(once |> Array.map (fun g -> g + g), twice)

    for slot in model.Layout.Weights do
        Assert.Equal(0n, address slot % 64n)

[<Fact>]
let ``decayed and other weights lie apart, in the order of the text`` () =
    let layout = Layout.ofNetwork Nets.everything
    let parameters = Parameters.ofNetwork Nets.everything

    for slot, p in List.zip layout.Weights parameters do
        Assert.Equal(p.Key, slot.Key)
        Assert.Equal(p.Decays, slot.Offset + slot.Count <= layout.Decayed)

[<Fact>]
let ``claims that overlap are found, neighbours are not`` () =
    let claim who a b = { Who = who; From = a; To = b }
    let a, b = claim "a" 0n 64n, claim "b" 64n 128n
    Assert.Equal(None, ParameterGroups.overlap [ b; a ])
    Assert.Equal(Some("a", "c"), ParameterGroups.overlap [ b; claim "c" 63n 64n; a ])
    Assert.Equal(Some("a", "b"), ParameterGroups.overlap [ a; { b with From = 0n } ])

[<Fact>]
let ``a model gives back its numbers bit for bit`` () =
    let network = Nets.everything
    let weights = Init.weights 7 network
    use model = Engine.ok (Model.create (Engine.get ()) network weights)
    Assert.Equal<Weights<float32>>(weights, Model.weights model)

[<Fact>]
let ``missing and misshapen arrays are named`` () =
    let network = Nets.everything
    let weights = Init.weights 7 network

    let make weights =
        match Model.create (Engine.get ()) network weights with
        | Ok model ->
            (model :> IDisposable).Dispose()
            None
        | Error e -> Some e

    let wrong = {
        Shape = [ 3 ]
        Data = [| 0f; 0f; 0f |]
    }

    Assert.Equal(
        Some(MissingArray(ArrayKey.make ArrayPart.Mean "bn1")),
        make (Map.remove (ArrayKey.make ArrayPart.Mean "bn1") weights)
    )

    Assert.Equal(
        Some(WrongArrayShape(ArrayKey.make ArrayPart.Factor "bn1", [ 4 ], [ 3 ])),
        make (Map.add (ArrayKey.make ArrayPart.Factor "bn1") wrong weights)
    )

[<Fact>]
let ``start values have He's variance and depend on the seed alone`` () =
    let network =
        Nets.network (Shape.create 16 8 8) [
            Nets.plain "conv" (Nets.conv 64 3 1 true)
            Nets.plain "dense" (Nets.dense 10)
        ]

    let weights = Init.weights 5 network
    Assert.Equal<Weights<float32>>(weights, Init.weights 5 network)
    Assert.NotEqual<Weights<float32>>(weights, Init.weights 6 network)

    for key, fanIn in
        [
            ArrayKey.make ArrayPart.Weight "conv", 144.0
            ArrayKey.make ArrayPart.Weight "dense", 4096.0
        ] do
        let data = weights[key].Data
        let variance = data |> Array.averageBy (fun v -> float v * float v)
        Assert.InRange(variance * fanIn / 2.0, 0.95, 1.05)

    Assert.All(weights[ArrayKey.make ArrayPart.Bias "conv"].Data, fun v -> Assert.Equal(0f, v))
