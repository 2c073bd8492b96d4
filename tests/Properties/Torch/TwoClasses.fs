/// Random small networks of two classes, trained a little: both scores of an image are often near 0
/// together there, and rounding is large beside them.
module internal Sss.Tests.Torch.TwoClasses

open System.Threading
open Sss.Core
open Sss.Files
open Sss.Torch

/// A network as it trained and as it was selected.
type Pair = {
    Full: Network * Weights<float32>
    Small: Network * Weights<float32>
    /// Random images and those that it trained on.
    Images: float32[]
}

let private pick (options: 'T list) rng : struct ('T * Rng) =
    let struct (i, rng) = Rng.below options.Length rng
    struct (options[i], rng)

let private activations = [ Relu; Relu; Relu; LeakyRelu 0.1; Tanh; Silu ]

/// `conv` or `dense` with what follows it; factors on one of the two.
let private unit name op out withNorm activation : Nets.Piece list = [
    if withNorm then
        Nets.plain name op
        Nets.withFactors Neuron out $"{name}.bn" Nets.bn
    else
        Nets.withFactors Neuron out name op
    Nets.plain $"{name}.act" (Op.Activation activation)
]

let private network rng : struct (Network * Rng) =
    let struct (channels, rng) = Rng.below 3 rng
    let struct (extent, rng) = Rng.below 4 rng
    let struct (form, rng) = Rng.below 4 rng
    let struct (first, rng) = Rng.below 12 rng
    let struct (second, rng) = Rng.below 12 rng
    let struct (withNorm, rng) = Rng.chance 0.5 rng
    let struct (withBias, rng) = Rng.chance 0.5 rng
    let struct (activation, rng) = pick activations rng
    let first, second = first + 1, second + 1

    let conv out stride =
        Nets.conv out 3 stride (withBias && not withNorm)

    let dense out = Op.Dense { Out = out; Bias = withBias }

    let body =
        match form with
        | 0 -> unit "dense1" (dense first) first withNorm activation
        | 1 ->
            unit "dense1" (dense first) first withNorm activation
            @ unit "dense2" (dense second) second withNorm activation
        | 2 ->
            unit "conv1" (conv first 1) first withNorm activation
            @ unit "conv2" (conv second 2) second withNorm activation
            @ [ Nets.plain "pool" (Op.GlobalPool Average) ]
        | _ ->
            unit "conv1" (conv first 1) first true activation
            @ [
                Nets.residual "block" true [
                    Nets.plain "block.conv1" (Nets.conv second 3 1 false)
                    Nets.withFactors Neuron second "block.bn1" Nets.bn
                    Nets.plain "block.act" (Op.Activation activation)
                    Nets.plain "block.conv2" (Nets.conv first 3 1 false)
                    Nets.plain "block.bn2" Nets.bn
                ] []
                Nets.plain "pool" (Op.GlobalPool Average)
            ]

    let input = Shape.create (channels + 1) (extent + 4) (extent + 4)
    struct (Nets.network input (body @ [ Nets.plain "last" (dense 2) ]), rng)

let private recipe rng : struct (Recipe * Rng) =
    let struct (epochs, rng) = Rng.below 6 rng
    let struct (lr, rng) = pick [ 0.02; 0.1; 0.3 ] rng
    let struct (gamma, rng) = pick [ 0.0; 0.05; 0.3; 1.0 ] rng
    let struct (seed, rng) = Rng.below 1_000_000 rng

    struct ({
                Recipe.defaults with
                    Epochs = epochs + 1
                    Batch = 16
                    Lr = lr
                    Seed = seed
                    Gamma = {
                        Neuron = gamma
                        Group = 0.0
                        Block = gamma
                        Shared = gamma
                    }
            },
            rng)

/// Two kinds of images of which one is a little brighter, or of which nothing can be learnt.
let private dataset (input: Shape) rng : struct (Dataset * Rng) =
    let count = 32
    let size = int (Shape.count input)
    let struct (strength, rng) = pick [ 0.0; 0.0; 0.3; 3.0 ] rng
    let struct (draws, rng) = Rng.many Rng.normal (count * size) rng
    let labels = Array.init count (fun i -> i % 2)

    let pixels =
        draws |> Array.mapi (fun i x -> float32 (x + strength * float labels[i / size]))

    let split = {
        Shape = input
        Pixels = Floats pixels
        Targets = Targets.Labels labels
    }

    struct (Dataset.create "made" [ "a"; "b" ] 1.0f split split, rng)

/// The pair of a seed; None: nothing was selected, since a layer died, or training diverged.
let make (seed: int) : Pair option =
    let struct (network, rng) = network (Rng.create seed)
    let struct (recipe, rng) = recipe rng
    let struct (dataset, _) = dataset network.Input rng

    match Train.run (Small.settings None) network dataset recipe ignore CancellationToken.None with
    | Error(Diverged _) -> None
    | Error error -> invalidOp $"{seed}: %A{error}"
    | Ok trained ->
        match Selection.select Selection.defaults trained.Network trained.Numbers with
        | Error _ -> None
        | Ok selected ->
            Some {
                Full = trained.Network, trained.Numbers
                Small = selected.Network, selected.Weights
                Images =
                    Array.append
                        (Exactness.randomImages seed 128 trained.Network)
                        (Engine.ok (Evaluate.images dataset dataset.Train dataset.Train.Count))
            }
