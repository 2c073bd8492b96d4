/// Trainings that end before their last epoch.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.EarlyStopTests

open System
open System.Threading
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Torch.Small

/// How many epochs are done of these losses and macs.
let private epochs (most: int) (course: (float * int64) list) =
    let recipe = {
        Recipe.defaults with
            StopAfter = Some most
    }

    let rec go done' last rest =
        match rest with
        | _ when EarlyStop.isOver recipe done' last -> done'
        | [] -> done'
        | (loss, macs) :: rest -> go (done' + 1) (Some(EarlyStop.after last done' loss macs)) rest

    go 0 None course

[<Property>]
let ``it ends at the first epoch with N epochs before it that were no progress``
    (n: PositiveInt)
    (course: (NormalFloat * byte) list)
    =
    let most = 1 + n.Get % 5
    let course = course |> List.map (fun (loss, macs) -> loss.Get, int64 macs)
    let all = Array.ofList course

    let isProgress i =
        let before = Array.truncate i all

        before.Length = 0
        || fst all[i] < (before |> Array.map fst |> Array.min)
        || snd all[i] < (before |> Array.map snd |> Array.min)

    let expected =
        [ most + 1 .. all.Length ]
        |> List.tryFind (fun k -> [ k - most .. k - 1 ] |> List.forall (isProgress >> not))
        |> Option.defaultValue all.Length

    Assert.Equal(expected, epochs most course)

[<Fact>]
let ``a loss that is no number is no progress, and without stop no training ends early`` () =
    Assert.Equal(3, epochs 2 [ nan, 5L; nan, 5L; nan, 5L; nan, 5L ])
    Assert.Equal(4, epochs 3 [ nan, 5L; 1.0, 5L; 1.0, 5L; 0.5, 5L ])
    let last = Some(EarlyStop.after None 0 1.0 1L)
    Assert.False(EarlyStop.isOver Recipe.defaults 1000 last)

[<Property>]
let ``ranks get what the first one knows``
    (epoch: NonNegativeInt)
    (NormalFloat loss)
    (macs: int64)
    =
    let last = Some(EarlyStop.after None epoch.Get loss macs)
    Assert.Equal(last, EarlyStop.ofBytes (EarlyStop.toBytes last))
    Assert.Equal(None, EarlyStop.ofBytes (EarlyStop.toBytes None))

let private stopping = {
    recipe with
        Epochs = 25
        Schedule = Constant
        Gamma = Gamma.none
        Augment = Augment.none
        StopAfter = Some 2
}

let private held from = {
    settings from with
        Validation = Some 0.2
}

let private run recipe from emit stop =
    Train.run (held from) network dataset.Value recipe emit stop

/// Without what only a recipe with `stop` notes.
let private plain (state: TrainState) = {
    timeless state with
        LastProgress = None
}

[<Fact>]
let ``it ends early with the bits of the shorter run, and stays ended`` () =
    let heard = ResizeArray<int * int>()

    let hear event =
        match event with
        | EndedEarly(epochs, without) -> heard.Add((epochs, without))
        | _ -> ()

    let whole = Engine.ok (run stopping None hear CancellationToken.None)
    let count = whole.State.Epoch
    Assert.True(count < 25, "it did not end early")
    Assert.Equal<(int * int) list>([ count, 2 ], List.ofSeq heard)
    Assert.Equal(count, whole.Epochs.Length)

    let losses =
        whole.Epochs |> List.map (fun e -> e.Validation.Value.Loss) |> Array.ofList

    Assert.True(Array.min losses[.. count - 3] <= Array.min losses[count - 2 ..])

    let short =
        Engine.ok (
            run
                {
                    stopping with
                        Epochs = count
                        StopAfter = None
                }
                None
                ignore
                CancellationToken.None
        )

    Assert.Equal<TrainState>(plain short.State, plain whole.State)
    Assert.Equal<Weights<float32>>(short.Numbers, whole.Numbers)

    let again = Engine.ok (run stopping (Some whole.State) hear CancellationToken.None)
    Assert.Equal<TrainState>(timeless whole.State, timeless again.State)

    // Stopped on the way, the same.
    use stop = new CancellationTokenSource()

    let cancel event =
        match event with
        | EpochDone report when report.Epoch = 1 -> stop.Cancel()
        | _ -> ()

    match run stopping None cancel stop.Token with
    | Error(Stopped state) ->
        Assert.True state.LastProgress.IsSome
        let rest = Engine.ok (run stopping (Some state) ignore CancellationToken.None)
        Assert.Equal<TrainState>(timeless whole.State, timeless rest.State)
    | other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``with a target it does not look before the target holds`` () =
    let recipe = {
        stopping with
            Epochs = 10
            StopAfter = Some 1
            Target = { Target.none with Macs = Some 0.5 }
    }

    let trained = Engine.ok (run recipe None ignore CancellationToken.None)
    let deadline = int (TargetCourse.deadline recipe)
    Assert.Equal(3, deadline)
    Assert.True(trained.State.Epoch > deadline, $"it ended after epoch {trained.State.Epoch}")
    Assert.True(trained.State.LastProgress.Value.Epoch + 1 >= deadline)

    let smaller =
        Engine.ok (Selection.select Selection.defaults trained.Network trained.Numbers)

    let macs (n: Network) = float (Cost.ofNetwork n).Macs
    Assert.True(macs smaller.Network <= 0.5 * macs network)

[<Fact>]
let ``without images held out it is refused`` () =
    match train stopping None with
    | Error error ->
        Assert.Equal(
            "The recipe has `stop`, which looks at the loss on images that are held out, and none are. Hold some out, with `--validation 0.1`, or remove `stop`.",
            TrainError.message error
        )
    | Ok _ -> Assert.Fail "it was trained"

[<Fact>]
let ``a recipe with stop and no images held out ends all ranks in order`` () =
    Assert.True(PipelineError.isCommon (NotTrained NoValidation))
