namespace Sss.Torch

open Sss.Core

/// What a run that steers towards a target does to its factors.
type Pressure = {
    /// For each factor in the order of λ, until the epoch ends.
    Presses: Press[]
    Budget: BudgetState
    /// The network that the controller is on its way to, measured. None: nothing was measured.
    Latency: LatencyTry option
}

/// Pressures on factors.
[<RequireQualifiedAccess>]
module internal Pressure =

    /// The rule under it.
    let apply (pressure: Pressure) (counts: int list) (rule: FactorRule) =
        let floors =
            Budget.floors pressure.Presses.Length pressure.Budget |> Array.map float32

        let gammas = pressure.Presses |> Array.map (Press.gamma >> float32)

        FactorRule.press counts gammas floors rule |> Result.mapError BadPenalty

/// Sums over the steps of the epoch that is under way.
type EpochSums = {
    /// Of the batches' mean losses, each times its images.
    Loss: float
    /// Answers that were right: images, pixels or labels.
    Right: int64
    Images: int64
}

/// The numbers that did best on the images held out for validation.
type Best = {
    /// From 0: the epoch after which they were taken.
    Epoch: int
    /// On the validation images.
    Quality: Quality
    Loss: float
    /// Of the network that selection would have left.
    Macs: int64
    /// Whole, with what training has cut.
    Network: Network
    Numbers: Weights<float32>
}

/// The complete state of training between two steps, as plain arrays by key. Random numbers and
/// the order of the images need no place here: they are functions of the seed, the epoch and the
/// step.
type TrainState = {
    /// Epochs that are done.
    Epoch: int
    /// Steps that are done, in all epochs.
    Step: int64
    /// What is in training: the whole network less what was cut.
    Network: Network
    /// Weights, running statistics, and the factors' iterate.
    Numbers: Weights<float32>
    /// The factors' probe.
    Probe: Weights<float32>
    /// The velocity of the published recursions, keyed as the probe; zeros for `apg`.
    FactorVelocity: Weights<float32>
    /// Nesterov's velocity, or AdamW's mean of the gradient, keyed as the weights.
    Velocity: Weights<float32>
    /// AdamW's mean of the squared gradient, keyed as the weights; empty for Nesterov's method, and before
    /// the first step.
    SquareMeans: Weights<float32>
    /// The moving average of weights and running statistics, keyed as they are; empty where the recipe has none, and before the
    /// first step.
    Averages: Weights<float32>
    /// For how many steps each factor has been 0 without a break, keyed as the probe.
    ZeroSteps: Map<ArrayKey, int[]>
    /// The running mean of the square of each factor's gradient, keyed as the probe.
    Squares: Weights<float32>
    /// None where the recipe has no target: γ is the recipe's then.
    Pressure: Pressure option
    /// The sum of ηγ over all steps, for each kind: how much penalty a factor has felt.
    Dose: Gamma
    Sums: EpochSums
    /// What cuts have removed; None: nothing yet.
    Uncut: UncutNetwork<float32> option
    /// None without validation, and before its first epoch.
    Best: Best option
    /// Where the recipe has `stop`, after the first epoch that it looks at.
    LastProgress: LastProgress option
    /// Forward multiply-adds of all steps so far: a step's images times the macs of the network that
    /// it was made with. A step's backward pass costs about twice as much again.
    TrainMacs: float
    /// Wall-clock time that went into these steps.
    Seconds: float
    /// Threads of LibTorch in the last step; None: no step yet, or an older checkpoint.
    Threads: int option
}

/// Parts of states.
[<RequireQualifiedAccess>]
module TrainState =

    /// Before the first step of an epoch.
    let noSums: EpochSums = { Loss = 0.0; Right = 0L; Images = 0L }

    /// The numbers that are evaluated and kept: the averages, where there are any, with the factors' iterate.
    let averaged (state: TrainState) : Weights<float32> =
        Map.foldBack Map.add state.Averages state.Numbers

    /// The network as the text has it, with its numbers (`averaged`); factors of what was cut are 0.
    let dense (state: TrainState) : Network * Weights<float32> =
        match state.Uncut with
        | None -> state.Network, averaged state
        | Some uncut -> uncut.Network, UncutNetwork.restore uncut (averaged state)

    /// The state before the first step: no velocity, iterate and probe where the factors start.
    let start (network: Network) (numbers: Weights<float32>) : TrainState =
        let still (key, shape) =
            key,
            {
                Shape = shape
                Data = Array.zeroCreate (int (Parameters.size shape))
            }

        let factors =
            Parameters.factors network |> List.map (fun f -> f.Key, [ f.Scale.Count ])

        let isFactor = factors |> List.map fst |> Set.ofList

        {
            Epoch = 0
            Step = 0L
            Network = network
            Numbers = numbers
            Probe = numbers |> Map.filter (fun key _ -> Set.contains key isFactor)
            FactorVelocity = factors |> List.map still |> Map.ofList
            Velocity =
                Parameters.ofNetwork network
                |> List.map (fun p -> still (p.Key, p.Shape))
                |> Map.ofList
            SquareMeans = Map.empty
            Averages = Map.empty
            ZeroSteps =
                factors
                |> List.map (fun (key, shape) ->
                    key, Array.zeroCreate (int (Parameters.size shape))
                )
                |> Map.ofList
            Squares = factors |> List.map still |> Map.ofList
            Pressure = None
            Dose = Gamma.none
            Sums = noSums
            Uncut = None
            Best = None
            LastProgress = None
            TrainMacs = 0.0
            Seconds = 0.0
            Threads = None
        }
