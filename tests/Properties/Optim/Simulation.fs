namespace Sss.Tests.Optim

open System
open FsCheck
open FsCheck.FSharp
open Sss.Core

/// How the macs of a synthetic network come about.
type CostModel =
    /// Each structure costs what it costs.
    | Additive of int64[]
    /// Structures are neurons of consecutive layers (their widths): a layer costs its width times
    /// the next one's.
    | Chain of int[]
    /// Blocks of neurons: a block costs its own part and its neurons', and nothing when it is dead.
    /// A structure is a block's switch, followed by its neurons: (neurons, cost of a neuron, own
    /// part).
    | Blocks of (int * int64 * int64) list

/// A training run in miniature: every factor has a loss of its own, ½h(λ − a)², and noise.
type Training = {
    Costs: CostModel
    Fraction: float
    /// Curvature and minimiser of each factor; recycled.
    Losses: (float * float) list
    Noise: float
    Momentum: float
    /// Start and end of the step size, which falls linearly.
    Rates: float * float
    Calls: int
    Deadline: int
    StepsPerCall: int
    Seed: int
}

module Simulation =

    let count costs =
        match costs with
        | Additive c -> c.Length
        | Chain widths -> Array.sum widths
        | Blocks blocks -> blocks |> List.sumBy (fun (n, _, _) -> n + 1)

    let macsOf costs (alive: int -> bool) =
        match costs with
        | Additive c -> c |> Seq.indexed |> Seq.sumBy (fun (i, c) -> if alive i then c else 0L)
        | Chain widths ->
            let starts = Array.scan (+) 0 widths

            let left =
                widths
                |> Array.mapi (fun k w ->
                    Seq.init w (fun i -> starts[k] + i) |> Seq.filter alive |> Seq.length |> int64
                )

            Seq.append (Seq.pairwise left |> Seq.map (fun (a, b) -> 10L * a * b)) [
                7L * Array.last left
            ]
            |> Seq.sum
        | Blocks blocks ->
            let folder (total, start) (n, cost, own) =
                let neurons = Seq.init n (fun i -> start + 1 + i) |> Seq.filter alive |> Seq.length

                (if alive start && neurons > 0 then
                     total + own + cost * int64 neurons
                 else
                     total),
                start + n + 1

            blocks |> List.fold folder (0L, 0) |> fst

    /// The layer of a neuron, None for a block's switch. Of additive costs every twenty are a layer.
    let layerOf costs : int -> int option =
        match costs with
        | Additive _ -> fun i -> Some(i / 20)
        | Chain widths ->
            let layers = widths |> Array.mapi (fun k w -> Array.replicate w k) |> Array.concat
            fun i -> Some layers[i]
        | Blocks blocks ->
            let layers =
                blocks
                |> List.mapi (fun k (n, _, _) ->
                    Array.append [| None |] (Array.replicate n (Some k))
                )
                |> Array.concat

            fun i -> layers[i]

    let target run =
        int64 (run.Fraction * float (macsOf run.Costs (fun _ -> true)))

    /// What the cheapest remaining structure costs.
    let cheapest run (alive: bool[]) =
        BudgetChoice.cheapest (macsOf run.Costs) (Array.init alive.Length Array.singleton) alive

    /// Iterates after each call's stretch, with the decision that led there.
    let trace run =
        let n = count run.Costs
        let random = Random run.Seed
        let iterate = Array.create n 1.0
        let probe = Array.create n 1.0
        let total = run.Calls * run.StepsPerCall
        let first, last = run.Rates

        let rate step =
            first + (last - first) * float step / float total

        let losses = Array.init n (fun i -> run.Losses[i % run.Losses.Length])

        let reach from until =
            Budget.reach run.Momentum (Seq.init (max 0 (until - from)) (fun k -> rate (from + k)))

        (Budget.start, [ 0 .. run.Calls - 1 ])
        ||> List.mapFold (fun state call ->
            let now = call * run.StepsPerCall

            let decision =
                Budget.decide
                    {
                        Magnitudes = Array.copy iterate
                        Weights = Array.create n 1.0
                        LayerOf = layerOf run.Costs
                        Lane = ChannelMultiple.count
                        WholeLanes = false
                        CostOf = macsOf run.Costs
                        Target = target run
                        ReachToNext = reach now (now + run.StepsPerCall)
                        ReachToDeadline = reach now (run.Deadline * run.StepsPerCall)
                    }
                    state

            for step in now .. now + run.StepsPerCall - 1 do
                let gradient =
                    losses
                    |> Array.mapi (fun i (h, a) ->
                        h * (probe[i] - a) + run.Noise * (2.0 * random.NextDouble() - 1.0)
                    )

                ApgKernel.step
                    (rate step)
                    run.Momentum
                    (ReadOnlySpan decision.Gammas)
                    (ReadOnlySpan(Budget.floors n decision.State))
                    (ReadOnlySpan gradient)
                    (Span iterate)
                    (Span probe)

            (decision, Array.map (fun x -> x <> 0.0) iterate), decision.State
        )
        |> fst

