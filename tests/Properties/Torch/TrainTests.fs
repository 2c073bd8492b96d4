/// Optimizers, the loop, and what it promises.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.TrainTests

open System
open System.Diagnostics
open System.Threading
open Xunit
open FsCheck.Xunit
open Sss
open Sss.Files
open Sss.Torch
open TorchSharp

let private dataset = lazy (Engine.ok (Dataset.load Digits))

/// Two residual blocks on digits: small enough for a test, with neuron and block factors.
let private network =
    let block name width = [
        Nets.residual name true [
            Nets.plain $"{name}.conv1" (Nets.conv width 3 1 false)
            Nets.withFactors Neuron width $"{name}.bn1" Nets.bn
            Nets.plain $"{name}.relu1" (Op.Activation Relu)
            Nets.plain $"{name}.conv2" (Nets.conv width 3 1 false)
            Nets.plain $"{name}.bn2" Nets.bn
        ] []
        Nets.plain $"{name}.relu2" (Op.Activation Relu)
    ]

    Nets.network
        (Shape.create 1 8 8)
        ([
            Nets.plain "conv1" (Nets.conv 8 3 1 false)
            Nets.plain "bn1" Nets.bn
            Nets.plain "relu1" (Op.Activation Relu)
         ]
         @ block "a" 8
         @ [
             Nets.plain "conv2" (Nets.conv 16 3 2 false)
             Nets.plain "bn2" Nets.bn
             Nets.plain "relu2" (Op.Activation Relu)
         ]
         @ block "b" 16
         @ [
             Nets.plain "pool" (Op.GlobalPool Average)
             Nets.plain "drop" (Op.Dropout 0.05)
             Nets.plain "dense" (Nets.dense 10)
         ])

let private recipe = {
    Recipe.defaults with
        Epochs = 3
        Batch = 64
        Gamma = {
            Neuron = 0.01
            Group = 0.0
            Block = 0.03
        }
        Augment = { Crop = 1; Flip = false }
}

let private settings from = {
    Engine = Engine.get ()
    Threads = Some 1
    Method = FactorMethod.Apg
    From = from
}

let private train recipe from =
    Train.run (settings from) network dataset.Value recipe ignore CancellationToken.None

/// NAG on plain arrays, at double precision.
let private nag rate momentum decay (w: float[]) (v: float[]) (g: float[]) =
    let g = Array.map2 (fun g w -> g + decay * w) g w
    let v = Array.map2 (fun v g -> momentum * v + g) v g
    Array.mapi (fun i w -> w - rate * (g[i] + momentum * v[i])) w, v

[<Property(MaxTest = 20)>]
let ``a weight step is Nesterov's, with decay where it belongs`` (seed: int) =
    use _ = Engine.scope ()

    let slots = [
        {
            Key = "a"
            Shape = [ 20 ]
            Offset = 0L
            Count = 20L
        }
        {
            Key = "b"
            Shape = [ 5 ]
            Offset = 32L
            Count = 5L
        }
    ]

    use vector = new FlatVector(slots, 48L, ScalarType.Float64)
    use optimizer = new Nag(vector, 32L, 0.01, 0.9)
    let struct (draws, _) = Rng.many Rng.normal (48 * 4) (Rng.create seed)
    let start = draws[..47]
    start.AsSpan().CopyTo(Memory.span<float> vector.Values)
    let mutable decayed = start[..31], Array.zeroCreate 32
    let mutable other = start[32..], Array.zeroCreate 16

    for t in 1..3 do
        let gradient = draws[48 * t .. 48 * t + 47]
        gradient.AsSpan().CopyTo(Memory.span<float> vector.Gradient)
        let rate = 0.1 / float t
        optimizer.Step rate
        decayed <- nag rate 0.9 0.01 (fst decayed) (snd decayed) gradient[..31]
        other <- nag rate 0.9 0.0 (fst other) (snd other) gradient[32..]

    let expected = Array.append (fst decayed) (fst other)
    let found = (Memory.span<float> vector.Values).ToArray()
    Assert.All(Array.zip expected found, fun (e, f) -> Assert.True(abs (e - f) < 1e-12))
    Assert.All((Memory.span<float> vector.Gradient).ToArray(), fun g -> Assert.Equal(0.0, g))

[<Property(MaxTest = 50)>]
let ``a factor step is the pure Apg step`` (seed: int) =
    use _ = Engine.scope ()
    let n = 13

    let slots = [
        {
            Key = "f"
            Shape = [ n ]
            Offset = 0L
            Count = int64 n
        }
    ]

    use vector = new FlatVector(slots, int64 n, ScalarType.Float32)
    let struct (draws, _) = Rng.many Rng.normal (n * 5) (Rng.create seed)
    let part k = draws[n * k .. n * k + n - 1]
    let start = part 0 |> Array.map (fun z -> float32 (abs z))
    start.AsSpan().CopyTo(Memory.span<float32> vector.Values)
    let step = FactorStep(vector, FactorMethod.Apg, Array.create n 0.5f, 0.9)
    let penalty = NonNegativeL1.create 0.5 |> Engine.ok
    let mutable state = Apg.start (Array.map float start)

    for t in 1..4 do
        let gradient = part t |> Array.map float32
        gradient.AsSpan().CopyTo(Memory.span<float32> vector.Gradient)
        step.Step 0.1
        state <- Apg.step 0.1 0.9 penalty (Array.map float gradient) state

    let probe = (Memory.span<float32> vector.Values).ToArray()

    let close (a: float) (b: float32) =
        Assert.True(abs (a - float b) < 1e-5, $"{a} {b}")

    Array.iter2 close state.Iterate step.Iterate
    Array.iter2 close state.Probe probe

