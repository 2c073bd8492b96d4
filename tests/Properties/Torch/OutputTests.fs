/// Further outputs of a network: losses, targets, metrics, files.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.OutputTests

open System
open System.IO
open Xunit
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Torch.Functional
open Sss.Tests.Files
open Sss.Tests.Torch.Tasks
open TorchSharp

let private recipeOf = recipe Loss.standard Sss.Core.Optimizer.Nag

let private ofLoss (loss: Loss) (shape: Shape) (scores: torch.Tensor) (targets: torch.Tensor) =
    let alone = {
        heads.Value.Network with
            Classes = shape.Channels
            OutputKind = Loss.trains loss
            Body = [
                Node.Layer {
                    Name = "dense1"
                    Op = Op.Dense { Out = shape.Channels; Bias = true }
                    Scale = None
                    Input = heads.Value.Network.Input
                    Output = shape
                }
            ]
    }

    (Objective.ofRecipe TargetColumns.single alone { Recipe.defaults with Loss = loss }).Loss
        scores
        targets

/// Random values of a batch for the network of `heads`, and its targets: columns of one tensor.
let private batch seed =
    let random = Random seed
    let images = 7

    let values =
        torch.tensor (Array.init (images * 23) (fun _ -> random.NextSingle() * 4.0f - 2.0f))

    let targets =
        torch.tensor (
            [|
                for _ in 1..images do
                    float32 (random.Next 10)
                    float32 (random.Next 2)
                    random.NextSingle()
            |]
        )

    values.reshape (int64 images, 23L), targets.reshape (int64 images, 3L)

[<Property(MaxTest = 20)>]
let ``a step's loss is that of the scores plus that of each output times its weight`` (seed: int) =
    use _ = Engine.scope ()
    let network = heads.Value.Network
    Assert.Equal(23, Network.values network)
    let values, targets = batch seed
    let columns = TargetColumns.ofTargets heads.Value.Dataset.Train.Targets
    let objective = Objective.ofRecipe columns network recipeOf
    let part (first: int64) (count: int64) = values.narrow (1L, first, count)

    let labels column =
        targets.select(1L, column).``to`` torch.ScalarType.Int64

    let expected =
        (ofLoss Loss.standard (Shape.vector 10) (part 0L 10L) (labels 0L)).item<float32>()
        // Its weight is 1, its loss that of the scores, its targets theirs.
        + (ofLoss Loss.standard (Shape.vector 10) (part 10L 10L) (labels 0L)).item<float32>()
        + 0.5f
          * (ofLoss Loss.Mse (Shape.vector 1) (part 20L 1L) (targets.narrow (1L, 2L, 1L)))
              .item<float32>()
        + 0.3f
          * (ofLoss (Loss.CrossEntropy 0.1) (Shape.vector 2) (part 21L 2L) (labels 1L))
              .item<float32>()

    Assert.Equal(expected, (Objective.total objective values targets).item<float32>(), 1e-5f)

    let right = (part 0L 10L).argmax(1L).eq(labels 0L).sum().item<int64>()
    Assert.Equal(right, (objective.Right values targets).item<int64>())

[<Fact>]
let ``a loop by hand has the losses of all outputs, and the bits of training`` () =
    let task = heads.Value

    let recipe = {
        recipeOf with
            Epochs = 2
            ShrinkEvery = None
    }

    let product = Engine.ok (train task.Network task.Dataset recipe)

    let ok result =
        match result with
        | Ok value -> value
        | Error error -> failwith (FunctionError.message error)

    use f = ok (NetworkFunction.compile (Engine.get ()) task.Network)
    let factors = ok (Optimizer.apg f recipe)

    let optimizer =
        Optimizer.both (Optimizer.nag f recipe.Momentum recipe.Decay) factors

    let loss = NetworkFunction.lossOfRecipe f recipe task.Dataset
    let batches = Batches.ofRecipe (Engine.get ()) task.Dataset recipe

    let numbers, (_, state) =
        ok (Batches.fold f optimizer loss (NetworkFunction.start f recipe.Seed) batches)

    let weights = ok (NetworkFunction.toWeights f (Optimizer.iterate state) numbers)

    for KeyValue(key, t) in product.Numbers do
        Assert.True((t.Data = weights[key].Data), ArrayKey.text key)

let private withOwn name targets (dataset: Dataset) =
    Dataset.withOutput name targets (Targets.pick [| 0..9 |] targets) dataset