/// Draws runs. Calm ones: each factor by itself settles well above 0 and the noise moves it by 0.06
/// (standard deviation) at most, so that only pressure brings it to 0. Wild ones: minimisers below
/// 0 too, and any noise.
type Trainings =

    static member private Costs additive =
        let costs = [
            Gen.choose (2, 30)
            |> Gen.bind (fun n -> Gen.arrayOfLength n (Gen.choose (1, 100)))
            |> Gen.map (Array.map int64 >> Additive)
        ]

        let others = [
            Gen.choose (2, 4)
            |> Gen.bind (fun n -> Gen.arrayOfLength n (Gen.choose (3, 9)))
            |> Gen.map Chain
            Gen.choose (2, 5)
            |> Gen.bind (fun n ->
                Gen.listOfLength
                    n
                    (Gen.map3
                        (fun k c own -> k, int64 c, int64 own)
                        (Gen.choose (3, 8))
                        (Gen.choose (2, 20))
                        (Gen.choose (0, 5)))
            )
            |> Gen.map Blocks
        ]

        Gen.oneof (if additive then costs else others)

    static member Draw calm additive =
        gen {
            let! costs = Trainings.Costs additive
            let! fraction = Gen.choose (20, 90)

            let! losses =
                Gen.map2
                    (fun h a -> float h / 10.0, float a / 10.0)
                    (Gen.choose (1, 10))
                    (if calm then Gen.choose (6, 15) else Gen.choose (-10, 20))
                |> Gen.listOfLength 7

            let! noise = Gen.choose (0, 10)
            let! momentum = Gen.elements [ 0.0; 0.5; 0.9 ]
            let! first = Gen.choose (2, 10)
            let! calls = Gen.choose (8, 30)
            let! deadline = Gen.choose (5, calls)
            let! steps = Gen.choose (5, 30)
            let! seed = Gen.choose (0, 1000000)
            let rate = float first / 100.0
            let curvature = losses |> List.map fst |> List.min

            // Uniform noise of amplitude n makes a factor of curvature h vary by n²/3·η/(1 −
            // μ)/(2h).
            let calmest = 0.06 * sqrt (6.0 * curvature * (1.0 - momentum) / rate)

            return {
                Costs = costs
                Fraction = float fraction / 100.0
                Losses = losses
                Noise = float noise / 10.0 * (if calm then calmest else 1.0)
                Momentum = momentum
                Rates = rate, 0.001
                Calls = calls
                Deadline = deadline
                StepsPerCall = steps
                Seed = seed
            }
        }

    static member Shrink run =
        seq {
            match run.Costs with
            | Additive c when c.Length > 1 ->
                { run with Costs = Additive c[1..] }

                {
                    run with
                        Costs = Additive c[.. c.Length - 2]
                }
            | Chain w when w.Length > 2 -> { run with Costs = Chain w[1..] }
            | Blocks b when b.Length > 1 -> { run with Costs = Blocks b.Tail }
            | _ -> ()

            if run.Noise > 0.0 then
                { run with Noise = 0.0 }

            if run.Losses.Length > 1 then
                { run with Losses = run.Losses.Tail }

            if run.Momentum > 0.0 then
                { run with Momentum = 0.0 }
        }

/// A calm run whose costs add up.
type AdditiveRun = AdditiveRun of Training

/// A calm run whose costs do not.
type SharedRun = SharedRun of Training

/// A wild run whose costs add up.
type WildAdditiveRun = WildAdditiveRun of Training

/// A wild run, costs shared.
type WildRun = WildRun of Training

type TrainingsArb =

    static member AdditiveRun() : Arbitrary<AdditiveRun> =
        Arb.fromGenShrink (
            Trainings.Draw true true |> Gen.map AdditiveRun,
            fun (AdditiveRun run) -> Trainings.Shrink run |> Seq.map AdditiveRun
        )

    static member SharedRun() : Arbitrary<SharedRun> =
        Arb.fromGenShrink (
            Trainings.Draw true false |> Gen.map SharedRun,
            fun (SharedRun run) -> Trainings.Shrink run |> Seq.map SharedRun
        )

    static member WildAdditiveRun() : Arbitrary<WildAdditiveRun> =
        Arb.fromGenShrink (
            Trainings.Draw false true |> Gen.map WildAdditiveRun,
            fun (WildAdditiveRun run) -> Trainings.Shrink run |> Seq.map WildAdditiveRun
        )

    static member WildRun() : Arbitrary<WildRun> =
        Arb.fromGenShrink (
            Trainings.Draw false false |> Gen.map WildRun,
            fun (WildRun run) -> Trainings.Shrink run |> Seq.map WildRun
        )
