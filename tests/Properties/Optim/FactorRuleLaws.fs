namespace Sss.Tests.Optim

open System
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Tests.Prox

/// Steps of training's rule: one penalty, declarations of some factors, a γ each.
type RuleRun = {
    Penalty: FactorPenalty
    Counts: int list
    /// One for each factor; in a declaration they are the same more often than not.
    Gammas: float[]
    /// All 0 but for the non-negative L1.
    Floors: float[]
    Momentum: float
    Start: float[]
    Steps: (float[] * float) list
}

/// Draws runs of rules.
type RuleRuns =

    /// Every kind of penalty, with parameters near which values of the runs lie.
    static member Penalties = [
        Gen.constant FactorPenalty.NonNegative
        Gen.constant FactorPenalty.L1
        Gen.choose (1, 16) |> Gen.map (fun i -> FactorPenalty.Mcp(float i / 8.0))
        Gen.choose (17, 40) |> Gen.map (fun i -> FactorPenalty.Scad(float i / 8.0))
        Gen.constant FactorPenalty.L0
        Gen.constant FactorPenalty.GroupL2
    ]

    /// A run of this many steps.
    static member Of(length: int, penalty: Gen<FactorPenalty>) : Gen<RuleRun> =
        gen {
            let! penalty = penalty
            let! counts = Gen.choose (1, 9) |> Gen.nonEmptyListOf |> Gen.resize 4
            let n = List.sum counts
            let eighth = Gen.choose (0, 8) |> Gen.map (fun i -> float i / 8.0)

            let! gammas =
                counts
                |> List.map (fun count ->
                    Gen.frequency [
                        3, Gen.map (Array.create count) eighth
                        1, Gen.arrayOfLength count eighth
                    ]
                )
                |> Gen.sequenceToList
                |> Gen.map Array.concat

            let! floors =
                match penalty with
                | FactorPenalty.NonNegative ->
                    Gen.frequency [
                        1, Gen.constant (Array.zeroCreate n)
                        1, Gen.arrayOfLength n (Gen.elements [ 0.0; 1.0 / 128.0; 0.5 ])
                    ]
                | FactorPenalty.L1
                | FactorPenalty.Mcp _
                | FactorPenalty.Scad _
                | FactorPenalty.L0
                | FactorPenalty.GroupL2 -> Gen.constant (Array.zeroCreate n)

            let! momentum = Gen.choose (0, 15) |> Gen.map (fun i -> float i / 16.0)
            let! start = Gen.vectorOf n

            let! steps =
                Gen.zip (Gen.vectorOf n) (Gen.step |> Gen.map (fun eta -> eta / 4.0))
                |> Gen.listOfLength length

            return {
                Penalty = penalty
                Counts = counts
                Gammas = gammas
                Floors = floors
                Momentum = momentum
                Start = start
                Steps = steps
            }
        }

    static member Run() : Arbitrary<RuleRun> =
        Arb.fromGenShrink (
            RuleRuns.Of(8, Gen.oneof RuleRuns.Penalties),
            fun run ->
                seq {
                    for i in 0 .. run.Steps.Length - 1 do
                        {
                            run with
                                Steps = List.removeAt i run.Steps
                        }
                }
        )