[<Fact>]
let ``targets that do not fit an output are refused before training`` () =
    let task = heads.Value
    let labels = labels.Value.Dataset
    let plain = { recipeOf with Augment = Augment.none }
    let count = task.Dataset.Train.Count

    Assert.Equal(
        "data set digits does not fit: `output ink mse` needs 1 number for each image; the data has one class for each image\n  store them as `y_train_ink` and `y_test_ink`, or give the output another loss",
        said task.Network labels plain
    )

    Assert.Equal(
        "data set digits does not fit: the network has no output `inc`; the data has one class for each image, and for `even` one class for each image, and for `inc` one class for each image, and for `ink` 1 number for each image\n  write `output inc { … }` in the network, or leave the arrays of `inc` out",
        said
            task.Network
            (withOwn "inc" (Targets.Labels(Array.zeroCreate count)) task.Dataset)
            plain
    )

    Assert.Equal(
        "data set digits does not fit: its output `ink` gives 1x1x1; the data has one class for each image, and for `even` one class for each image, and for `ink` 2 numbers for each image\n  targets for it are 1 number for each image",
        said
            task.Network
            (withOwn
                "ink"
                (Targets.Numbers(Shape.create 2 1 1, Array.zeroCreate (2 * count)))
                task.Dataset)
            plain
    )

    Assert.Equal(
        "Output `even`: Training image 0 has the label 2; labels are 0 to 1.",
        said task.Network (withOwn "even" (Targets.Labels(Array.create count 2)) task.Dataset) plain
    )

    Assert.Equal(
        "`mixup alpha` is 0.2; it must be 0 where each image has targets of several outputs.",
        said task.Network task.Dataset {
            plain with
                Recipe.Augment.Mixup = 0.2
        }
    )

[<Fact>]
let ``each output has metrics of its own`` () =
    let task = heads.Value

    let recipe = {
        recipe Loss.standard Sss.Core.Optimizer.adamW with
            Epochs = 25
            Lr = 0.01
            Gamma = Gamma.none
            ShrinkEvery = None
            Augment = Augment.none
    }

    let result = Engine.ok (train task.Network task.Dataset recipe)

    use model = Engine.ok (Model.create (Engine.get ()) result.Network result.Numbers)
    let found = Engine.ok (Evaluate.run model task.Dataset task.Dataset.Test)
    Assert.Equal<string list>([ "early"; "ink"; "even" ], found.Outputs |> List.map _.Name)

    match found.Outputs |> List.map _.Quality with
    | [ Quality.Classification early; Quality.Regression(r2, _); Quality.Classification even ] ->
        Assert.True(
            found.Accuracy > 0.8 && early > 0.3 && r2 > 0.3 && even > 0.7,
            $"{found.Accuracy} {early} {r2} {even}"
        )
    | other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``an archive's targets of outputs are read, and written pictures of a file run as LibTorch has them``
    ()
    =
    let task = heads.Value
    let weights = Init.weights 3 task.Network
    use model = Engine.ok (Model.create (Engine.get ()) task.Network weights)
    let images = Exactness.randomImages 5 4 task.Network
    let own = Evaluate.values model (ReadOnlyMemory images)

    let options: OnnxOptions = {
        Text = ""
        Classes = []
        Preparation = None
        Probabilities = Probabilities.Softmax
        Raw = true
    }

    let file = Folders.ok (Onnx.export options task.Network weights)
    use session = Folders.ok (OnnxRun.ofBytes 1 "heads.onnx" file)
    let found = Folders.ok (OnnxRun.values session task.Network 4 images)
    Assert.Equal(Exact, (Exactness.ofScores (Network.values task.Network) own found).Verdict)

    let names =
        Folders.ok (OnnxRun.all session task.Network.Input 4 images) |> List.map fst

    Assert.Equal<string list>([ "images"; "scores"; "early"; "ink"; "even" ], names)

    // Each by itself.
    Network.split task.Network own
    |> List.zip (List.tail names)
    |> List.iter (fun (name, values) ->
        let alone = Folders.ok (OnnxRun.named [ name ] session task.Network.Input 4 images)
        Assert.Equal(Exact, (Exactness.ofScores (values.Length / 4) values alone).Verdict)
    )

    Folders.within (fun folder ->
        let path = Path.Combine(folder, "heads.onnx")
        File.WriteAllBytes(path, file)

        let import: ImportOptions = {
            Name = Some "Heads"
            Input = None
            Scales = Set.empty
            Classes = None
        }

        match ModelImport.run (Engine.get ()) import path with
        | Error error -> Assert.Fail(PipelineError.message error)
        | Ok read ->
            Assert.Equal<(string * Shape) list>(
                Network.outputs task.Network,
                Network.outputs read.Network
            )

            Assert.Empty read.LeftOut
    )
