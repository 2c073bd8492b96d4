/// The two update rules against plain arithmetic.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.OptimizerTests

open System
open Xunit
open FsCheck.Xunit
open Sss.Core
open Sss.Torch
open TorchSharp

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
            Key = ArrayKey.make ArrayPart.Weight "a"
            Shape = [ 20 ]
            Offset = 0L
            Count = 20L
        }
        {
            Key = ArrayKey.make ArrayPart.Weight "b"
            Shape = [ 5 ]
            Offset = 32L
            Count = 5L
        }
    ]

    use vector = new FlatVector(slots, 48L, ScalarType.Float64, torch.CPU)
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

    use vector = Engine.factors n
    let struct (draws, _) = Rng.many Rng.normal (n * 5) (Rng.create seed)
    let part k = draws[n * k .. n * k + n - 1]
    let start = part 0 |> Array.map (fun z -> float32 (abs z))
    start.AsSpan().CopyTo(Memory.span<float32> vector.Values)

    use step =
        new FactorStep(
            vector,
            FactorState.start start,
            Engine.pressed [ n ] (Array.create n 0.5f) (Engine.rule FactorPenalty.NonNegative)
        )

    let penalty = NonNegativeL1.create 0.5 |> Engine.ok
    let mutable state = Apg.start (Array.map float start)
    let mutable squares = Array.create n 0.0

    for t in 1..4 do
        let gradient = part t |> Array.map float32
        squares <- Array.map2 (fun s g -> 0.98 * s + 0.02 * g * g) squares (part t)
        gradient.AsSpan().CopyTo(Memory.span<float32> vector.Gradient)
        step.Step 0.1
        state <- Apg.step 0.1 0.9 penalty (Array.map float gradient) state

    let probe = (Memory.span<float32> vector.Values).ToArray()

    let close (a: float) (b: float32) =
        Assert.True(abs (a - float b) < 1e-5, $"{a} {b}")

    Array.iter2 close state.Iterate step.State.Iterate
    Array.iter2 close state.Probe probe
    Array.iter2 close squares step.State.Squares

[<Property(MaxTest = 50)>]
let ``the published recursions can be had by name`` (seed: int) =
    use _ = Engine.scope ()
    let n = 9

    let slots = [
        {
            Key = ArrayKey.make ArrayPart.Factor "f"
            Shape = [ n ]
            Offset = 0L
            Count = int64 n
        }
    ]

    let struct (draws, _) = Rng.many Rng.normal (n * 5) (Rng.create seed)

    let part k =
        draws[n * k .. n * k + n - 1] |> Array.map float32

    for clamp, name in [ Clamp.AfterMomentum, "published"; Clamp.Never, "published-unclamped" ] do
        use vector = new FlatVector(slots, int64 n, ScalarType.Float32, torch.CPU)
        (part 0).AsSpan().CopyTo(Memory.span<float32> vector.Values)

        let rule = {
            Engine.rule FactorPenalty.NonNegative with
                Method = FactorMethod.tryParse name |> Option.get
        }

        use step =
            new FactorStep(
                vector,
                FactorState.start (part 0),
                Engine.pressed [ n ] (Array.create n 0.5f) rule
            )

        let mutable state = Published.start (part 0)

        for t in 1..4 do
            (part t).AsSpan().CopyTo(Memory.span<float32> vector.Gradient)
            step.Step 0.1
            state <- Published.step clamp 0.1f 0.9f 0.5f (part t) state

        Assert.Equal<float32[]>(state.Stored, (Memory.span<float32> vector.Values).ToArray())
        Assert.Equal<float32[]>(state.Stored, step.State.Iterate)
        Assert.Equal<float32[]>(state.Velocity, step.State.Velocity)
