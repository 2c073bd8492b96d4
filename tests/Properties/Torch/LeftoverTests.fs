/// What a step leaves in native memory. The garbage collector knows nothing of that memory and frees
/// what was not disposed late; until then it lies between the activations' stretches, which then are
/// too short to be used again. A handful of bytes per step so became gigabytes.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.LeftoverTests

open System
open System.Diagnostics
open System.Runtime.InteropServices
open Xunit
open Sss.Core
open Sss.Torch
open TorchSharp

/// glibc's `struct mallinfo2`.
[<Struct; StructLayout(LayoutKind.Sequential)>]
type private MallInfo = {
    Arena: unativeint
    FreeChunks: unativeint
    FastChunks: unativeint
    MappedChunks: unativeint
    Mapped: unativeint
    Unused: unativeint
    FastBytes: unativeint
    InUse: unativeint
    Free: unativeint
    Top: unativeint
}

[<DllImport("libc.so.6")>]
extern MallInfo private mallinfo2()

/// A test that asks glibc (2.33 or later) what is allocated.
[<Sealed>]
type NeedsMallInfo() as fact =
    inherit TheoryAttribute()

    do
        let hasIt =
            match NativeLibrary.TryLoad "libc.so.6" with
            | true, handle -> fst (NativeLibrary.TryGetExport(handle, "mallinfo2"))
            | _ -> false

        if not hasIt then
            fact.Skip <- "needs glibc 2.33 or later"

let private inUse () =
    let info = mallinfo2 ()
    int64 info.InUse + int64 info.Mapped

let private steps = 30

/// More than so many steps allocate on the managed heap, in bytes. All of it is made ready for each round, which takes
/// most of a round's time.
let private noCollection = 16_000_000L

/// The bytes that work leaves a step while nothing is collected: what a quarter of the rounds stays
/// at or below. The runtime allocates as well while it compiles, and now and then frees; what work
/// leaves, it leaves in each round.
let private leftBy (work: int -> unit) =
    let round () =
        GC.Collect()
        GC.WaitForPendingFinalizers()
        let isHeld = GC.TryStartNoGCRegion noCollection
        let collections, before = GC.CollectionCount 0, inUse ()
        Seq.iter work (seq { 1..steps })
        let left = inUse () - before

        if not isHeld || GC.CollectionCount 0 > collections then
            infinity
        else
            GC.EndNoGCRegion()
            float left / float steps

    // What is made once is made before, and what is called often is compiled by then.
    let clock = Stopwatch.StartNew()

    while clock.Elapsed < TimeSpan.FromSeconds 1.0 do
        round () |> ignore

    [ for _ in 1..20 -> round () ] |> List.sort |> List.item 4

/// A 3×3 convolution whose weights get their gradient as a product of matrices.
let private wide =
    Nets.network (Shape.create 128 2 2) [
        Nets.plain "conv1" (Nets.conv 128 3 1 false)
        Nets.withFactors Neuron 128 "bn1" Nets.bn
        Nets.plain "relu1" (Op.Activation Relu)
        Nets.plain "pool" (Op.GlobalPool Average)
        Nets.plain "dense" (Nets.dense 3)
    ]

/// What the smallest object takes.
let private least = 32.0

/// Fails where work leaves as many objects or more, each time.
let private leavesLessThan (objects: int) (work: int -> unit) =
    let left = leftBy work
    Assert.True(left < least * float objects, $"{left} bytes each time")

/// The functions that TorchSharp hands to native code for each use of a gradient of one's own; their
/// stubs are freed with the next collection, and nobody else can free them.
let private stubs = 3

[<NeedsMallInfo>]
[<InlineData("everything", "apg", "float32")>]
[<InlineData("everything", "apg", "bf16")>]
[<InlineData("everything", "published", "float32")>]
[<InlineData("wide", "apg", "float32")>]
let ``a step of training leaves nothing in native memory`` name method precision =
    use _ = Engine.scope ()

    let network, known = if name = "wide" then wide, stubs else Nets.everything, 0

    let recipe = { Recipe.defaults with Decay = 1e-4 }
    let precision = (Precision.tryParse precision).Value
    let engine = Engine.get () |> LibTorch.choose Cpu precision |> Engine.ok
    let state = TrainState.start network (Init.weights 1 network)

    use trainer =
        Trainer.import
            engine
            (FactorRule.ofRecipe (FactorMethod.tryParse(method).Value) recipe)
            recipe
            state
        |> Engine.ok

    let s = network.Input

    let batch: Loaded = {
        Images = torch.randn [| 8L; int64 s.Channels; int64 s.Height; int64 s.Width |]
        Targets = torch.zeros ([| 8L |], dtype = Nullable ScalarType.Int64)
        LeftOut = []
    }

    leavesLessThan (1 + known) (fun step -> trainer.Step(batch, 0.01, int64 step) |> ignore)

[<NeedsMallInfo>]
[<InlineData false>]
[<InlineData true>]
let ``a step of the factors leaves nothing in native memory`` onTensors =
    use _ = Engine.scope ()
    let n = 12

    use vector = Engine.factors n
    let start = Array.create n 1.0f

    for penalty in Engine.penalties do
        use step =
            new FactorStep(
                vector,
                FactorState.start start,
                Engine.pressed [ n ] start (Engine.rule penalty),
                onTensors
            )

        leavesLessThan 1 (fun _ -> step.Step 0.001)

[<NeedsMallInfo>]
[<InlineData 1>]
[<InlineData 300>]
let ``an evaluation leaves nothing in native memory`` count =
    use _ = Engine.scope ()
    let network = Nets.everything

    use model =
        Model.create (Engine.get ()) network (Init.weights 1 network) |> Engine.ok

    let images = Exactness.randomImages 1 count network |> Array.map float32

    leavesLessThan 1 (fun _ -> Evaluate.scores model (ReadOnlyMemory images) |> ignore)

[<NeedsMallInfo>]
[<InlineData 1>]
[<InlineData 300>]
let ``a prediction leaves nothing in native memory`` count =
    use _ = Engine.scope ()
    let network = Nets.everything

    use predictor =
        Predictor.create (Engine.get ()) None network (Init.weights 1 network)
        |> Engine.ok

    let images = Exactness.randomImages 1 count network |> Array.map float32
    let scores = Array.zeroCreate (count * network.Classes)

    leavesLessThan 1 (fun _ -> predictor.Run(ReadOnlySpan images, scores.AsSpan()))
