/// The public module: networks as differentiable functions, optimizers as pairs of pure functions.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.FunctionTests

open System
open System.Diagnostics
open System.IO
open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Torch.Functional
open TorchSharp

let private network =
    let path = Path.Combine(Sss.Tests.Repository.root, "examples", "digits.sss")

    match Sss.Dsl.Language.parse (File.ReadAllText path) with
    | Ok parsed -> parsed.Network
    | Error problems -> failwith $"%A{problems}"

let private ok result =
    match result with
    | Ok value -> value
    | Error error -> failwith (FunctionError.message error)

let private recipe = {
    Small.recipe with
        Epochs = 2
        Batch = 96
        Gamma = {
            Neuron = 0.3
            Group = 0.0
            Block = 0.3
            Shared = 0.0
        }
}

let private crossEntropy (scores: torch.Tensor) (labels: torch.Tensor) =
    torch.nn.functional.cross_entropy (scores, labels)

/// A training written by hand: its numbers by key.
let private byHand recipe weightsOf =
    use _ = Engine.scope ()
    use f = NetworkFunction.compile (Engine.get ()) network |> ok
    let optimizer = Optimizer.both (weightsOf f) (Optimizer.apg f recipe |> ok)
    let batches = Batches.ofRecipe (Engine.get ()) Small.dataset.Value recipe
    let start = NetworkFunction.start f recipe.Seed

    let numbers, (_, factors) =
        Batches.fold f optimizer crossEntropy start batches |> ok

    NetworkFunction.toWeights f (Optimizer.iterate factors) numbers |> ok

let private byProgram recipe =
    (Train.run
        (Small.settings None)
        network
        Small.dataset.Value
        recipe
        ignore
        CancellationToken.None
     |> Engine.ok)
        .Numbers

[<Fact>]
let ``a loop written by hand trains to the bits of the program`` () =
    let numbers = byHand recipe (fun f -> Optimizer.nag f recipe.Momentum recipe.Decay)

    Assert.Equal<Weights<float32>>(byProgram recipe, numbers)

    let factors =
        numbers |> Map.filter (fun key _ -> (ArrayKey.text key).EndsWith ".factor")

    Assert.Contains(factors, (fun (KeyValue(_, t)) -> Array.contains 0.0f t.Data))

[<Fact>]
let ``the same with AdamW`` () =
    let recipe = {
        recipe with
            Epochs = 1
            Lr = 0.01
            Decay = 0.05
            Optimizer = Sss.Core.Optimizer.adamW
    }

    let rule = {
        Beta1 = 0.9
        Beta2 = 0.999
        Eps = 1e-8
        Decay = 0.05
    }

    Assert.Equal<Weights<float32>>(
        byProgram recipe,
        byHand recipe (fun f -> Optimizer.adamW f rule)
    )

[<Fact>]
let ``a function that gives more than one number, and numbers of another network, are refused`` () =
    use _ = Engine.scope ()
    use f = NetworkFunction.compile (Engine.get ()) network |> ok
    let numbers = NetworkFunction.start f 1
    let images = torch.zeros (4L, 1L, 8L, 8L)

    let said result =
        match result with
        | Ok _ -> "done"
        | Error error -> FunctionError.message error

    Assert.Equal(
        "The function gives a tensor of 4x10 values; it must give one number: take the mean, for example.",
        said (NetworkFunction.valueAndGrad f (fun run -> run images) numbers)
    )

    let few = {
        numbers with
            Factors = numbers.Factors.narrow (0L, 0L, 3L)
    }

    Assert.Equal(
        "The network has 230 factors, and 3 were given.",
        said (NetworkFunction.forward f few images)
    )

[<Fact>]
let ``networks without weights, without factors and without running statistics are no crash`` () =
    let tried body =
        let text = $"network N {{\n  input 1x8x8\n  {body}\n}}\n"

        match Sss.Dsl.Language.parse text with
        | Error problems -> failwith $"%A{problems}"
        | Ok parsed ->
            use _ = Engine.scope ()
            use f = NetworkFunction.compile (Engine.get ()) parsed.Network |> ok

            let optimizer =
                Optimizer.both (Optimizer.nag f 0.9 1e-4) (Optimizer.apg f recipe |> ok)

            let batches =
                Batches.ofRecipe (Engine.get ()) Small.dataset.Value { recipe with Epochs = 1 }

            let numbers = NetworkFunction.start f 1

            NetworkFunction.forward f numbers (torch.zeros (4L, 1L, 8L, 8L)) |> ok |> ignore

            let trained =
                Batches.fold
                    f
                    optimizer
                    (fun scores _ -> scores.square().mean())
                    numbers
                    (Seq.truncate 2 batches)

            match trained with
            | Error error -> FunctionError.message error
            | Ok(numbers, (_, factors)) ->
                NetworkFunction.toWeights f (Optimizer.iterate factors) numbers |> ok |> ignore
                "trained"

    let nothing =
        "The function has no gradient: its value does not depend on the network's weights by operations that have one."

    Assert.Equal<string list>(
        [ nothing; nothing; nothing; "trained"; "trained"; "trained"; "trained" ],
        List.map tried [
            "classes 64; flatten"
            "classes 64; dropout 0.5; flatten"
            "classes 1; avgpool global"
            "classes 10; dense classes"
            "classes 1; bn; avgpool global"
            "classes 4; conv 4 3x3; relu; avgpool global"
            "classes 4; conv 4 3x3; bn @scale(neuron); relu; dense classes"
        ]
    )

