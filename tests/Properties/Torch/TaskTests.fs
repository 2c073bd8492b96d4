/// Every task with every loss: training, selection, checkpoints, messages.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.TaskTests

open System
open System.IO
open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Torch.Tasks

let private run (task: Task) recipe from emit stop =
    Train.run (Small.settings from) task.Network task.Dataset recipe emit stop

let private trained task recipe from =
    Engine.ok (run task recipe from ignore CancellationToken.None)

/// The state after some steps, through a file.
let private stoppedAt (task: Task) recipe (steps: int64) : TrainState =
    use stop = new CancellationTokenSource()
    let mutable seen = 0L

    let count event =
        match event with
        | Stepped _ ->
            seen <- seen + 1L

            if seen = steps then
                stop.Cancel()
        | _ -> ()

    match run task recipe None count stop.Token with
    | Error(Stopped state) ->
        Folders.within (fun folder ->
            let path = Path.Combine(folder, "step-000000001.safetensors")

            let identity =
                Checkpoint.identity task.Network recipe task.Dataset FactorMethod.Apg None

            Engine.ok (CheckpointFile.write path identity state)
            let there, read = Engine.ok (CheckpointFile.read path)
            Assert.Empty(Checkpoint.differences there identity)
            read
        )
    | other -> invalidOp $"%A{other}"

let private evaluated (task: Task) network numbers =
    use model = Engine.ok (Model.create (Engine.get ()) network numbers)
    Engine.ok (Evaluate.run model task.Dataset task.Dataset.Test)

/// Whether the selected network is the one that was trained.
let private checkSelection (task: Task) (result: Trained) =
    let selected =
        match Selection.select Selection.defaults result.Network result.Numbers with
        | Ok selected -> selected
        | Error error -> failwith (SelectionError.message error)

    Assert.NotEmpty selected.Plan.Goes
    Assert.Equal(task.Network.OutputKind, selected.Network.OutputKind)
    let images = Exactness.randomImages 1 20 result.Network

    let exactness =
        Exactness.check
            (Engine.get ())
            (result.Network, result.Numbers)
            (selected.Network, selected.Weights)
            images
        |> Engine.ok

    Assert.Equal(Exact, exactness.Verdict)
    let whole = evaluated task result.Network result.Numbers
    let small = evaluated task selected.Network selected.Weights
    Assert.Equal(Quality.score whole.Quality, Quality.score small.Quality, 0.02)
    small.Quality

[<Fact>]
let ``every loss and optimizer: structures go and are cut, and going on from a file has the bits of one go``
    ()
    =
    for task in all do
        let task = task.Value

        for loss in task.Losses do
            let isFirst = loss = task.Losses.Head

            for optimizer in
                [
                    Optimizer.Nag
                    if isFirst then
                        Optimizer.adamW
                ] do
                let recipe = recipe loss optimizer
                let whole = trained task recipe None
                let what = $"{task.Name}, {Loss.word loss}, {Optimizer.word optimizer}"
                Assert.True(whole.State.Uncut.IsSome, $"nothing was cut: {what}")

                let rest = trained task recipe (Some(stoppedAt task recipe 33L))

                Assert.True(
                    (Small.timeless whole.State = Small.timeless rest.State),
                    $"the bits differ: {what}"
                )

                Assert.True(
                    whole.Epochs.Head.Loss > (List.last whole.Epochs).Loss,
                    $"the loss did not fall: {what}"
                )

                checkSelection task whole |> ignore

[<Fact>]
let ``small networks learn their tasks`` () =
    let quality (task: Task) loss =
        let recipe = {
            recipe loss Optimizer.adamW with
                Epochs = 20
                Lr = 0.01
                Gamma = Gamma.none
                ShrinkEvery = None
                Augment = Augment.none
        }

        let result = trained task recipe None
        let last = List.last result.Epochs
        last.Accuracy, (evaluated task result.Network result.Numbers).Quality

    match quality masks.Value Loss.standard with
    | accuracy, Quality.Segmentation(iou, pixels) ->
        Assert.True(iou > 0.9 && pixels > 0.95 && accuracy > 0.95, $"{iou} {pixels} {accuracy}")
    | other -> Assert.Fail $"%A{other}"

    match quality several.Value Loss.Bce with
    | accuracy, Quality.MultiLabel(precision, labels) ->
        Assert.True(precision > 0.85 && labels > 0.8 && accuracy > 0.8, $"{precision} {labels}")
    | other -> Assert.Fail $"%A{other}"

    match quality numbers.Value Loss.Mse with
    | accuracy, Quality.Regression(r2, rmse) ->
        Assert.True(r2 > 0.5 && rmse < 0.2 && Double.IsNaN accuracy, $"{r2} {rmse} {accuracy}")
    | other -> Assert.Fail $"%A{other}"

