/// Losses against their formulas, and AdamW on tensors against its plain form and PyTorch's.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.LossTests

open System
open System.Globalization
open System.IO
open System.Text.Json.Nodes
open Xunit
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Files.Python
open TorchSharp

let private draws seed count =
    let struct (values, _) = Rng.many Rng.normal count (Rng.create seed)
    values

let private network kind classes height width : Network = {
    Name = "N"
    Input = Shape.create classes height width
    Classes = classes
    OutputKind = kind
    Body = []
}

/// −log of the softmax of each class.
let private negativeLog (scores: float[]) =
    let top = Array.max scores
    let sum = top + log (scores |> Array.sumBy (fun s -> exp (s - top)))
    scores |> Array.map (fun s -> sum - s)

/// The loss of the scores of one position, by its formula. `target`: its class.
let private ofClass (loss: Loss) (scores: float[]) (target: int) =
    let costs = negativeLog scores
    let right = costs[target]

    match loss with
    | Loss.CrossEntropy smoothing -> (1.0 - smoothing) * right + smoothing * Array.average costs
    | Loss.Focal gamma -> (1.0 - exp -right) ** gamma * right
    | Loss.Bce
    | Loss.Mse
    | Loss.Huber _ -> invalidOp "it has no class"

/// The loss of one value, by its formula.
let private ofNumber (loss: Loss) (score: float) (target: float) =
    let off = abs (score - target)

    match loss with
    | Loss.Bce ->
        let p = 1.0 / (1.0 + exp -score)
        -(target * log p + (1.0 - target) * log (1.0 - p))
    | Loss.Mse -> off * off
    | Loss.Huber delta ->
        if off <= delta then
            off * off / 2.0
        else
            delta * (off - delta / 2.0)
    | Loss.CrossEntropy _
    | Loss.Focal _ -> invalidOp "it has a class"

let private double (shape: int64 list) (values: float[]) =
    torch.tensor(values, dtype = Nullable ScalarType.Float64).reshape(Array.ofList shape)

let private classLosses = [
    Loss.CrossEntropy 0.0
    Loss.CrossEntropy 0.1
    Loss.Focal 0.0
    Loss.Focal 2.0
    Loss.Focal 0.5
]

/// The objective of a loss alone.
let private objectiveOf (network: Network) (loss: Loss) =
    Objective.ofRecipe TargetColumns.single network { Recipe.defaults with Loss = loss }

[<Property(MaxTest = 20)>]
let ``losses of classes are their formulas, at one position and at many`` (seed: int) =
    use _ = Engine.scope ()
    let images, classes = 3, 4

    for height, width in [ 1, 1; 2, 3 ] do
        let area = height * width
        let scores = draws seed (images * classes * area)

        let targets =
            draws (seed + 1) (images * area)
            |> Array.map (fun x -> int (abs x * 1000.0) % classes)

        let given = double [ int64 images; int64 (classes * area) ] scores
        let all = torch.tensor (Array.map int64 targets)

        let target =
            if area = 1 then
                all
            else
                all.reshape (int64 images, int64 area)

        for loss in classLosses do
            let objective = objectiveOf (network OutputKind.Classes classes height width) loss

            let at image position =
                Array.init classes (fun c -> scores[(image * classes + c) * area + position])

            let each work = [
                for image in 0 .. images - 1 do
                    for position in 0 .. area - 1 do
                        yield work (at image position) targets[image * area + position]
            ]

            let expected = each (ofClass loss) |> List.average
            Assert.Equal(expected, (objective.Loss given target).item<float>(), 1e-9)

            let right =
                each (fun scores target -> scores[target] = Array.max scores)
                |> List.filter id
                |> List.length

            Assert.Equal(int64 right, (objective.Right given target).item<int64>())
            Assert.Equal(int64 area, objective.Answers)

[<Property(MaxTest = 20)>]
let ``the loss of mixed images is the mean of those with either class`` (seed: int) =
    use _ = Engine.scope ()
    let images, classes = 5, 4
    let scores = draws seed (images * classes)
    let random = Random seed

    let pairs = [
        for _ in 1..images -> random.Next classes, random.Next classes, random.NextSingle()
    ]

    let targets =
        torch
            .tensor(
                [|
                    for a, b, part in pairs do
                        yield! [| float32 a; float32 b; part |]
                |]
            )
            .reshape(int64 images, 3L)

    let given = double [ int64 images; int64 classes ] scores

    for loss in classLosses do
        let objective = objectiveOf (network OutputKind.Classes classes 1 1) loss

        let each work =
            pairs
            |> List.mapi (fun i pair -> work (Array.sub scores (i * classes) classes) pair)

        let expected =
            each (fun scores (a, b, part) ->
                float part * ofClass loss scores a + (1.0 - float part) * ofClass loss scores b
            )
            |> List.average

        Assert.Equal(expected, (objective.Loss given targets).item<float>(), 1e-6)

        let right =
            each (fun scores (a, b, part) ->
                scores[if part < 0.5f then b else a] = Array.max scores
            )
            |> List.filter id
            |> List.length

        Assert.Equal(int64 right, (objective.Right given targets).item<int64>())

