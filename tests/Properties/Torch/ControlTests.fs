/// Targets of macs, and settings out of bounds.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.ControlTests

open System.Threading
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Torch.Small

/// What the cheapest structure that is left costs.
let private cheapest (weights: Weights<float32>) =
    let places = [|
        for f in Parameters.factors network do
            for i in 0 .. f.Scale.Count - 1 -> f.Key, i
    |]

    let index = places |> Seq.mapi (fun at place -> place, at) |> Map.ofSeq

    let macsOf isAlive =
        Selection.wouldBe
            network
            (fun owner i -> not (isAlive index[(ArrayKey.make ArrayPart.Factor owner), i]))
            None
        |> Option.map _.Macs
        |> Option.defaultValue 0L

    places
    |> Array.map (fun (key, i) -> weights[key].Data[i] <> 0.0f)
    |> BudgetChoice.cheapest macsOf (Array.init places.Length Array.singleton)

[<Theory>]
[<InlineData(0.5, 1)>]
[<InlineData(0.5, 2)>]
[<InlineData(0.25, 2)>]
let ``a target of macs holds after three tenths of the epochs, and survives a stop``
    (fraction: float)
    (stopped: int)
    =
    let recipe = {
        recipe with
            Epochs = 6
            Target = {
                Target.none with
                    Macs = Some fraction
            }
    }

    let whole = Engine.ok (train recipe None)
    let dense = (Cost.ofNetwork network).Macs
    let allowed = int64 (fraction * float dense)

    let macs =
        whole.Epochs |> List.map (fun e -> e.WouldBe |> Option.map (fun c -> c.Macs))

    Assert.All(macs[1..], fun cost -> Assert.InRange(Option.get cost, 1L, allowed))
    // Two of six epochs, the first of them without γ.
    Assert.Equal(Some dense, macs[0])

    let missing = allowed - (List.last macs |> Option.get)
    Assert.InRange(missing, 0L, cheapest whole.State.Numbers |> Option.get)

    use stop = new CancellationTokenSource()

    let stopAt event =
        match event with
        | Stepped s when s.Epoch = stopped && s.Step = 7 -> stop.Cancel()
        | _ -> ()

    match Train.run (settings None) network dataset.Value recipe stopAt stop.Token with
    | Error(Stopped state) ->
        let rest = Engine.ok (train recipe (Some state))
        Assert.Equal<Weights<float32>>(whole.State.Numbers, rest.State.Numbers)
        Assert.Equal(whole.State.Pressure, rest.State.Pressure)
    | other -> Assert.Fail $"%A{other}"

[<Theory>]
[<InlineData(0.5)>]
[<InlineData(1.5)>]
[<InlineData(4.0)>]
let ``a target holds after the epochs that the recipe says, and is not pressed for in the first half of them``
    (by: float)
    =
    let recipe = {
        recipe with
            Epochs = 4
            Target = { Target.none with Macs = Some 0.5 }
            TargetBy = Some by
    }

    let whole = Engine.ok (train recipe None)
    let dense = (Cost.ofNetwork network).Macs

    for i, report in List.indexed whole.Epochs do
        let macs = (Option.get report.WouldBe).Macs
        let time = float (i + 1)

        if time >= by then
            Assert.InRange(macs, 1L, dense / 2L)
        elif time <= by / 2.0 then
            Assert.Equal(dense, macs)

[<Fact>]
let ``a target within half an epoch is pressed for a dozen times in its second quarter`` () =
    let recipe = {
        recipe with
            Epochs = 6
            Target = { Target.none with Macs = Some 0.5 }
            TargetBy = Some 0.5
    }

    let due perEpoch =
        [ 0L .. int64 (6 * perEpoch) - 1L ]
        |> List.filter (Control.isDue recipe perEpoch)

    Assert.Equal(50L, TargetCourse.steps recipe 100)
    Assert.Equal(25L, Control.free recipe 100)

    Assert.Equal<int64 list>(
        [ 0L; 25L; 28L; 30L; 32L; 34L; 36L; 38L; 40L; 42L; 44L; 46L; 48L; 50L ]
        @ [ 100L; 200L; 300L; 400L; 500L ],
        due 100
    )

    // Fewer steps than looks: one at each.
    Assert.Equal<int64 list>([ 0L; 2L; 3L; 4L; 5L ] @ [ 9L; 18L; 27L; 36L; 45L ], due 9)

