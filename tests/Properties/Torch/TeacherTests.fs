/// Training with a teacher, and a last layer that learns at its own rate.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.TeacherTests

open System
open System.Threading
open Xunit
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Torch.Small
open TorchSharp

let private teaching = { Weight = 0.3; Temperature = 2.5 }

let private taught = { recipe with Teacher = Some teaching }

/// Other weights of the same network.
let private teacher: TeacherSettings = {
    Network = network
    Weights = Init.weights 99 network
    Change = None
}

let private withTeacher from = {
    settings from with
        Teacher = Some teacher
}

let private softmax (scores: float[]) =
    let powers = scores |> Array.map (fun s -> exp (s - Array.max scores))
    powers |> Array.map (fun p -> p / Array.sum powers)

/// The loss as it is defined, at double precision.
let private expected (labels: int[]) (own: float[][]) (theirs: float[][]) =
    let t = teaching.Temperature

    Array.zip3 labels own theirs
    |> Array.averageBy (fun (label, s, g) ->
        let probabilities = softmax s
        let hard = -(log probabilities[label])
        let cold = Array.map (fun x -> x / t)
        let wanted, found = softmax (cold g), softmax (cold s)
        let soft = -(Array.map2 (fun p q -> p * log q) wanted found |> Array.sum)
        (1.0 - teaching.Weight) * hard + teaching.Weight * t * t * soft
    )

[<Fact>]
let ``the loss is that of Hinton, Vinyals and Dean`` () =
    use _ = Engine.scope ()
    let engine = Engine.get ()
    let count, classes = 16, 10
    let struct (draws, _) = Rng.many Rng.normal (count * 64) (Rng.create 5)
    let images = Array.map float32 draws
    let labels = Array.init count (fun i -> i % classes)

    use made = (Teacher.create engine (Some teacher) taught |> Engine.ok).Value

    use student = Model.create engine network (Init.weights 1 network) |> Engine.ok
    use theirs = Model.create engine network teacher.Weights |> Engine.ok

    let rows model =
        Evaluate.scores model (ReadOnlyMemory images)
        |> Array.map float
        |> Array.chunkBySize classes

    let x = torch.tensor(images).view([| int64 count; 1L; 8L; 8L |])
    let y = torch.tensor (Array.map int64 labels)
    let scores = student.Run(Evaluation, x)
    let loss = made.Add(x, scores, torch.nn.functional.cross_entropy (scores, y))
    let wanted = expected labels (rows student) (rows theirs)
    Assert.Equal(wanted, float (Memory.item<float32> loss 0), 1e-5)

[<Fact>]
let ``training with a teacher goes another way, and a resumed run has the bits of one go`` () =
    let go from recipe =
        Engine.ok (
            Train.run (withTeacher from) network dataset.Value recipe ignore CancellationToken.None
        )

    let whole = go None taught
    let plain = Engine.ok (train recipe None)
    Assert.NotEqual<Weights<float32>>(plain.Numbers, whole.Numbers)

    use stop = new CancellationTokenSource()

    let watch event =
        match event with
        | Stepped s when s.Epoch = 1 && s.Step = 4 -> stop.Cancel()
        | _ -> ()

    match Train.run (withTeacher None) network dataset.Value taught watch stop.Token with
    | Error(Stopped state) ->
        let rest = go (Some state) taught
        Assert.Equal<TrainState>(timeless whole.State, timeless rest.State)
    | other -> failwith $"%A{other}"

    // A recipe without `teacher` does not ask for one.
    Assert.Equal<Weights<float32>>(plain.Numbers, (go None recipe).Numbers)

[<Fact>]
let ``a teacher that is missing or does not fit is refused`` () =
    let said settings =
        match Train.run settings network dataset.Value taught ignore CancellationToken.None with
        | Error error -> TrainError.message error
        | Ok _ -> failwith "it trained"

    Assert.Equal(
        "The recipe has a `teacher`, and no network for it was given. Use --teacher with a run folder or a \
         .safetensors file; with --init, the network of that file is the teacher.",
        said (settings None)
    )

    let other text =
        let network = Sss.Tests.Language.Support.network text

        said {
            settings None with
                Teacher =
                    Some {
                        Network = network
                        Weights = Init.weights 1 network
                        Change = None
                    }
        }

    Assert.Equal(
        "The input of the teacher is 3x8x8; it must be 1x8x8, as the network's.",
        other "network T {\n  input 3x8x8\n  classes 10\n\n  dense classes\n}\n"
    )

    Assert.Equal(
        "The output of the teacher is 4x1x1; it must be 10x1x1, as the network's.",
        other "network T {\n  input 1x8x8\n  classes 4\n\n  dense classes\n}\n"
    )