[<Property(MaxTest = 20)>]
let ``losses of numbers are their formulas`` (seed: int) =
    use _ = Engine.scope ()
    let images, values = 3, 4
    let scores = draws seed (images * values) |> Array.map ((*) 2.0)
    let numbers = draws (seed + 1) (images * values)
    let units = numbers |> Array.map (fun x -> abs x - floor (abs x))
    let shape = [ int64 images; int64 values ]

    for loss, targets in
        [
            Loss.Bce, units
            Loss.Mse, numbers
            Loss.Huber 1.0, numbers
            Loss.Huber 0.25, numbers
        ] do
        let objective = objectiveOf (network (Loss.trains loss) values 1 1) loss
        let found = objective.Loss (double shape scores) (double shape targets)
        let expected = Array.map2 (ofNumber loss) scores targets |> Array.average
        Assert.Equal(expected, found.item<float>(), 1e-9)

        let right =
            Array.zip scores targets
            |> Array.filter (fun (s, t) -> (s > 0.0) = (t > 0.5))
            |> Array.length

        let rights =
            (objective.Right (double shape scores) (double shape targets)).item<int64>()

        match loss with
        | Loss.Bce -> Assert.Equal((int64 right, int64 values), (rights, objective.Answers))
        | _ -> Assert.Equal((0L, 0L), (rights, objective.Answers))

[<Fact>]
let ``cross-entropy without smoothing is LibTorch's own, bit for bit`` () =
    use _ = Engine.scope ()
    let scores = torch.randn (16L, 10L)
    let labels = torch.randint (10L, [| 16L |], dtype = torch.int64)
    let objective = objectiveOf (network OutputKind.Classes 10 1 1) Loss.standard

    Assert.Equal(
        torch.nn.functional.cross_entropy(scores, labels).item<float32>(),
        (objective.Loss scores labels).item<float32>()
    )

/// Weights of 48 values, of which the first 32 decay.
let private vector () =
    let slot name offset count = {
        Key = ArrayKey.make ArrayPart.Weight name
        Shape = [ count ]
        Offset = int64 offset
        Count = int64 count
    }

    new FlatVector([ slot "a" 0 20; slot "b" 32 5 ], 48L, ScalarType.Float64, torch.CPU)

let private adamW = {
    Beta1 = 0.9
    Beta2 = 0.99
    Eps = 1e-6
    Decay = 0.05
}

let private rateOf t = 0.1 / float t

/// Weights after steps with gradients, on tensors.
let private stepped (start: float[]) (gradients: float[] list) =
    use vector = vector ()
    use optimizer = new AdamWStep(vector, 32L, adamW, 0L)
    start.AsSpan().CopyTo(Memory.span<float> vector.Values)

    for t, gradient in List.indexed gradients do
        gradient.AsSpan().CopyTo(Memory.span<float> vector.Gradient)
        optimizer.Step(rateOf (t + 1))
        Assert.All((Memory.span<float> vector.Gradient).ToArray(), fun g -> Assert.Equal(0.0, g))

    (Memory.span<float> vector.Values).ToArray()

[<Property(MaxTest = 20)>]
let ``AdamW on tensors is its plain form`` (seed: int) =
    use _ = Engine.scope ()
    let start = draws seed 48
    let gradients = [ for t in 1..5 -> draws (seed + t) 48 ]

    let expected, _ =
        ((start, AdamW.start 48), List.indexed gradients)
        ||> List.fold (fun (weights, state) (t, gradient) ->
            AdamW.step adamW (rateOf (t + 1)) (fun i -> i < 32) gradient weights state
        )

    Array.iter2 (fun (a: float) b -> Assert.Equal(a, b, 1e-12)) expected (stepped start gradients)

[<PythonFact("torch")>]
let ``AdamW is PyTorch's over 100 steps`` () =
    use _ = Engine.scope ()

    Folders.within (fun folder ->
        let start = draws 1 48
        let gradients = [ for t in 1..100 -> draws (1 + t) 48 ]

        let array (values: float seq) : JsonNode =
            JsonArray(values |> Seq.map (fun v -> JsonValue.Create v :> JsonNode) |> Array.ofSeq)

        let facts = JsonObject()
        facts.Add("weights", array start)
        facts.Add("decayed", JsonValue.Create 32)
        facts.Add("gradients", JsonArray(gradients |> List.map array |> Array.ofList))
        facts.Add("rates", array [ for t in 1..100 -> rateOf t ])
        facts.Add("beta1", JsonValue.Create adamW.Beta1)
        facts.Add("beta2", JsonValue.Create adamW.Beta2)
        facts.Add("eps", JsonValue.Create adamW.Eps)
        facts.Add("decay", JsonValue.Create adamW.Decay)
        let path = Path.Combine(folder, "facts.json")
        File.WriteAllText(path, facts.ToJsonString())
        let code, output = script "adamw.py" [ path ]
        Assert.True((code = 0), output)

        let expected =
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            |> Array.map (fun line -> Double.Parse(line, CultureInfo.InvariantCulture))

        Array.iter2
            (fun (a: float) b -> Assert.Equal(a, b, 1e-10))
            expected
            (stepped start gradients)
    )