[<Fact>]
let ``when a target holds is within the epochs, and beside a limit`` () =
    let said by target =
        match
            train
                {
                    recipe with
                        Target = target
                        TargetBy = Some by
                }
                None
        with
        | Error error -> TrainError.message error
        | Ok _ -> "it trained"

    let half = { Target.none with Macs = Some 0.5 }
    let outside = "it must be above 0 and at most 3, the epochs."
    Assert.Equal($"`by` of `target` is 3.5; {outside}", said 3.5 half)
    Assert.Equal($"`by` of `target` is 0; {outside}", said 0.0 half)
    Assert.Equal($"`by` of `target` is NaN; {outside}", said nan half)

    Assert.Equal(
        "`by` of `target` is 1; it must be beside a limit, such as `macs`.",
        said 1.0 Target.none
    )

/// Two branches, each of which may go as long as the other one stays.
let private branches =
    let branch name width kernel = [
        Nets.plain $"{name}.conv" (Nets.conv width kernel 1 false)
        Nets.withFactors Neuron width $"{name}.bn" Nets.bn
        Nets.plain $"{name}.relu" (Op.Activation Relu)
    ]

    Nets.network (Shape.create 1 8 8) [
        Nets.concat "c" [ branch "a" 6 1; branch "b" 8 3 ]
        Nets.plain "pool" (Op.GlobalPool Average)
        Nets.plain "dense" (Nets.dense 10)
    ]

[<Theory>]
[<InlineData(0.5)>]
[<InlineData(0.02)>]
[<InlineData(0.001)>]
let ``a target never takes the last way from the input to the output`` (most: float) =
    let recipe = {
        recipe with
            Epochs = 6
            Target = { Target.none with Macs = Some most }
    }

    let trained =
        Train.run (settings None) branches dataset.Value recipe ignore CancellationToken.None
        |> Engine.ok

    let selected =
        Selection.select Selection.defaults trained.Network trained.Numbers |> Engine.ok

    let macs network = (Cost.ofNetwork network).Macs
    // One channel of a branch, and the last layer.
    let cheap, dear = 64L + 10L, 9L * 64L + 10L
    Assert.InRange(macs selected.Network, cheap, max dear (int64 (most * float (macs branches))))

let private fileSize network = CostLimit.numbersSize network + 1000L

/// A time that goes with the macs, as a machine without overhead would have it.
let private timed: CostMeasures =
    let predict network =
        float (Cost.ofNetwork network).Macs / 1e5

    {
        FileSize = fileSize
        Latency =
            Some {
                Predict = predict
                FirstFactor = 1.0
                Dense = predict network
                Multiple = 1
                Measure = None
            }
        Select = Selection.defaults
    }

/// What a run with a target and these measures ends with.
let private trainedTo measures target =
    Train.run
        {
            settings None with
                Measures = measures
        }
        network
        dataset.Value
        {
            recipe with
                Epochs = 4
                Target = target
        }
        ignore
        CancellationToken.None
    |> Engine.ok

[<Theory>]
[<InlineData(4, false)>]
[<InlineData(8, true)>]
let ``a target counts what selection rounds up and keeps`` (round: int) (keepFactors: bool) =
    let select = {
        Round = round
        KeepFactors = keepFactors
    }

    let measures = {
        CostLimit.noMeasures with
            Select = select
    }

    let trained =
        trainedTo measures {
            Target.none with
                Macs = Some 0.5
                Params = Some 0.6
        }

    let selected = Selection.select select trained.Network trained.Numbers |> Engine.ok
    let dense, left = Cost.ofNetwork network, Cost.ofNetwork selected.Network
    Assert.InRange(left.Macs, dense.Macs / 10L, dense.Macs / 2L)
    Assert.InRange(left.Params, 1L, int64 (0.6 * float dense.Params))

[<Fact>]
let ``every limit of a target holds, whichever is the tightest`` () =
    let dense = Cost.ofNetwork network
    let size = fileSize network

    let selected target =
        let trained = trainedTo timed target

        let selected =
            Selection.select Selection.defaults trained.Network trained.Numbers |> Engine.ok

        selected.Network

    let parameters network = (Cost.ofNetwork network).Params
    let macs network = (Cost.ofNetwork network).Macs

    let small = selected { Target.none with Params = Some 0.4 }
    Assert.InRange(parameters small, dense.Params / 5L, int64 (0.4 * float dense.Params))

    let small =
        selected {
            Target.none with
                Size = Some(size / 2L)
        }

    Assert.InRange(fileSize small, size / 4L, size / 2L)

    let small =
        selected {
            Target.none with
                Latency = Some(LatencyLimit.OfDense 0.5)
        }

    Assert.InRange(macs small, dense.Macs / 4L, dense.Macs / 2L)

    let small =
        selected {
            Target.none with
                Macs = Some 0.9
                Params = Some 0.5
                Latency = Some(LatencyLimit.Milliseconds(0.6 * float dense.Macs / 1e5))
        }

    Assert.InRange(parameters small, 1L, int64 (0.5 * float dense.Params))
    Assert.InRange(macs small, 1L, int64 (0.6 * float dense.Macs))