let private preparation (random: Random) range : Preparation = {
    Pictures = PictureOptions.standard
    Range = range
    Scale = 0.01f + random.NextSingle()
    Mean = Array.init 3 (fun _ -> random.NextSingle() - 0.5f)
    Deviation = Array.init 3 (fun _ -> 0.1f + random.NextSingle())
    IsGiven = false
}

[<Property(MaxTest = 200)>]
let ``a teacher of another preparation sees what its own would give`` (seed: int) =
    let random = Random seed
    let low = random.NextSingle()

    let here =
        preparation random (PixelRange.Known(low, low + 1.0f + random.NextSingle()))

    let there = preparation random (PixelRange.Known(0.0f, 255.0f))

    match Teachers.change "data" here there, Units.between here.Range there.Range with
    | Ok(Some change), Some units ->
        [ 0..2 ]
        |> List.forall (fun c ->
            let pixel = low + random.NextSingle()
            let own = Preparation.value here c pixel
            let wanted = Preparation.value there c (Units.apply units pixel)
            let found = own * change.Times[c] + change.Plus[c]
            abs (wanted - found) <= 1e-4f * (1.0f + abs wanted + abs change.Plus[c])
        )
    | _ -> false

[<Fact>]
let ``the same preparation needs no change`` () =
    let here = preparation (Random 1) PixelRange.bytes
    Assert.Equal(Ok None, Teachers.change "data" here { here with IsGiven = true })

    Assert.True(
        Result.isError (
            Teachers.change "data" here {
                here with
                    Range = PixelRange.Unknown(0.0f, 3.0f)
            }
        )
    )

/// The arrays of the head after one step from the same start, with a rate and without.
[<Property(MaxTest = 20)>]
let ``arrays with a rate of their own make that many times the step`` (seed: int) =
    use _ = Engine.scope ()

    let slot name offset count = {
        Key = ArrayKey.make ArrayPart.Weight name
        Shape = [ count ]
        Offset = offset
        Count = int64 count
    }

    let body, head = slot "body" 0L 16, slot "head" 16L 16
    let struct (draws, _) = Rng.many Rng.normal 96 (Rng.create seed)

    let steps (own: OwnRate option) rate =
        use vector = new FlatVector([ body; head ], 32L, ScalarType.Float64, torch.CPU)
        use optimizer = new Nag(vector, 32L, 0.01, 0.9, ?own = own)
        draws[..31].AsSpan().CopyTo(Memory.span<float> vector.Values)

        // One step: a second one would have another decay.
        draws[32..63].AsSpan().CopyTo(Memory.span<float> vector.Gradient)
        optimizer.Step rate
        (Memory.span<float> vector.Values).ToArray()

    let own = Some { Places = [ head ]; Times = 10.0 }
    let found, slow, fast = steps own 0.01, steps None 0.01, steps None 0.1

    Array.forall2 (fun (a: float) b -> abs (a - b) < 1e-12) found[..15] slow[..15]
    && Array.forall2 (fun (a: float) b -> abs (a - b) < 1e-12) found[16..] fast[16..]

[<Fact>]
let ``a faster head learns faster, and nothing else changes where it does not`` () =
    let after head =
        let slow = {
            recipe with
                Epochs = 1
                Lr = 1e-4
                Head = head
        }

        (Engine.ok (train slow None)).Numbers

    let moved (numbers: Weights<float32>) owner =
        let start = Init.weights recipe.Seed network
        let key = ArrayKey.make ArrayPart.Weight owner

        Array.map2 (fun (a: float32) b -> float (abs (a - b))) numbers[key].Data start[key].Data
        |> Array.average

    Assert.True(moved (after 5.0) "dense" > 3.0 * moved (after 1.0) "dense")
