/// How many threads training computes with.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.ThreadTests

open System
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Torch

let private free threads = {
    Threads = threads
    Reason = ThreadReason.Free
}

[<Property>]
let ``without other work the number is LibTorch's own, at most that of the cores``
    (usual: PositiveInt)
    (cores: PositiveInt)
    =
    let most = min usual.Get cores.Get

    Assert.Equal(free most, ThreadChoice.ofLoad usual.Get cores.Get None)

    Assert.Equal(
        free most,
        ThreadChoice.ofLoad usual.Get cores.Get (Some(0.0, max usual.Get cores.Get))
    )

[<Property>]
let ``more work of others never gives more threads, and one is always left``
    (usual: PositiveInt)
    (cores: PositiveInt)
    (NormalFloat first)
    (NormalFloat second)
    =
    let processors = cores.Get
    let busy (x: float) = min (abs x) (float processors)
    let less, more = min (busy first) (busy second), max (busy first) (busy second)

    let threads load =
        (ThreadChoice.ofLoad usual.Get cores.Get (Some(load, processors))).Threads

    Assert.True(threads more <= threads less)
    Assert.InRange(threads more, 1, min usual.Get cores.Get)
    // A processor that is less than half busy counts as free.
    Assert.True(threads more = 1 || float (threads more) + more <= float processors + 0.5)

[<Fact>]
let ``the cases that documentation names`` () =
    let choose busy processors =
        ThreadChoice.ofLoad 2 2 (Some(busy, processors))

    Assert.Equal(free 2, choose 0.4 2)

    let one = choose 1.0 2
    Assert.Equal(1, one.Threads)
    Assert.Equal(Some "other processes use 1.0 of 2 cores", ThreadChoice.reason one)
    Assert.Equal(1, (choose 2.0 2).Threads)
    // A container with a quota of 2 on a machine of 64: others have to leave fewer than that.
    Assert.Equal(free 2, ThreadChoice.ofLoad 64 2 (Some(30.0, 64)))
    Assert.Equal(11, (ThreadChoice.ofLoad 16 16 (Some(5.2, 16))).Threads)

[<Fact>]
let ``a given number counts most, then that of the run that is continued`` () =
    let never () : ThreadChoice = failwith "the load is asked for"
    let given = ThreadChoice.decide (Some 3) (Some 5) 2 never
    Assert.Equal((3, None), (given.Threads, ThreadChoice.reason given))

    let continued = ThreadChoice.decide None (Some 5) 2 never

    Assert.Equal(
        (5, Some "the run began with that number"),
        (continued.Threads, ThreadChoice.reason continued)
    )

    let usual = ThreadChoice.decide None (Some 2) 2 never
    Assert.Equal((2, None), (usual.Threads, ThreadChoice.reason usual))
    Assert.Equal(free 4, ThreadChoice.decide None None 2 (fun () -> free 4))

[<Fact>]
let ``the load is that of the processors that may be used, without what gives way`` () =
    Assert.Equal<Set<int>>(set [ 0; 1; 2; 3; 8 ], MachineLoad.processors " 0-3,8\n")
    Assert.Equal<Set<int>>(set [ 5 ], MachineLoad.processors "5,x-y,")

    let stat =
        "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 100 7 20 900 5 1 2 3 0 0\ncpu1 1000 0 0 0 0 0 0 0 0 0\ncpu10 50 0 50 0 0 0 0 0 0 0\nintr 5"

    Assert.Equal(Some 1.26, MachineLoad.busy (set [ 0 ]) stat)
    Assert.Equal(Some 2.26, MachineLoad.busy (set [ 0; 10 ]) stat)
    Assert.Equal(None, MachineLoad.busy (set [ 4 ]) stat)
    Assert.Equal(None, MachineLoad.busy (set [ 0 ]) "cpu0 1 2")

    let sample at busy own = {
        At = at
        Busy = busy
        Own = own
        Processors = 2
    }

    let others first second =
        MachineLoad.others first second |> Option.map (fun x -> Math.Round(x, 6))

    Assert.Equal(Some 0.75, others (sample 0.0 10.0 1.0) (sample 2.0 12.5 2.0))
    Assert.Equal(Some 0.0, others (sample 0.0 10.0 1.0) (sample 2.0 10.5 2.0))
    Assert.Equal(Some 2.0, others (sample 0.0 10.0 1.0) (sample 1.0 15.0 1.0))
    Assert.Equal(None, others (sample 0.0 10.0 1.0) (sample 0.1 10.1 1.0))

[<Fact>]
let ``this machine can be asked`` () =
    match MachineLoad.take () with
    | None -> Assert.False(OperatingSystem.IsLinux())
    | Some sample ->
        Assert.True(sample.Processors >= 1 && sample.Busy > 0.0 && sample.Own > 0.0)
        let choice = LibTorch.chooseThreads (Some sample) (Engine.get ())
        Assert.InRange(choice.Threads, 1, max 1 Environment.ProcessorCount)