[<Properties(Arbitrary = [| typeof<RuleRuns> |], MaxTest = 1000)>]
module FactorRuleLaws =

    let private ok result =
        match result with
        | Ok value -> value
        | Error error -> invalidOp (PenaltyError.message error)

    /// Σ γᵢ·f(xᵢ) as the calculus has it: a sum of scaled penalties of one coordinate each.
    let private each (penalty: Result<Penalty, PenaltyError>) (gammas: float[]) =
        [
            for gamma in gammas do
                (if gamma = 0.0 then
                     L1.create 0.0
                 else
                     penalty |> Result.bind (Scaled.create gamma))
                |> ok,
                1
        ]
        |> SeparableSum.create

    /// The penalty of a run from the penalties and the calculus of `Prox`, by other ways than training's.
    let private penalty (run: RuleRun) : Penalty =
        match run.Penalty with
        | FactorPenalty.NonNegative -> NonNegativeL1.above run.Floors run.Gammas
        | FactorPenalty.L1 -> each (L1.create 1.0) run.Gammas
        | FactorPenalty.Mcp theta -> each (Mcp.create 1.0 theta) run.Gammas
        | FactorPenalty.Scad a -> each (Scad.create 1.0 a) run.Gammas
        | FactorPenalty.L0 -> each (L0.create 1.0) run.Gammas
        | FactorPenalty.GroupL2 ->
            let firsts = run.Counts |> List.scan (+) 0

            List.zip run.Counts (List.take run.Counts.Length firsts)
            |> List.map (fun (count, first) ->
                let own = run.Gammas[first .. first + count - 1]

                {
                    Weight = sqrt (Array.sumBy (fun gamma -> gamma * gamma) own)
                    Coordinates = Array.init count (fun i -> first + i)
                }
            )
            |> GroupL2.create run.Gammas.Length
        |> ok

    let private rule (run: RuleRun) : FactorRule = {
        Method = FactorMethod.Apg
        Penalty = run.Penalty
        Momentum = run.Momentum
    }

    /// Whether all states of the rule in float64 are those of `Apg`, bit for bit.
    let private agrees (run: RuleRun) =
        let penalty = penalty run
        let pressed = FactorRule.press run.Counts run.Gammas run.Floors (rule run) |> ok

        ((true, FactorState.start run.Start, Apg.start run.Start), run.Steps)
        ||> List.fold (fun (same, trained, pure') (gradient, eta) ->
            let trained = FactorRule.step pressed eta gradient trained
            let pure' = Apg.step eta run.Momentum penalty gradient pure'
            same && trained.Iterate = pure'.Iterate && trained.Probe = pure'.Probe, trained, pure'
        )
        |> fun (same, _, _) -> same

    [<Property>]
    let ``in float64 a step of training is the pure step of its penalty, bit for bit``
        (run: RuleRun)
        =
        agrees run

    /// Of each kind of penalty, by its place in `RuleRuns.Penalties`.
    [<Theory>]
    [<InlineData 0>]
    [<InlineData 1>]
    [<InlineData 2>]
    [<InlineData 3>]
    [<InlineData 4>]
    [<InlineData 5>]
    let ``so are a thousand steps, one after the other`` (kind: int) =
        for run in RuleRuns.Of(1000, RuleRuns.Penalties[kind]) |> Gen.sample 3 do
            Assert.True(agrees run, $"%A{run.Penalty}")

    [<Property>]
    let ``in float32 a step is the pure step in float64, up to rounding`` (run: RuleRun) =
        let single = Array.map float32
        let wide = Array.map float

        let pressed =
            FactorRule.press run.Counts (single run.Gammas) (single run.Floors) (rule run)
            |> ok

        let penalty = penalty run

        ((true, FactorState.start (single run.Start)), run.Steps)
        ||> List.fold (fun (close, state) (gradient, eta) ->
            let gradient = single gradient
            let next = FactorRule.step pressed eta gradient state

            let pure' =
                Apg.step eta run.Momentum penalty (wide gradient) {
                    Iterate = wide state.Iterate
                    Probe = wide state.Probe
                }

            // Three roundings of values that are at most so large, 2⁻²⁴ of it each.
            let largest =
                Seq.concat [ pure'.Iterate; pure'.Probe; wide state.Probe ]
                |> Seq.fold (fun most x -> max most (abs x)) 16.0

            let isClose (found: float32) (expected: float) =
                match run.Penalty with
                | FactorPenalty.NonNegative ->
                    abs (float found - expected) <= 4.0 * largest * Math.Pow(2.0, -24.0)
                // Computed at double precision; only the result is rounded.
                | FactorPenalty.L1
                | FactorPenalty.Mcp _
                | FactorPenalty.Scad _
                | FactorPenalty.L0
                | FactorPenalty.GroupL2 -> found = float32 expected

            close
            && Array.forall2 isClose next.Iterate pure'.Iterate
            && Array.forall2 isClose next.Probe pure'.Probe,
            next
        )
        |> fst

    [<Property>]
    let ``a step writes to nothing that it is given, and counts zeros and squares`` (run: RuleRun) =
        let pressed = FactorRule.press run.Counts run.Gammas run.Floors (rule run) |> ok

        let copy (state: FactorState<float>) = {
            Iterate = Array.copy state.Iterate
            Probe = Array.copy state.Probe
            Velocity = Array.copy state.Velocity
            ZeroSteps = Array.copy state.ZeroSteps
            Squares = Array.copy state.Squares
        }

        ((true, FactorState.start run.Start), run.Steps)
        ||> List.fold (fun (good, state) (gradient, eta) ->
            let before, given = copy state, Array.copy gradient
            let next = FactorRule.step pressed eta gradient state

            let zeros =
                Array.map2 (fun n x -> if x = 0.0 then n + 1 else 0) before.ZeroSteps next.Iterate

            let mean =
                Array.map2 (fun s g -> s * Saliency.memory + g * g * (1.0 - Saliency.memory))

            good
            && state = before
            && gradient = given
            && next.ZeroSteps = zeros
            && next.Squares = mean before.Squares gradient,
            next
        )
        |> fst

    [<Property>]
    let ``factors of equal size in a group move by step size times gamma``
        (PositiveInt n)
        (PositiveInt k)
        =
        let count = 1 + n % 40
        let gamma = float (k % 20) / 64.0

        let pressed =
            rule {
                Penalty = FactorPenalty.GroupL2
                Counts = [ count ]
                Gammas = [||]
                Floors = [||]
                Momentum = 0.0
                Start = [||]
                Steps = []
            }
            |> FactorRule.press [ count ] (Array.create count gamma) (Array.zeroCreate count)
            |> ok

        let start = FactorState.start (Array.create count 1.0)
        let next = FactorRule.step pressed 0.5 (Array.zeroCreate count) start
        next.Iterate |> Array.forall (fun x -> abs (x - (1.0 - 0.5 * gamma)) < 1e-12)

    [<Fact>]
    let ``floors are for the non-negative L1 alone, parameters have bounds`` () =
        let message penalty counts gammas floors =
            match FactorProx.create penalty counts gammas floors with
            | Ok penalty -> $"{penalty.Name} was accepted"
            | Error error -> PenaltyError.message error

        for penalty, word in
            [
                FactorPenalty.L1, "l1"
                FactorPenalty.Mcp 1.0, "mcp"
                FactorPenalty.Scad 3.0, "scad"
                FactorPenalty.L0, "l0"
                FactorPenalty.GroupL2, "groupl2"
            ] do
            Assert.Equal(
                $"{word}: factors can have lower bounds only with the non-negative L1.",
                message penalty [ 2 ] [| 1.0; 1.0 |] [| 0.0; 0.5 |]
            )

            Assert.False(FactorPenalty.takesTarget penalty)

        Assert.Equal(
            "mcp: theta must be more than 0, not -1.",
            message (FactorPenalty.Mcp -1.0) [ 1 ] [| 1.0 |] [| 0.0 |]
        )

        Assert.Equal(
            "scad: a must be more than 2, not 2.",
            message (FactorPenalty.Scad 2.0) [ 1 ] [| 1.0 |] [| 0.0 |]
        )

        Assert.Equal(
            "groupL2: gammas[1] must be 0 or more, not -1.",
            message FactorPenalty.GroupL2 [ 2 ] [| 1.0; -1.0 |] [| 0.0; 0.0 |]
        )

        // A network without factors has nothing to group.
        Assert.Equal(
            "weightedL1(0 weights) was accepted",
            message FactorPenalty.GroupL2 [] [||] [||]
        )
