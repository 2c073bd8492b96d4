/// The main job from text to files and back.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.PipelineTests

open System
open System.IO
open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch

let private withFolder (work: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("sss-test-").FullName

    try
        work folder
    finally
        Directory.Delete(folder, true)

let private examples = Path.Combine(Sss.Tests.Repository.root, "examples")

let private parse name =
    match Pipeline.loadText (Path.Combine(examples, name)) with
    | Ok(_, parsed) -> parsed
    | Error error -> invalidOp (PipelineError.message error)

let private digits = lazy (Engine.ok (Dataset.load Digits))

/// Noise in the shape of a network's input, for networks that no embedded data fits.
let private noise (network: Network) =
    let count = 64
    let size = int (Shape.count network.Input)
    let struct (values, _) = Rng.many Rng.normal (count * size) (Rng.create 3)

    let split = {
        Shape = network.Input
        Pixels = Floats(Array.map float32 values)
        Labels = Array.init count (fun i -> i % network.Classes)
    }

    Dataset.create "noise" (List.init network.Classes string) 1.0f split split

let private job (parsed: Sss.Dsl.Parsed) (dataset: Dataset) epochs folder = {
    Network = parsed.Network
    Recipe = {
        Option.defaultValue Recipe.defaults parsed.Recipe with
            Epochs = epochs
            Batch = 32
    }
    Dataset = dataset
    Select = Selection.defaults
    Settings = {
        Engine = Engine.get ()
        Threads = Some 1
        Loaders = None
        Method = FactorMethod.Apg
        From = None
        Validation = None
        Keeper = None
        Team = None
    }
    Out = Some folder
    Start = Start.New
}

/// A run on digits with so strong a penalty that structures go within few epochs.
let private strong folder =
    let job = job (parse "digits.sss") digits.Value 4 folder

    {
        job with
            Recipe = {
                job.Recipe with
                    Gamma = {
                        Neuron = 0.2
                        Group = 0.0
                        Block = 0.05
                    }
            }
    }

let private run job =
    match Pipeline.run job ignore CancellationToken.None with
    | Ok outcome -> outcome
    | Error error -> invalidOp (PipelineError.message error)

[<Fact>]
let ``what is written reads back as the same function, bit for bit`` () =
    withFolder (fun folder ->
        let dataset = digits.Value
        let job = strong folder

        let outcome = run job
        Assert.Equal(Exact, outcome.Exactness.Verdict)
        Assert.True(outcome.Selected.Plan.Goes.Length > 0)
        Assert.True(outcome.Selected.Plan.After.Macs < outcome.Selected.Plan.Before.Macs)

        let loaded = Engine.ok (RunFolder.load folder)
        Assert.Equal(outcome.Selected.Network, loaded.Network)
        Assert.Equal<Weights<float32>>(outcome.Selected.Weights, loaded.Weights)

        Assert.Equal(
            outcome.Test,
            Engine.ok (Pipeline.evaluate (Engine.get ()) loaded dataset dataset.Test)
        )

        // The full network, factors and all: exactness can be checked again from the files.
        let full =
            Engine.ok (RunFolder.loadFile (RunFolder.file folder "network.safetensors"))

        Assert.Equal<Weights<float32>>(outcome.Trained.Numbers, full.Weights)

        let result = Engine.ok (ResultFile.read (RunFolder.file folder "result.json"))
        Assert.Equal(Outcome.summary outcome, result)

        // A second run into the same folder starts `metrics.csv` anew.
        run {
            job with
                Recipe = { job.Recipe with Epochs = 2 }
        }
        |> ignore

        let rows = Engine.ok (MetricsFile.read (RunFolder.file folder "metrics.csv"))
        Assert.Equal<float list>([ 1.0; 2.0 ], rows |> List.map (fun row -> snd row.Head))
    )

[<Fact>]
let ``files about a training that cannot be written never end it`` () =
    withFolder (fun folder ->
        let unwritten = ResizeArray<string>()

        let emit event =
            match event with
            | Started _ ->
                Directory.CreateDirectory(RunFolder.file folder "metrics.csv") |> ignore
                File.WriteAllText(RunFolder.file folder "events", "")
            | NotWritten error ->
                unwritten.Add((FileError.message error).Replace(folder + "/", ""))
            | _ -> ()

        let job = job (parse "digits.sss") digits.Value 2 folder

        match Pipeline.run job emit CancellationToken.None with
        | Error error -> invalidOp (PipelineError.message error)
        | Ok outcome ->
            // Each once, though both epochs had something to write.
            Assert.Equal(2, unwritten.Count)
            Assert.Equal("metrics.csv: it is a folder", unwritten[0])
            Assert.StartsWith("events: ", unwritten[1])
            let result = Engine.ok (ResultFile.read (RunFolder.file folder "result.json"))
            Assert.Equal(Outcome.summary outcome, result)
    )

[<Theory>]
[<InlineData "digits-vgg.sss">]
[<InlineData "digits-resnext.sss">]
[<InlineData "fashion-mnist/resnet20.sss">]
let ``every example trains, shrinks and is exact`` (name: string) =
    withFolder (fun folder ->
        let parsed = parse name

        let dataset =
            if parsed.Network.Input = digits.Value.Train.Shape then
                Dataset.limit 96 digits.Value
            else
                noise parsed.Network

        let outcome = run (job parsed dataset 1 folder)
        Assert.Equal(Exact, outcome.Exactness.Verdict)
        Assert.True(File.Exists(RunFolder.file folder "selected.sss"))
    )

[<Fact>]
let ``the verdict covers the network as it trained, not only what was put together from it`` () =
    withFolder (fun folder ->
        let job = strong folder

        let outcome =
            run {
                job with
                    Recipe = { job.Recipe with ShrinkEvery = Some 1 }
            }

        let select = Pipeline.select job.Settings.Engine job.Select job.Dataset job.Recipe
        let trained = outcome.Trained
        let whole = Option.get trained.State.Whole
        Assert.Equal(Exact, outcome.Exactness.Verdict)

        // As if a cut had taken out a structure that was still in use: the whole network and the one
        // selected from it have it, and are alike.
        let key, gone =
            Parameters.factors whole.Network
            |> List.pick (fun f ->
                trained.Numbers[f.Key].Data
                |> Array.tryFindIndex (fun value -> value = 0.0f)
                |> Option.filter (fun i ->
                    Map.tryFind f.Key whole.Places |> Option.forall (not << Array.contains i)
                )
                |> Option.map (fun i -> f.Key, i)
            )

        let back =
            whole.Weights
            |> Map.map (fun k t ->
                if k = key then
                    {
                        t with
                            Data = t.Data |> Array.mapi (fun i x -> if i = gone then 1.0f else x)
                    }
                else
                    t
            )

        let state = {
            trained.State with
                Whole = Some { whole with Weights = back }
        }

        let outcome =
            Engine.ok (
                select {
                    trained with
                        State = state
                        Numbers = snd (TrainState.whole state)
                }
            )

        Assert.Equal(NotExact, outcome.Exactness.Verdict)
        Assert.Equal("not exact", (Outcome.summary outcome).Exactness.Verdict)
    )

[<Fact>]
let ``a data set of another shape is refused before anything is written`` () =
    withFolder (fun folder ->
        let out = Path.Combine(folder, "out")
        let resnet = parse "fashion-mnist/resnet20.sss"

        match Pipeline.run (job resnet digits.Value 1 out) ignore CancellationToken.None with
        | Error(BadFile(DatasetDiffers _)) -> Assert.False(Directory.Exists out)
        | other -> Assert.Fail $"%A{other}"
    )

[<Fact>]
let ``mistakes in a text and files that are not there have messages`` () =
    withFolder (fun folder ->
        let file = Path.Combine(folder, "bad.sss")

        File.WriteAllText(
            file,
            "network N { input 1x8x8\n classes 10\n cnov 3 3x3\n dense classes }\n"
        )

        match Pipeline.loadText file with
        | Error(BadText _ as error) ->
            let message = PipelineError.message error
            Assert.Contains("bad.sss:3:2: error SSS", message)
            Assert.Contains("did you mean `conv`?", message)
        | other -> Assert.Fail $"%A{other}"

        for path in [ Path.Combine(folder, "nothing"); folder ] do
            match RunFolder.load path with
            | Error(BadFile(NotFound _)) -> ()
            | other -> Assert.Fail $"%A{other}"
    )
