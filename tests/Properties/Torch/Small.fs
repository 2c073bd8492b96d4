/// A small training problem that several tests share.
module internal Sss.Tests.Torch.Small

open System.Threading
open Sss.Core
open Sss.Files
open Sss.Torch

let dataset = lazy (Engine.ok (Dataset.load Digits))

/// Two residual blocks on digits: small enough for a test, with neuron and block factors.
let network =
    let block name width = [
        Nets.residual name true [
            Nets.plain $"{name}.conv1" (Nets.conv width 3 1 false)
            Nets.withFactors Neuron width $"{name}.bn1" Nets.bn
            Nets.plain $"{name}.relu1" (Op.Activation Relu)
            Nets.plain $"{name}.conv2" (Nets.conv width 3 1 false)
            Nets.plain $"{name}.bn2" Nets.bn
        ] []
        Nets.plain $"{name}.relu2" (Op.Activation Relu)
    ]

    Nets.network
        (Shape.create 1 8 8)
        ([
            Nets.plain "conv1" (Nets.conv 8 3 1 false)
            Nets.plain "bn1" Nets.bn
            Nets.plain "relu1" (Op.Activation Relu)
         ]
         @ block "a" 8
         @ [
             Nets.plain "conv2" (Nets.conv 16 3 2 false)
             Nets.plain "bn2" Nets.bn
             Nets.plain "relu2" (Op.Activation Relu)
         ]
         @ block "b" 16
         @ [
             Nets.plain "pool" (Op.GlobalPool Average)
             Nets.plain "drop" (Op.Dropout 0.05)
             Nets.plain "dense" (Nets.dense 10)
         ])

let recipe = {
    Recipe.defaults with
        Epochs = 3
        Batch = 64
        Gamma = {
            Neuron = 0.01
            Group = 0.0
            Block = 0.03
            Shared = 0.01
        }
        Augment = { Augment.none with Crop = 1 }
}

let settings from = {
    Engine = Engine.get ()
    Threads = Some 1
    Loaders = None
    Method = FactorMethod.Apg
    From = from
    Validation = None
    Keeper = None
    Team = None
    Teacher = None
    Loss = None
    Measures = CostLimit.noMeasures
}

/// A job on one thread: it trains from random weights, selects, and keeps nothing.
let job (network: Network) (recipe: Recipe) (dataset: Dataset) : Job = {
    Network = NetworkSource.Given(network, recipe)
    Recipe = id
    Images = ImageSource.Given dataset
    Limit = None
    Begin = Begin.Random
    Teacher = None
    Loss = None
    Method = FactorMethod.Apg
    Profile = ProfileSource.Measured
    Validation = None
    Computing = {
        Device = Cpu
        Precision = PrecisionChoice.Always Precision.Float32
        Threads = Some 1
        Loaders = None
        Team = None
    }
    Keep = Keep.Nothing
    Goal = Goal.Selection Selection.defaults
}

/// The same, kept in a run folder.
let jobIn (folder: string) network recipe dataset : Job = {
    job network recipe dataset with
        Keep =
            Keep.Run {
                Folder = folder
                Start = Start.New
                HasOthers = false
            }
}

let train recipe from =
    Train.run (settings from) network dataset.Value recipe ignore CancellationToken.None

/// A state without the one thing that differs between two runs of the same bits.
let timeless (state: TrainState) = { state with Seconds = 0.0 }
