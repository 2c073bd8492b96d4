/// Small problems of every task, made of the digits, with a small network each.
module internal Sss.Tests.Torch.Tasks

open Sss.Core
open Sss.Files
open Sss.Torch

/// A problem: its name, its network, its data, and the losses that train it.
type Task = {
    Name: string
    Network: Network
    Dataset: Dataset
    Losses: Loss list
}

let network text : Network =
    match Sss.Dsl.Language.parse text with
    | Ok parsed -> parsed.Network
    | Error problems -> failwith $"%A{problems}"

let private digits = lazy (Dataset.limit 256 (Engine.ok (Dataset.load Digits)))

/// The digits with other targets, made of the pixels and the label of each.
let private withTargets classes (make: (byte[] * int)[] -> Targets) : Dataset =
    let changed (split: Split) =
        match split.Pixels with
        | Bytes data ->
            let images = Array.zip (Array.chunkBySize 64 data) split.Labels
            { split with Targets = make images }
        | Floats _
        | Pictures _ -> invalidOp "digits are bytes"

    {
        digits.Value with
            Classes = classes
            Train = changed digits.Value.Train
            Test = changed digits.Value.Test
    }

let private body head =
    "  conv 8 3x3; bn @scale(neuron); relu\n"
    + "  residual @scale(block) { conv 8 3x3; bn @scale(neuron); relu; conv 8 3x3; bn }\n  relu\n"
    + head

let private pooled word = body $"  maxpool 2x2; dense {word}\n"

/// A mask of paper and ink.
let masks =
    lazy
        {
            Name = "masks"
            Network =
                network (
                    "network Masks {\n  input 1x8x8\n  classes 2\n" + body "  conv classes 1x1\n}\n"
                )
            Dataset =
                withTargets
                    [ "paper"; "ink" ]
                    (fun images ->
                        Targets.Masks(
                            8,
                            8,
                            images
                            |> Array.collect (
                                fst >> Array.map (fun pixel -> if pixel > 8uy then 1us else 0us)
                            )
                        )
                    )
            Losses = [ Loss.CrossEntropy 0.0; Loss.Focal 2.0 ]
        }

/// Whether a digit is even, at least five, and a multiple of three.
let several =
    lazy
        {
            Name = "several"
            Network =
                network (
                    "network Several {\n  input 1x8x8\n  classes 3\n" + pooled "classes" + "}\n"
                )
            Dataset =
                withTargets
                    []
                    (fun images ->
                        let yes condition = if condition then 1.0f else 0.0f

                        Targets.Numbers(
                            Shape.create 3 1 1,
                            images
                            |> Array.collect (fun (_, d) -> [|
                                yes (d % 2 = 0)
                                yes (d >= 5)
                                yes (d % 3 = 0)
                            |])
                        )
                    )
            Losses = [ Loss.Bce ]
        }

/// How much ink is in the left half and in the right half.
let numbers =
    lazy
        {
            Name = "numbers"
            Network =
                network (
                    "network Numbers {\n  input 1x8x8\n  outputs 2\n" + pooled "outputs" + "}\n"
                )
            Dataset =
                withTargets
                    []
                    (fun images ->
                        Targets.Numbers(
                            Shape.create 2 1 1,
                            images
                            |> Array.collect (fun (pixels, _) ->
                                let ink isLeft =
                                    Array.indexed pixels
                                    |> Array.filter (fun (i, _) -> (i % 8 < 4) = isLeft)
                                    |> Array.sumBy (snd >> float32)

                                [| ink true / 150.0f; ink false / 150.0f |]
                            )
                        )
                    )
            Losses = [ Loss.Mse; Loss.Huber 0.5 ]
        }

/// One class for each image, with the losses that are not the default.
let labels =
    lazy
        {
            Name = "labels"
            Network =
                network (
                    "network Labels {\n  input 1x8x8\n  classes 10\n" + pooled "classes" + "}\n"
                )
            Dataset = digits.Value
            Losses = [ Loss.CrossEntropy 0.1; Loss.Focal 1.0 ]
        }

/// How the further outputs of `heads` are trained.
let outputs =
    Map.ofList [
        "ink", { Loss = Loss.Mse; Weight = 0.5 }
        "even",
        {
            Loss = Loss.CrossEntropy 0.1
            Weight = 0.3
        }
    ]

/// The class of a digit, twice, how much ink it has, and whether it is even: labels of the scores, and targets of their own.
let heads =
    lazy
        {
            Name = "heads"
            Network =
                network (
                    "network Heads {\n  input 1x8x8\n  classes 10\n"
                    + body (
                        "  output early { avgpool global; dense classes }\n"
                        + "  conv 8 3x3; bn @scale(neuron); relu\n"
                        + "  output ink { conv 4 1x1; bn @scale(neuron); relu; avgpool 2x2; dense 1 }\n"
                        + "  output even { avgpool global; dense 2 }\n"
                        + "  maxpool 2x2; dense classes\n"
                    )
                    + "}\n"
                )
            Dataset =
                withTargets
                    (digits.Value.Classes)
                    (fun images ->
                        Targets.Several(
                            Targets.Labels(Array.map snd images),
                            [
                                "even", Targets.Labels(images |> Array.map (fun (_, d) -> d % 2))
                                "ink",
                                Targets.Numbers(
                                    Shape.create 1 1 1,
                                    images
                                    |> Array.map (
                                        fst >> Array.sumBy float32 >> fun ink -> ink / 35.0f - 9.0f
                                    )
                                )
                            ]
                        )
                    )
            Losses = [ Loss.CrossEntropy 0.0; Loss.Focal 2.0 ]
        }

let all = [ labels; masks; several; numbers; heads ]

/// So strong a penalty that structures go within few steps; the block is cut.
let recipe loss optimizer : Recipe =
    let lr =
        match optimizer, Loss.trains loss with
        | Optimizer.AdamW _, _ -> 0.005
        | Optimizer.Nag, OutputKind.Classes -> 0.02
        // The differences of numbers are large at first.
        | Optimizer.Nag, OutputKind.Numbers -> 0.001

    let times = 0.02 / lr

    {
        Recipe.defaults with
            Epochs = 6
            Batch = 32
            Lr = lr
            Schedule = Constant
            Gamma = {
                Neuron = 0.02 * times
                Group = 0.0
                Block = 3.0 * times
                Shared = 0.0
            }
            Loss = loss
            Outputs = outputs
            Optimizer = optimizer
            ShrinkEvery = Some 1
            Augment = { Augment.none with Crop = 1 }
    }

/// A training from the start.
let train (network: Network) (dataset: Dataset) recipe =
    Train.run
        (Small.settings None)
        network
        dataset
        recipe
        ignore
        System.Threading.CancellationToken.None

/// What training says.
let said network dataset recipe =
    match train network dataset { recipe with Epochs = 1 } with
    | Ok _ -> "trained"
    | Error error -> TrainError.message error