[<Property(MaxTest = 50)>]
let ``the published recursions can be had by name`` (seed: int) =
    use _ = Engine.scope ()
    let n = 9

    let slots = [
        {
            Key = "f"
            Shape = [ n ]
            Offset = 0L
            Count = int64 n
        }
    ]

    let struct (draws, _) = Rng.many Rng.normal (n * 5) (Rng.create seed)

    let part k =
        draws[n * k .. n * k + n - 1] |> Array.map float32

    for clamp, name in [ Clamp.AfterMomentum, "published"; Clamp.Never, "published-unclamped" ] do
        use vector = new FlatVector(slots, int64 n, ScalarType.Float32)
        (part 0).AsSpan().CopyTo(Memory.span<float32> vector.Values)
        let method = FactorMethod.tryParse name |> Option.get
        let step = FactorStep(vector, method, Array.create n 0.5f, 0.9)
        let mutable state = Published.start (part 0)

        for t in 1..4 do
            (part t).AsSpan().CopyTo(Memory.span<float32> vector.Gradient)
            step.Step 0.1
            state <- Published.step clamp 0.1f 0.9f 0.5f (part t) state

        Assert.Equal<float32[]>(state.Stored, (Memory.span<float32> vector.Values).ToArray())
        Assert.Equal<float32[]>(state.Stored, step.Iterate)
        Assert.Equal<float32[]>(state.Velocity, step.Velocity)

[<Fact>]
let ``same seed, same bits; another seed, other bits`` () =
    let short = { recipe with Epochs = 1 }
    let first = Engine.ok (train short None)
    let second = Engine.ok (train short None)
    let other = Engine.ok (train { short with Seed = 2 } None)
    Assert.Equal<TrainState>(first.State, second.State)
    Assert.NotEqual<TrainState>(first.State, other.State)

[<Fact>]
let ``stopped and gone on gives the bits of one go`` () =
    let whole = Engine.ok (train recipe None)
    use stop = new CancellationTokenSource()
    let mutable steps = 0

    let count event =
        match event with
        | Stepped _ ->
            steps <- steps + 1

            if steps = 30 then
                stop.Cancel()
        | _ -> ()

    match Train.run (settings None) network dataset.Value recipe count stop.Token with
    | Error(Stopped state) ->
        Assert.Equal(30L, state.Step)
        let rest = Engine.ok (train recipe (Some state))
        Assert.Equal<TrainState>(whole.State, rest.State)
    | other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``digits are learned, and the loss and counts are reported`` () =
    let trained = Engine.ok (train { recipe with Epochs = 6 } None)
    let last = List.last trained.Epochs
    Assert.Equal(6, trained.Epochs.Length)
    Assert.True(last.Accuracy > 0.9, $"training accuracy {last.Accuracy}")
    Assert.True(last.Loss < trained.Epochs.Head.Loss)

    Assert.Equal<(FactorKind * int) list>(
        [ Block, 2; Neuron, 24 ],
        last.Factors |> List.map (fun f -> f.Kind, f.Total) |> List.sort |> List.rev
    )

    use model = Engine.ok (Model.create (Engine.get ()) network trained.State.Numbers)
    let result = Evaluate.run model dataset.Value dataset.Value.Test
    Assert.Equal(359, result.Count)
    Assert.True(result.Accuracy > 0.9, $"test accuracy {result.Accuracy}")
    // The same numbers in another model give the same bits.
    use again = Engine.ok (Model.create (Engine.get ()) network (Model.weights model))
    Assert.Equal(result, Evaluate.run again dataset.Value dataset.Value.Test)

[<Fact>]
let ``a loss that is no number is an outcome`` () =
    match train { recipe with Lr = 1e20 } None with
    | Error(Diverged(epoch, loss)) ->
        Assert.False(Double.IsFinite loss)
        Assert.InRange(epoch, 0, 2)
    | other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``a running variance that is no number is an outcome`` () =
    let network =
        Nets.network (Shape.create 1 8 8) [
            Nets.plain "dense1" (Nets.dense 4)
            Nets.plain "bn1" Nets.bn
            Nets.plain "dense2" (Nets.dense 10)
        ]

    // One image a batch: one value a channel, whose unbiased variance is 0/0.
    let recipe = { recipe with Epochs = 1; Batch = 1 }
    let few = Dataset.limit 8 dataset.Value

    match Train.run (settings None) network few recipe ignore CancellationToken.None with
    | Error(Diverged(0, _)) -> ()
    | other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``memory does not grow with the steps`` () =
    let resident () =
        GC.Collect()
        use self = Process.GetCurrentProcess()
        float self.WorkingSet64 / 1048576.0

    let mutable early = 0.0
    let mutable late = 0.0
    let mutable steps = 0

    let watch event =
        match event with
        | Stepped _ ->
            steps <- steps + 1

            if steps = 100 then
                early <- resident ()
            elif steps = 400 then
                late <- resident ()
        | _ -> ()

    let recipe = {
        recipe with
            Epochs = 100
            Batch = 14 * 10
    }

    use stop = new CancellationTokenSource()

    let watchAndStop event =
        watch event

        if steps = 400 then
            stop.Cancel()

    Train.run (settings None) network dataset.Value recipe watchAndStop stop.Token
    |> ignore
    // One leaked activation a step would be 140 x 8 x 8 x 8 x 4 bytes x 300 = 82 MiB.
    Assert.True(late - early < 30.0, $"{early} MiB after 100 steps, {late} after 400")
