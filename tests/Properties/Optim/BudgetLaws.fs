namespace Sss.Tests.Optim

open System
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core

[<Properties(Arbitrary = [| typeof<TrainingsArb> |], MaxTest = 1000)>]
module BudgetLaws =

    let private macs run (alive: bool[]) =
        Simulation.macsOf run.Costs (fun i -> alive[i])

    let private endsUnderTarget run =
        let _, alive = List.last (Simulation.trace run)
        macs run alive <= Simulation.target run

    let private missing run (alive: bool[]) = Simulation.target run - macs run alive

    [<Property>]
    let ``at the end the network is within the budget, and misses it by at most its cheapest structure``
        (AdditiveRun run)
        =
        let _, alive = List.last (Simulation.trace run)

        endsUnderTarget run
        && Simulation.cheapest run alive
           |> Option.forall (fun least -> missing run alive <= least)

    [<Property>]
    let ``a loss that drives factors below 0 takes nothing that the budget has room for``
        (WildAdditiveRun run)
        =
        let _, alive = List.last (Simulation.trace run)
        let missing = missing run alive
        let now = macs run alive

        let fits i =
            not alive[i] && macs run (Array.updateAt i true alive) - now <= missing

        missing >= 0L
        && (Simulation.cheapest run alive |> Option.forall (fun least -> missing <= least)
            || not (Seq.exists fits [ 0 .. alive.Length - 1 ]))

    [<Property(MaxTest = 400)>]
    let ``where costs are shared and the loss is wild the budget holds too, and the plan is kept``
        (WildRun run)
        =
        let decision, alive = List.last (Simulation.trace run)

        macs run alive <= Simulation.target run && macs run alive = decision.Planned

    [<Property(MaxTest = 400)>]
    let ``once landing has begun the macs only fall, and after the deadline nothing moves``
        (AdditiveRun run)
        =
        let trace = Simulation.trace run

        let landing =
            trace
            |> List.skipWhile (fun (d, _) -> d.State.Phase = BudgetPhase.Ramp)
            |> List.map (fun (_, alive) -> macs run alive)

        let after = trace |> List.skip (run.Deadline - 1) |> List.map snd

        List.pairwise landing |> List.forall (fun (a, b) -> b <= a)
        && List.forall ((=) after.Head) after

    [<Property(MaxTest = 200)>]
    let ``gammas are never negative and never infinite`` (WildRun run) =
        Simulation.trace run
        |> List.forall (fun (d, _) ->
            d.Gammas |> Array.forall (fun g -> Double.IsFinite g && g >= 0.0)
        )

    [<Property>]
    let ``a landing leaves the cheapest structure's cost at most, and marks nobody who was gone``
        (AdditiveRun run)
        =
        let n = Simulation.count run.Costs
        let random = Random run.Seed
        let alive = Array.init n (fun _ -> random.Next 4 > 0)
        let order = [| 0 .. n - 1 |] |> Array.filter (fun i -> alive[i])
        random.Shuffle order
        let macsOf = Simulation.macsOf run.Costs
        let budget = Simulation.target run

        let landing =
            BudgetChoice.choose macsOf budget alive (Array.map Array.singleton order)

        let kept = Array.map2 (fun a m -> a && not m) alive landing.Marked
        let before = macsOf (fun i -> alive[i])

        Array.forall2 (fun a m -> a || not m) alive landing.Marked
        && landing.Reached
        && landing.Cost = macsOf (fun i -> kept[i])
        && landing.Cost <= budget
        && (before <= budget && kept = alive
            || before > budget
               && Simulation.cheapest run kept
                  |> Option.forall (fun least -> budget - landing.Cost <= least))

    /// What the local search of `BudgetChoice.choose` achieves where no rule can promise it.
    [<Fact>]
    let ``where costs are shared the bound holds too, in all but a few runs in a hundred`` () =
        let runs = Gen.sampleWithSeed (Rnd 7UL) 50 300 (TrainingsArb.SharedRun().Generator)

        let kept =
            runs
            |> Array.filter (fun (SharedRun run) ->
                let _, alive = List.last (Simulation.trace run)

                missing run alive >= 0L
                && Simulation.cheapest run alive
                   |> Option.forall (fun least -> missing run alive <= least)
            )

        Assert.True(kept.Length >= 285, $"{kept.Length} of {runs.Length}")

    [<Property>]
    let ``where only whole lanes save something, whole lanes are marked, and the bound holds``
        (widths: PositiveInt list, part: byte)
        =
        // Layers whose channels cost a time for each 4 of them.
        let widths =
            [| for width in widths -> 1 + width.Get % 24 |] |> Array.append [| 8; 5 |]

        let layers =
            widths
            |> Array.mapi (fun layer width -> Array.create width layer)
            |> Array.concat

        let laneCost layer = int64 (3 + layer % 5)

        let timeOf alive =
            widths
            |> Array.mapi (fun layer _ ->
                let kept =
                    layers |> Array.indexed |> Array.filter (fun (i, l) -> l = layer && alive i)

                laneCost layer * int64 ((kept.Length + 3) / 4)
            )
            |> Array.sum

        let all = timeOf (fun _ -> true)
        let budget = int64 (float part / 255.0 * float all)

        let decision =
            Budget.decide
                {
                    Magnitudes = layers |> Array.mapi (fun i _ -> 0.5 + float (i * 7 % 11) / 22.0)
                    Weights = Array.create layers.Length 1.0
                    LayerOf = fun i -> Some layers[i]
                    Lane = 4
                    WholeLanes = true
                    CostOf = timeOf
                    Target = budget
                    // The last stretch: it lands.
                    ReachToNext = 1.0
                    ReachToDeadline = 1.0
                }
                Budget.start

        let kept layer =
            layers
            |> Array.indexed
            |> Array.filter (fun (i, l) -> l = layer && decision.Plan[i])

        let time = timeOf (fun i -> decision.Plan[i])

        let cheapest = [
            for layer in 0 .. widths.Length - 1 do
                if (kept layer).Length > 0 then
                    laneCost layer
        ]

        (time <= budget
         && widths
            |> Array.indexed
            |> Array.forall (fun (layer, width) ->
                let left = (kept layer).Length
                left = width || left % 4 = 0
            )
         && (cheapest.IsEmpty || budget - time <= List.min cheapest))
        |> Prop.label $"{time} of {budget}"

    [<Fact>]
    let ``in a ramp, what is never pressed has a floor, and nothing else has`` () =
        let decision =
            Budget.decide
                {
                    Magnitudes = [| 0.5; 1.0; 1.0; 0.0 |]
                    Weights = [| 0.0; 1.0; 1.0; 0.0 |]
                    LayerOf = fun _ -> None
                    Lane = 8
                    WholeLanes = false
                    CostOf = fun alive -> Seq.sumBy (fun i -> if alive i then 10L else 0L) [ 0..3 ]
                    Target = 20L
                    ReachToNext = 1e-3
                    ReachToDeadline = 100.0
                }
                Budget.start

        Assert.Equal(BudgetPhase.Ramp, decision.State.Phase)
        Assert.Equal<float[]>([| Budget.floor; 0.0; 0.0; 0.0 |], Budget.floors 4 decision.State)

    [<Fact>]
    let ``a target that cannot be reached is reported`` () =
        let decision =
            Budget.decide
                {
                    Magnitudes = [| 1.0; 1.0 |]
                    Weights = [| 0.0; 1.0 |]
                    LayerOf = fun _ -> None
                    Lane = 8
                    WholeLanes = false
                    CostOf = fun alive -> if alive 0 then 100L else 10L
                    Target = 50L
                    ReachToNext = 1.0
                    ReachToDeadline = 1.0
                }
                Budget.start

        Assert.False decision.Reachable
        Assert.Equal(0.0, decision.Gammas[0])

    [<Fact>]
    let ``removed structures leave the controller's memory`` () =
        let state = {
            Budget.start with
                Marked = [| false; true; true |]
                Previous = [| 1.0; 0.0; 0.5 |]
        }

        let smaller = Budget.reindex [| 0; 2 |] state
        Assert.Equal<bool[]>([| false; true |], smaller.Marked)
        Assert.Equal<float[]>([| 1.0; 0.5 |], smaller.Previous)
        Assert.Equal(Budget.start, Budget.reindex [| 0; 2 |] Budget.start)