let private plain loss = {
    recipe loss Optimizer.Nag with
        Augment = Augment.none
}

let private withTrain targets (dataset: Dataset) = {
    dataset with
        Train = { dataset.Train with Targets = targets }
}

[<Fact>]
let ``targets that do not fit the network or the loss are refused before training`` () =
    let labels, masks, several, numbers =
        labels.Value, masks.Value, several.Value, numbers.Value

    Assert.Equal(
        "data set digits does not fit: `loss mse` needs 2 numbers for each image; the data has one class for each image\n  numbers are stored as float32 or float64, or as bool where they are yes and no",
        said numbers.Network labels.Dataset (plain Loss.Mse)
    )

    Assert.Equal(
        "data set digits does not fit: `loss crossentropy` needs one class for each image; the data has 3 numbers for each image\n  classes are stored as uint8, int32 or int64, one for each image",
        said labels.Network several.Dataset (plain Loss.standard)
    )

    Assert.Equal(
        "data set digits does not fit: the network gives 3x1x1; the data has 2 numbers for each image\n  targets for it are 3 numbers for each image",
        said several.Network numbers.Dataset (plain Loss.Bce)
    )

    Assert.Equal(
        "The network gives 2x8x8, one value per class at each position, and the data has one class for each image. \
         End the network with `avgpool global`, for example, or use data with a mask for each image.",
        said masks.Network labels.Dataset (plain Loss.standard)
    )

    Assert.Equal(
        "`loss` is mse; it must be crossentropy, focal or bce where a network has `classes`.",
        said several.Network several.Dataset (plain Loss.Mse)
    )

[<Fact>]
let ``targets out of range are refused before training`` () =
    let masks, several, numbers = masks.Value, several.Value, numbers.Value

    let first value targets =
        match targets with
        | Targets.Masks(h, w, classes) ->
            Targets.Masks(
                h,
                w,
                Array.mapi (fun i c -> if i = 70 then uint16 (value: float32) else c) classes
            )
        | Targets.Numbers(shape, values) ->
            Targets.Numbers(shape, Array.mapi (fun i v -> if i = 7 then value else v) values)
        | Targets.Labels _
        | Targets.Several _ -> targets

    let bad value (task: Task) =
        withTrain (first value task.Dataset.Train.Targets) task.Dataset

    Assert.Equal(
        "The mask of training image 1 has the class 2; classes are 0 to 1.",
        said masks.Network (bad 2.0f masks) (plain Loss.standard)
    )

    Assert.Equal(
        "Training image 2 has the target 1.5; `loss bce` takes numbers from 0 to 1.",
        said several.Network (bad 1.5f several) (plain Loss.Bce)
    )

    Assert.Equal(
        "Training image 3 has the target NaN; targets must be finite numbers.",
        said numbers.Network (bad nanf numbers) (plain Loss.Mse)
    )

    Assert.Equal(
        "smoothing of `loss crossentropy` is 1; it must be a number of at least 0 and below 1.",
        said labels.Value.Network labels.Value.Dataset (plain (Loss.CrossEntropy 1.0))
    )

    Assert.Equal(
        "beta2 of `optimizer adamw` is 1; it must be a number of at least 0 and below 1.",
        said labels.Value.Network labels.Value.Dataset {
            plain Loss.standard with
                Optimizer = Optimizer.AdamW(0.9, 1.0, 1e-8)
        }
    )

[<Fact>]
let ``changes of images that masks cannot follow are refused`` () =
    let masks = masks.Value

    Assert.Equal(
        "`augment area` is 0.5; it must be 0 where each image has a mask.",
        said masks.Network masks.Dataset {
            plain Loss.standard with
                Augment = { Augment.none with Area = 0.5 }
        }
    )

