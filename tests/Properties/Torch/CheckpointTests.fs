/// States on disk: what is read back, what is refused, and what a run does with it.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.CheckpointTests

open System
open System.IO
open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Torch.Small

let private withFolder (work: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("sss-checkpoint-").FullName

    try
        work folder
    finally
        Directory.Delete(folder, true)

/// A network from a text, since a checkpoint holds the text.
let private network =
    let text =
        "network Test {\n  input 1x8x8\n  classes 10\n  conv 8 3x3; bn; relu\n"
        + "  residual @scale(block) { conv 8 3x3; bn @scale(neuron); relu; conv 8 3x3; bn }\n"
        + "  relu; conv 16 3x3 stride=2; bn; relu\n"
        + "  residual @scale(block) { conv 16 3x3; bn @scale(neuron); relu; conv 16 3x3; bn }\n"
        + "  relu; avgpool global; dropout 0.05; dense classes\n}\n"

    match Sss.Dsl.Language.parse text with
    | Ok parsed -> parsed.Network
    | Error problems -> failwith $"%A{problems}"

/// Everything that a state can hold: a target with its controller, cuts, a best epoch.
let private full = {
    recipe with
        Epochs = 8
        Target = { Target.none with Macs = Some 0.4 }
        ShrinkEvery = Some 1
}

let private validated from = {
    settings from with
        Validation = Some 0.2
}

let private stoppedAt epoch step recipe =
    use stop = new CancellationTokenSource()
    let mutable cuts = 0

    let watch event =
        match event with
        | Stepped s when s.Epoch = epoch && s.Step = step -> stop.Cancel()
        | CutDone _ -> cuts <- cuts + 1
        | _ -> ()

    match Train.run (validated None) network dataset.Value recipe watch stop.Token with
    | Error(Stopped state) -> state, cuts
    | other -> failwith $"%A{other}"

let private identity =
    Checkpoint.identity network full dataset.Value FactorMethod.Apg (Some 0.2)

let private written = lazy (stoppedAt 6 5 full)

[<Fact>]
let ``a state reads back as it was, cuts, controller and best epoch with it`` () =
    withFolder (fun folder ->
        let state, cuts = written.Value
        Assert.True(cuts > 0 && state.Uncut.IsSome && state.Best.IsSome && state.Pressure.IsSome)
        let path = Path.Combine(folder, "state.safetensors")
        Engine.ok (CheckpointFile.write path identity state)
        let found, again = Engine.ok (CheckpointFile.read path)
        Assert.Equal<TrainState>(state, again)
        Assert.Equal(Some 1, again.Threads)
        Assert.Equal<(string * string) list>(List.sort identity, Map.toList found)

        // What early stopping looks at, also where there was no loss that is a number.
        for loss in [ 0.25; infinity ] do
            let state = {
                state with
                    LastProgress = Some(EarlyStop.after None 3 loss 77L)
            }

            Engine.ok (CheckpointFile.write path identity state)
            Assert.Equal<TrainState>(state, snd (Engine.ok (CheckpointFile.read path)))
    )

[<Fact>]
let ``stopped, written and read, the rest of the run has the bits of one go`` () =
    withFolder (fun folder ->
        let whole =
            Engine.ok (
                Train.run (validated None) network dataset.Value full ignore CancellationToken.None
            )

        for epoch, step in [ 0, 3; 4, 1; 6, 5 ] do
            let state, _ = stoppedAt epoch step full
            let path = Path.Combine(folder, "state.safetensors")
            Engine.ok (CheckpointFile.write path identity state)
            let _, state = Engine.ok (CheckpointFile.read path)

            let rest =
                Engine.ok (
                    Train.run
                        (validated (Some state))
                        network
                        dataset.Value
                        full
                        ignore
                        CancellationToken.None
                )

            Assert.Equal<TrainState>(timeless whole.State, timeless rest.State)
            Assert.Equal<Weights<float32>>(whole.Numbers, rest.Numbers)
    )

[<Fact>]
let ``a file that is cut short or has one bit changed is refused`` () =
    withFolder (fun folder ->
        let state, _ = written.Value
        let path = Path.Combine(folder, "state.safetensors")
        Engine.ok (CheckpointFile.write path identity state)
        let bytes = File.ReadAllBytes path

        for tenth in 0..9 do
            File.WriteAllBytes(path, Array.truncate (bytes.Length * tenth / 10) bytes)
            Assert.True(Result.isError (CheckpointFile.read path), $"{tenth} tenths were read")

        let mutable rng = Rng.create 8

        for _ in 1..200 do
            let struct (at, next) = Rng.below bytes.Length rng
            rng <- next
            let broken = Array.copy bytes
            broken[at] <- broken[at] ^^^ (1uy <<< (at % 8))
            File.WriteAllBytes(path, broken)

            match CheckpointFile.read path with
            | Error _ -> ()
            // Blanks that fill the header up say nothing.
            | Ok(_, again) -> Assert.Fail $"a bit of byte {at} was changed: {again.Step}"
    )

[<Fact>]
let ``the last two are kept, and a damaged one falls back to the one before`` () =
    withFolder (fun folder ->
        let state, _ = written.Value

        for step in [ 10L; 20L; 30L ] do
            Engine.ok (Checkpoint.save folder identity { state with Step = step })

        let names =
            Checkpoint.files folder
            |> List.map (fun path -> Path.GetFileName path |> string)

        Assert.Equal<string list>(
            [ "step-000000030.safetensors"; "step-000000020.safetensors" ],
            names
        )

        let newest = (Checkpoint.files folder).Head
        File.WriteAllBytes(newest, Array.truncate 1000 (File.ReadAllBytes newest))

        match Checkpoint.resume folder identity with
        | Ok {
                 Found = Some(_, found)
                 Damaged = [ damage ]
             } ->
            Assert.Equal(20L, found.Step)
            Assert.Contains(newest, FileError.message damage)
        | other -> Assert.Fail $"%A{other}"

        for path in Checkpoint.files folder do
            File.WriteAllText(path, "nothing")

        match Checkpoint.resume folder identity with
        | Error(AllDamaged(_, [ _; _ ])) -> ()
        | other -> Assert.Fail $"%A{other}"
    )

[<Fact>]
let ``a checkpoint of another run is refused with what differs`` () =
    withFolder (fun folder ->
        let state, _ = written.Value
        Engine.ok (Checkpoint.save folder identity state)

        let other =
            Checkpoint.identity
                { network with Name = "Other" }
                { full with Lr = 0.05; Epochs = 9 }
                (Dataset.limit 1000 dataset.Value)
                FactorMethod.Apg
                None

        match Checkpoint.resume folder other with
        | Error e ->
            let item name = List.find (fst >> (=) name) >> snd
            let data, images = item "data", item "training images"

            Assert.Equal(
                String.Join(
                    "\n",
                    [
                        $"{(Checkpoint.files folder).Head} belongs to another run:"
                        "  network, line 1: network Test { there, network Other { here"
                        "  epochs: 8 there, 9 here"
                        "  lr: 0.1 there, 0.05 here"
                        $"  data: {data identity} there, {data other} here"
                        $"  training images: {images identity} there, {images other} here"
                        "  validation: 0.2 there, none here"
                        "Continue with the same files and options, or start again with --restart or another --out."
                    ]
                ),
                CheckpointError.message e
            )
        | Ok _ -> Assert.Fail "it was taken"
    )

[<Fact>]
let ``a state that cannot be kept ends the training`` () =
    let full = DiskFull "checkpoint"

    let broken = {
        settings None with
            Keeper =
                Some {
                    Epoch = fun _ -> Ok()
                    State = fun _ -> Error full
                    Every = TimeSpan.FromMinutes 5.0
                }
    }

    match Train.run broken network dataset.Value recipe ignore CancellationToken.None with
    | Error(NotKept e) -> Assert.Equal(full, e)
    | other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``factors that cannot move are an outcome, and so is a batch beyond all memory`` () =
    let long = { recipe with Epochs = 10; Lr = 1e-12 }

    match train long None with
    | Error(Unmoved 100) -> ()
    | other -> Assert.Fail $"%A{other}"

    // A million channels of 8 x 8 for each image of a batch: 300 GB.
    let vast =
        Nets.network (Shape.create 1 8 8) [
            Nets.plain "conv" (Nets.conv 1_000_000 1 1 false)
            Nets.plain "pool" (Op.GlobalPool Average)
            Nets.plain "dense" (Nets.dense 10)
        ]

    let recipe = { recipe with Epochs = 1; Batch = 1200 }

    match Train.run (settings None) vast dataset.Value recipe ignore CancellationToken.None with
    | Error(OutOfMemory 1200) -> ()
    | other -> Assert.Fail $"%A{other}"

[<Fact>]
let ``the best epoch: within a target the accuracy decides, without one the size comes first`` () =
    let best macs accuracy : Best = {
        Epoch = 0
        Quality = Quality.Classification accuracy
        Loss = 0.0
        Macs = macs
        Network = network
        Numbers = Map.empty
    }

    let holds target (candidate: Best) =
        target |> Option.map (fun most -> candidate.Macs <= most)

    let first target candidate =
        EpochReporting.isBetter (holds target candidate) None candidate

    let better target first second =
        EpochReporting.isBetter (holds target second) (Some first) second

    Assert.True(better (Some 50L) (best 40L 0.9) (best 50L 0.91))
    Assert.False(better (Some 50L) (best 40L 0.9) (best 51L 0.99))
    Assert.False(better (Some 50L) (best 40L 0.9) (best 30L 0.89))
    Assert.True(better (Some 50L) (best 40L 0.9) (best 45L 0.9))
    Assert.True(better None (best 40L 0.9) (best 39L 0.5))
    Assert.False(better None (best 40L 0.9) (best 41L 1.0))
    Assert.True(better None (best 40L 0.9) (best 40L 0.9))
    Assert.False(first (Some 50L) (best 51L 1.0))
    Assert.True(first (Some 50L) (best 50L 0.1))
