namespace Sss.Tests.Optim

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Tests.Prox

module ScheduleLaws =

    let private times = [ 0.0; 0.5; 1.0; 2.99; 3.0; 4.5; 6.0; 7.75; 9.9999; 10.0; 12.0 ]

    let private recipe schedule warmup = {
        Recipe.defaults with
            Lr = 0.8
            Epochs = 10
            Schedule = schedule
            Warmup = warmup
    }

    [<Fact>]
    let ``schedules as functions of time`` () =
        let at schedule = List.map schedule times
        Assert.Equal<float list>(List.replicate 11 0.3, at (Schedule.constant 0.3))

        Assert.Equal<float list>(
            [ 1.0; 1.0; 1.0; 1.0; 0.5; 0.5; 0.25; 0.25; 0.25; 0.25; 0.25 ],
            at (Schedule.steps 1.0 0.5 [ 3; 6 ])
        )

        Assert.Equal(0.8, Schedule.cosine 0.8 10.0 0.0)
        Assert.Equal(0.4, Schedule.cosine 0.8 10.0 5.0, 12)
        Assert.Equal(0.0, Schedule.cosine 0.8 10.0 10.0)
        Assert.Equal(0.0, Schedule.cosine 0.8 10.0 11.0)
        Assert.Equal(0.0, Schedule.warmUp 2.0 (Schedule.constant 0.3) 0.0)
        Assert.Equal(0.15, Schedule.warmUp 2.0 (Schedule.constant 0.3) 1.0)
        Assert.Equal(0.3, Schedule.warmUp 2.0 (Schedule.constant 0.3) 2.0)

    [<Fact>]
    let ``a recipe's schedule is the one it names, with its warm-up`` () =
        let at r = List.map (Schedule.ofRecipe r) times
        Assert.Equal<float list>(List.replicate 11 0.8, at (recipe Constant 0))
        Assert.Equal<float list>(List.map (Schedule.cosine 0.8 10.0) times, at (recipe Cosine 0))

        Assert.Equal<float list>(
            List.map (Schedule.warmUp 3.0 (Schedule.steps 0.8 0.1 [ 6 ])) times,
            at (recipe (Step(0.1, [ 6 ])) 3)
        )

    [<Property>]
    let ``a cosine that restarts does so where the target holds, and is a cosine without one``
        (PositiveInt epochs)
        (by: PositiveInt option)
        =
        let plain = {
            recipe CosineRestart 0 with
                Epochs = epochs
        }

        let aimed = {
            plain with
                Target = { Target.none with Macs = Some 0.5 }
                TargetBy =
                    by |> Option.map (fun (PositiveInt n) -> min (float epochs) (float n / 8.0))
        }

        let holds = TargetCourse.deadline aimed
        let whole = Schedule.cosine 0.8 (float epochs)
        let rest = Schedule.cosine 0.8 (float epochs - holds)

        let isAt schedule expected t =
            Schedule.ofRecipe schedule t = expected t

        Seq.forall (isAt plain whole) times
        && times |> Seq.filter ((>) holds) |> Seq.forall (isAt aimed whole)
        && times
           |> Seq.forall (fun t -> isAt aimed (fun t -> rest (t - holds)) (holds + t))

    [<Property>]
    let ``the target holds after whole steps, as many as its epochs take and no more``
        (PositiveInt epochs)
        (PositiveInt perEpoch)
        (by: PositiveInt option)
        =
        let recipe = {
            recipe Cosine 0 with
                Epochs = epochs
                Target = { Target.none with Macs = Some 0.5 }
                TargetBy = by |> Option.map (fun (PositiveInt n) -> float n / 8.0)
        }

        let deadline = TargetCourse.deadline recipe
        let steps = TargetCourse.steps recipe perEpoch
        let exact = deadline * float perEpoch

        let isAsked =
            match by with
            | Some(PositiveInt n) -> deadline = min (float epochs) (float n / 8.0)
            | None -> deadline = float (min 10 ((3 * epochs + 9) / 10))

        isAsked
        && float steps >= exact
        && (steps = 1L || float steps < exact + 1.0)
        && steps <= int64 epochs * int64 perEpoch

    [<Property>]
    let ``a recipe is short where it leaves few epochs, and enough of them are the least that are not``
        (PositiveInt epochs)
        (by: PositiveInt option)
        =
        let recipe = {
            recipe Cosine 0 with
                Epochs = epochs
                Target = { Target.none with Macs = Some 0.5 }
                TargetBy = by |> Option.map (fun (PositiveInt n) -> float n / 8.0)
        }

        let enough = TargetCourse.enough recipe
        (TargetCourse.isShort recipe).IsSome = (epochs < enough)

    [<Property>]
    let ``no step of training has a step size of 0`` (PositiveInt epochs) (PositiveInt perEpoch) =
        let recipe = {
            recipe Cosine (min epochs 3) with
                Epochs = epochs
        }

        let eta = Schedule.atStep perEpoch (Schedule.ofRecipe recipe)

        Seq.forall (fun step -> eta step > 0.0 && eta step <= 0.8) [
            0
            perEpoch - 1
            epochs * perEpoch - 1
        ]

    let private factor owner kind count gamma = {
        Key = ArrayKey.make ArrayPart.Factor owner
        Owner = owner
        Scale = {
            Kind = kind
            Owner = None
            Count = count
            Gamma = gamma
            Init = 1.0
            Min = 0
            Keep = false
        }
    }

    let private factors = [
        factor "bn1" Neuron 3 1.0
        factor "bn2" Group 1 0.5
        factor "residual1" Block 1 2.0
    ]

    let private gamma: Gamma = {
        Neuron = 0.25
        Group = 0.5
        Block = 1.0
        Shared = 2.0
    }

    [<Fact>]
    let ``gammas by kind, by instance and by cost`` () =
        let byKind = FactorGammas.ofKinds gamma factors
        Assert.Equal<float[]>([| 0.25; 0.25; 0.25; 0.25; 2.0 |], byKind)

        Assert.Equal(
            Ok [| 0.0; 0.0; 0.0; 0.25; 2.0 |],
            FactorGammas.withInstances (Map [ "bn1", 0.0 ]) factors byKind
        )

        Assert.Equal(
            Error [ "bn7"; "bn9" ],
            FactorGammas.withInstances (Map [ "bn9", 0.0; "bn1", 1.0; "bn7", 1.0 ]) factors byKind
        )

        Assert.Equal<float[]>(
            [| 1.0; 2.0; 3.0 |],
            FactorGammas.costWeighted [| 10.0; 20.0; 30.0 |] [| 2.0; 2.0; 2.0 |]
        )

        Assert.Equal<float[]>(
            [| 2.0; 1.0 |],
            FactorGammas.costWeighted [| 0.0; 0.0 |] [| 2.0; 1.0 |]
        )

    [<Fact>]
    let ``on the way to a target kinds are pressed alike, except those whose gamma is 0`` () =
        let relative gamma = FactorGammas.relative gamma factors

        let none: Gamma = {
            Neuron = 0.0
            Group = 0.0
            Block = 0.0
            Shared = 0.0
        }

        Assert.Equal<float[]>([| 1.0; 1.0; 1.0; 0.5; 2.0 |], relative gamma)

        Assert.Equal<float[]>([| 0.0; 0.0; 0.0; 0.0; 2.0 |], relative { none with Block = 1e-3 })

        // A target without a γ presses all; so does one whose kinds have no factors.
        Assert.Equal<float[]>([| 1.0; 1.0; 1.0; 0.5; 2.0 |], relative none)

        Assert.Equal<float[]>(
            [| 1.0; 1.0 |],
            FactorGammas.relative { none with Group = 0.1 } [ factor "bn1" Neuron 2 1.0 ]
        )

        Assert.Equal<float[]>(
            [| 1.0; 1.0 |],
            FactorGammas.relative gamma [ factor "bn1" Neuron 2 0.0 ]
        )

    [<Properties(Arbitrary = [| typeof<Arbitraries> |], MaxTest = 1000)>]
    module CostWeights =

        [<Property>]
        let ``cost weighting keeps the sum and follows the costs`` (Pair(gammas, costs)) =
            let gammas = Array.map abs gammas
            let costs = Array.map abs costs
            let weighted = FactorGammas.costWeighted costs gammas
            let total = Array.fold2 (fun s g c -> s + g * c) 0.0 gammas costs

            Laws.near (Array.sum weighted) (Array.sum gammas)
            && (total = 0.0
                || Laws.nearAll
                    (Array.map (fun w -> w * total) weighted)
                    (Array.map2 (fun g c -> g * c * Array.sum gammas) gammas costs))