[<Fact>]
let ``images are mixed where their targets can be, and else refused`` () =
    let mixing = {
        Augment.none with
            Mixup = 0.4
            Cutmix = 1.0
    }

    for task in [ labels.Value; several.Value; numbers.Value ] do
        for loss in task.Losses do
            let recipe = {
                plain loss with
                    Augment = mixing
                    Epochs = 2
                    Batch = 64
            }

            Assert.NotEmpty((trained task recipe None).Numbers)

    let refused (task: Task) loss augment =
        said task.Network task.Dataset { plain loss with Augment = augment }

    Assert.Equal(
        "`mixup alpha` is 0.4; it must be 0 where each image has a mask.",
        refused masks.Value Loss.standard mixing
    )

    Assert.Equal(
        "`cutmix alpha` is 1; it must be 0 where each image has a mask.",
        refused masks.Value Loss.standard { Augment.none with Cutmix = 1.0 }
    )

    Assert.Equal(
        "`mixup alpha` is -1; it must be a number of 0 or more.",
        refused labels.Value Loss.standard { Augment.none with Mixup = -1.0 }
    )

    Assert.Equal(
        "`erase p` is 1.5; it must be 0 to 1.",
        refused labels.Value Loss.standard { Augment.none with Erase = 1.5 }
    )

    Assert.Equal(
        "`randaugment m` is 31; it must be 0 to 30.",
        refused labels.Value Loss.standard {
            Augment.none with
                Rand = Some { Count = 1; Magnitude = 31 }
        }
    )

    Assert.Equal(
        "`randaugment n` is 2; it must be 0 where each image has a mask.",
        refused masks.Value Loss.standard {
            Augment.none with
                Rand = Some RandAugmentation.standard
        }
    )

    let unknown = {
        labels.Value.Dataset with
            Range = PixelRange.Unknown(-2.0f, 3.0f)
    }

    Assert.Equal(
        "`randaugment` is given; it must be left out where black and white of the images are not known.",
        said labels.Value.Network unknown {
            plain Loss.standard with
                Augment = {
                    Augment.none with
                        Rand = Some RandAugmentation.standard
                }
        }
    )

    Assert.Equal(
        "`ema` is 1; it must be above 0 and below 1.",
        said labels.Value.Network labels.Value.Dataset {
            plain Loss.standard with
                Ema = Some 1.0
        }
    )

/// Noise in the shape of a network's input, with targets in the shape of its output.
let private noise (network: Network) : Dataset =
    let count = 48
    let output = Network.output network

    let draws seed count =
        let struct (values, _) = Rng.many Rng.normal count (Rng.create seed)
        values

    let classes =
        draws 2 (count * int (Shape.area output))
        |> Array.map (fun x -> int (abs x * 1e3))

    let split = {
        Shape = network.Input
        Pixels = Floats(draws 1 (count * int (Shape.count network.Input)) |> Array.map float32)
        Targets =
            match network.OutputKind with
            | OutputKind.Numbers ->
                Targets.Numbers(output, draws 3 (count * network.Classes) |> Array.map float32)
            | OutputKind.Classes when Shape.area output > 1L ->
                let masks = classes |> Array.map (fun c -> uint16 (c % network.Classes))
                Targets.Masks(output.Height, output.Width, masks)
            | OutputKind.Classes ->
                let yes = draws 3 (count * network.Classes)
                Targets.Numbers(output, yes |> Array.map (fun x -> if x > 0.0 then 1.0f else 0.0f))
    }

    Dataset.create "noise" (List.init network.Classes string) 1.0f split split

[<Theory>]
[<InlineData("segmentation")>]
[<InlineData("multi-label")>]
[<InlineData("regression")>]
let ``the examples of tasks train, and their selection is exact`` (name: string) =
    let path =
        Path.Combine(Sss.Tests.Repository.root, "examples", "tasks", name + ".sss")

    match Sss.Dsl.Language.parse (File.ReadAllText path) with
    | Error problems -> failwith $"%A{problems}"
    | Ok parsed ->
        let recipe = {
            parsed.Recipe.Value with
                Epochs = 3
                Batch = 16
        }

        let task = {
            Name = name
            Network = parsed.Network
            Dataset = noise parsed.Network
            Losses = [ recipe.Loss ]
        }

        checkSelection task (trained task recipe None) |> ignore
