namespace Sss.Tests.Torch

open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch

/// Training by several ranks, which are threads here.
[<Collection "LibTorch">]
type RankTrainTests() =

    /// Without batch normalisation, whose statistics are a rank's own, and without dropout, whose
    /// masks are: what is left is the same function of the batch for every number of ranks.
    let plain =
        Nets.network (Shape.create 1 8 8) [
            Nets.withFactors Neuron 8 "conv1" (Nets.conv 8 3 1 true)
            Nets.plain "relu1" (Op.Activation Relu)
            Nets.withFactors Neuron 8 "conv2" (Nets.conv 8 3 2 true)
            Nets.plain "relu2" (Op.Activation Relu)
            Nets.plain "pool" (Op.GlobalPool Average)
            Nets.plain "dense" (Nets.dense 10)
        ]

    let withBn =
        Nets.network (Shape.create 1 8 8) [
            Nets.plain "conv1" (Nets.conv 8 3 1 false)
            Nets.withFactors Neuron 8 "bn1" Nets.bn
            Nets.plain "relu1" (Op.Activation Relu)
            Nets.plain "pool" (Op.GlobalPool Average)
            Nets.plain "dense" (Nets.dense 10)
        ]

    let recipe = {
        Small.recipe with
            Epochs = 3
            Batch = 50
            Lr = 0.05
    }

    let train network recipe (team: Team option) =
        Train.run
            { Small.settings None with Team = team }
            network
            (Dataset.limit 500 Small.dataset.Value)
            recipe
            ignore
            CancellationToken.None
        |> Engine.ok

    let ranks size network recipe =
        ThreadTeam(size).Run(fun team -> train network recipe (Some team))

    let curve (trained: Trained) =
        trained.Epochs |> List.map (fun report -> report.Loss)

    [<Theory>]
    [<InlineData 2>]
    [<InlineData 3>]
    [<InlineData 4>]
    member _.``the loss curve does not depend on the number of ranks``(size: int) =
        let alone = train plain recipe None
        let first = (ranks size plain recipe)[0]

        let apart =
            List.map2 (fun (a: float) b -> abs (a - b) / a) (curve alone) (curve first)
            |> List.max

        // Single precision has 24 bits; what differs is the order of sums.
        Assert.True(apart < 1e-5, $"the loss differs by {apart:g2}")

    [<Fact>]
    member _.``all ranks come to the same bits, with a target and cuts on the way``() =
        let recipe = {
            recipe with
                Epochs = 4
                Target = { Target.none with Macs = Some 0.5 }
                ShrinkEvery = Some 1
        }

        let trained = ranks 3 withBn recipe
        let state (t: Trained) = { t.State with Seconds = 0.0 }
        Assert.Equal(state trained[0], state trained[1])
        Assert.Equal(state trained[0], state trained[2])

    [<Fact>]
    member _.``pooled statistics are those of all images``() =
        // Sum of parts: means of 1 and 4 with variances 2 and 3, weighted 2 to 1.
        let pooled =
            ThreadTeam(2)
                .Run(fun team ->
                    use _ = Engine.scope ()

                    use model =
                        Engine.ok (Model.create (Engine.get ()) withBn (Init.weights 1 withBn))

                    let slots = model.Layout.Statistics
                    let values = Memory.span<float32> model.Statistics

                    for slot in slots do
                        let isMean = ArrayKey.isPart ArrayPart.Mean slot.Key

                        let value =
                            match team.Rank, isMean with
                            | 0, true -> 1.0f
                            | 0, false -> 2.0f
                            | _, true -> 4.0f
                            | _, false -> 3.0f

                        values.Slice(int slot.Offset, int slot.Count).Fill value

                    // 3 images: one rank has 1 of them, the other 2.
                    use exchange = new Exchange(team, model, 3)
                    exchange.Pool model.Statistics

                    [
                        for slot in slots do
                            slot.Key, Memory.item<float32> model.Statistics (int slot.Offset)
                    ],
                    exchange.Share
                )

        let shares = pooled |> Array.map snd
        Assert.Equal(1.0, Array.sum shares, 12)
        let mean = shares[0] * 1.0 + shares[1] * 4.0

        let variance =
            shares[0] * (2.0 + (1.0 - mean) ** 2.0)
            + shares[1] * (3.0 + (4.0 - mean) ** 2.0)

        for values, _ in pooled do
            for key, value in values do
                let expected =
                    if ArrayKey.isPart ArrayPart.Mean key then
                        mean
                    else
                        variance

                Assert.Equal(expected, float value, 5)

    [<Fact>]
    member _.``ranks with different numbers end at the next step``() =
        let outcomes =
            ThreadTeam(2)
                .Run(fun team ->
                    let weights = Init.weights (1 + team.Rank) plain

                    Train.run
                        {
                            Small.settings (Some(TrainState.start plain weights)) with
                                Team = Some team
                        }
                        plain
                        Small.dataset.Value
                        recipe
                        ignore
                        CancellationToken.None
                )

        for outcome in outcomes do
            match outcome with
            | Error(Parted 0L) -> ()
            | other -> Assert.Fail $"%A{Result.map ignore other}"

    [<Fact>]
    member _.``a stop that one rank is asked for stops all after the same step``() =
        use source = new CancellationTokenSource()
        source.Cancel()

        let outcomes =
            ThreadTeam(2)
                .Run(fun team ->
                    Train.run
                        {
                            Small.settings None with
                                Team = Some team
                        }
                        plain
                        Small.dataset.Value
                        recipe
                        ignore
                        (if team.Rank = 1 then
                             source.Token
                         else
                             CancellationToken.None)
                )

        for outcome in outcomes do
            match outcome with
            | Error(Stopped state) -> Assert.Equal(1L, state.Step)
            | other -> Assert.Fail $"%A{Result.map ignore other}"

    [<Fact>]
    member _.``more ranks than images of a batch are refused``() =
        for outcome in
            ThreadTeam(3)
                .Run(fun team ->
                    Train.run
                        {
                            Small.settings None with
                                Team = Some team
                        }
                        plain
                        Small.dataset.Value
                        { recipe with Batch = 2 }
                        ignore
                        CancellationToken.None
                ) do
            match outcome with
            | Error(TooManyRanks(3, 2) as error) ->
                Assert.Equal(
                    "A batch of 2 images cannot be shared among 3 ranks; use fewer ranks, or a larger \
                     `batch`.",
                    TrainError.message error
                )
            | other -> Assert.Fail $"%A{Result.map ignore other}"