[<Fact>]
let ``where an engine computes channels in lanes, a channel saves its part of a lane`` () =
    use _ = Engine.scope ()

    use trainer =
        Trainer.import
            (Engine.get ())
            (FactorRule.ofRecipe FactorMethod.Apg recipe)
            recipe
            (TrainState.start network (Init.weights 1 network))
        |> Engine.ok

    let slots = List.zip trainer.Model.Layout.Scales trainer.Model.Layout.Factors
    let alive = Array.create (int trainer.Model.Factors.Values.NumberOfElements) 1.0

    // A layer costs 100 for each lane of four channels that it needs, whole or not; a block 7.
    let costOf isAlive =
        slots
        |> List.sumBy (fun (f, slot) ->
            let kept =
                Seq.init (int slot.Count) (fun i -> int slot.Offset + i)
                |> Seq.filter isAlive
                |> Seq.length

            match f.Scale.Kind with
            | Neuron
            | Shared -> 100L * int64 ((kept + 3) / 4)
            | Group
            | Block -> 7L * int64 kept
        )

    let savings lane =
        Control.savings costOf lane trainer alive

    for f, slot in slots do
        let ofOne, ofLane = (savings 1)[int slot.Offset], (savings 4)[int slot.Offset]

        match f.Scale.Kind with
        | Neuron
        | Shared -> Assert.Equal((0.0, 25.0), (ofOne, ofLane))
        | Group
        | Block -> Assert.Equal((7.0, 7.0), (ofOne, ofLane))

[<Fact>]
let ``a target of latency without a profile is refused`` () =
    let recipe = {
        recipe with
            Target = {
                Target.none with
                    Latency = Some(LatencyLimit.OfDense 0.5)
            }
    }

    match train recipe None with
    | Error error -> Assert.Equal(NoProfile, error)
    | Ok _ -> Assert.Fail "it trained"

[<Property>]
let ``the controller is asked at the first step, where pressing begins, a dozen times until the target holds, and at each epoch's start after``
    (epochs: PositiveInt)
    (stepsPerEpoch: PositiveInt)
    (by: PositiveInt option)
    =
    let epochs, stepsPerEpoch = epochs.Get, stepsPerEpoch.Get

    let recipe = {
        recipe with
            Epochs = epochs
            TargetBy = by |> Option.map (fun n -> float n.Get / 8.0)
    }

    let last = TargetCourse.steps recipe stepsPerEpoch
    let free = Control.free recipe stepsPerEpoch
    let steps = [ 0L .. int64 (epochs * stepsPerEpoch) - 1L ]
    let due = steps |> List.filter (Control.isDue recipe stepsPerEpoch)
    let pressed = due |> List.filter (fun step -> step >= free && step < last)
    let after = due |> List.filter (fun step -> step >= last)

    Assert.Equal<int64 list>(
        List.distinct [ 0L; free ],
        due |> List.filter (fun step -> step <= free)
    )

    Assert.True(pressed.Length >= int (min 12L (last - free)))

    Assert.Equal<int64 list>(
        // The step at which it holds may be within an epoch.
        steps
        |> List.filter (fun s -> s = last || s > last && s % int64 stepsPerEpoch = 0L),
        after
    )

[<Fact>]
let ``settings and labels out of bounds are named`` () =
    let fault settings recipe dataset =
        match Train.run settings network dataset recipe ignore CancellationToken.None with
        | Ok _ -> None
        | Error e -> Some(TrainError.message e)

    let good = settings None
    let data = dataset.Value

    Assert.Equal(
        Some "`batch` is 0; it must be 1 or more.",
        fault good { recipe with Batch = 0 } data
    )

    Assert.Equal(
        Some "`lr` is NaN; it must be a number of 0 or more.",
        fault good { recipe with Lr = nan } data
    )

    Assert.Equal(
        Some "The number of threads is 0; it must be 1 or more.",
        fault { good with Threads = Some 0 } recipe data
    )

    let labels = Array.copy data.Train.Labels
    labels[3] <- 10

    let wrong = {
        data with
            Train = {
                data.Train with
                    Targets = Targets.Labels labels
            }
    }

    Assert.Equal(
        Some "Training image 3 has the label 10; labels are 0 to 9.",
        fault good recipe wrong
    )

    let none = Dataset.limit 0 data
    Assert.Equal(Some "The training set has no images.", fault good recipe none)