[<Fact>]
let ``what is differentiated stays as it is, and the same call gives the same bits`` () =
    use _ = Engine.scope ()
    use f = NetworkFunction.compile (Engine.get ()) network |> ok
    let numbers = NetworkFunction.start f 1
    let images = torch.randn (8L, 1L, 8L, 8L)
    let labels = torch.arange (8L, dtype = torch.int64)
    let copy = numbers.Weights.clone (), numbers.Statistics.clone ()

    let run () =
        NetworkFunction.valueAndGrad f (fun run -> crossEntropy (run images) labels) numbers
        |> ok

    let first, second = run (), run ()
    Assert.Equal(first.Value, second.Value)
    Assert.True(first.Gradient.Weights.equal(second.Gradient.Weights).all().item<bool>())
    Assert.True((fst copy).equal(numbers.Weights).all().item<bool>())
    Assert.True((snd copy).equal(numbers.Statistics).all().item<bool>())
    Assert.False((snd copy).equal(first.Statistics).all().item<bool>())

    let gradient =
        NetworkFunction.grad f (fun run -> crossEntropy (run images) labels) numbers
        |> ok

    Assert.True(gradient.Weights.equal(first.Gradient.Weights).all().item<bool>())

/// Runs this many steps of the public loop; the resident MiB after the first tenth of them, and at the end.
let private residentOver steps =
    let resident () =
        GC.Collect()
        use self = Process.GetCurrentProcess()
        float self.WorkingSet64 / 1048576.0

    use _ = Engine.scope ()
    use f = NetworkFunction.compile (Engine.get ()) Small.network |> ok

    let optimizer =
        Optimizer.both (Optimizer.nag f 0.9 1e-4) (Optimizer.apg f recipe |> ok)

    let batches =
        Batches.ofRecipe (Engine.get ()) Small.dataset.Value { recipe with Epochs = steps }

    let mutable early = 0.0

    let watched =
        batches
        |> Seq.truncate steps
        |> Seq.map (fun batch ->
            if batch.Step = int64 steps / 10L then
                early <- resident ()

            batch
        )

    Batches.fold f optimizer crossEntropy (NetworkFunction.start f 1) watched
    |> ok
    |> ignore

    early, resident ()

[<Fact>]
let ``memory does not grow with the steps of a loop`` () =
    let steps = if Sss.Tests.Repository.isLong then 20_000 else 400
    let early, late = residentOver steps
    // One gradient a step would be 5,000 x 4 bytes x 360 = 7 MiB, one activation 96 x 512 x 4 x 360 = 67 MiB.
    Assert.True(late - early < 30.0, $"{early} MiB after {steps / 10} steps, {late} after {steps}")

/// Dense layers and tanh: no kinks, so that differences of single precision say something.
let private smooth =
    Sss.Tests.Torch.Tasks.network
        "network Smooth {\n  input 3x1x1\n  outputs 2\n  dense 5; tanh\n  output more { dense 2; tanh }\n  dense outputs\n}\n"

[<FsCheck.Xunit.Property(MaxTest = 20)>]
let ``a vector times the Jacobian, times a direction, is the vector times the change along it``
    (seed: int)
    =
    use _ = Engine.scope ()
    torch.manual_seed(int64 seed).Dispose()
    use f = NetworkFunction.compile (Engine.get ()) smooth |> ok
    use start = NetworkFunction.start f (abs (seed % 1000))
    let images = torch.randn (6L, 3L, 1L, 1L)
    let vector = torch.randn (6L, 4L)
    let direction = torch.randn (start.Weights.shape)

    let along (h: float) =
        let moved = {
            start with
                Weights = start.Weights + direction * h.ToScalar()
        }

        let values = NetworkFunction.forward f moved images |> ok
        (values * vector).sum().item<float32>()

    let h = 1e-2
    let difference = float (along h - along -h) / (2.0 * h)
    use gradient = NetworkFunction.vjp f vector images start |> ok
    let found = float ((gradient.Weights * direction).sum().item<float32>())
    Assert.Equal(difference, found, 0.02 * (1.0 + abs found))

[<Fact>]
let ``a vector of another length is refused`` () =
    use _ = Engine.scope ()
    use f = NetworkFunction.compile (Engine.get ()) smooth |> ok
    use start = NetworkFunction.start f 1

    match NetworkFunction.vjp f (torch.ones 5L) (torch.ones (6L, 3L, 1L, 1L)) start with
    | Ok _ -> Assert.Fail "it was taken"
    | Error error ->
        Assert.Equal(
            "The network has 24 values for these images, and 5 were given.",
            FunctionError.message error
        )
