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
        Targets = Targets.Labels(Array.init count (fun i -> i % network.Classes))
    }

    Dataset.create "noise" (List.init network.Classes string) 1.0f split split

let private job (parsed: Sss.Dsl.Parsed) (dataset: Dataset) epochs folder : Job = {
    Small.jobIn folder parsed.Network (Option.defaultValue Recipe.defaults parsed.Recipe) dataset with
        Recipe =
            fun recipe -> {
                recipe with
                    Epochs = epochs
                    Batch = 32
            }
}

/// A run on digits with so strong a penalty that structures go within few epochs.
let private strong folder =
    let job = job (parse "digits.sss") digits.Value 4 folder

    {
        job with
            Recipe =
                job.Recipe
                >> fun recipe -> {
                    recipe with
                        Gamma = {
                            Neuron = 0.2
                            Group = 0.0
                            Block = 0.05
                            Shared = 0.2
                        }
                }
    }

let private tried job emit =
    Pipeline.run job (Listener.ofTraining emit) CancellationToken.None

let private run job =
    match tried job ignore with
    | Ok { Selected = Some(outcome, ()) } -> outcome
    | Ok other -> invalidOp $"%A{other}"
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
                Recipe = job.Recipe >> fun recipe -> { recipe with Epochs = 2 }
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

        match tried job emit with
        | Error error -> invalidOp (PipelineError.message error)
        | Ok finished ->
            let outcome, () = Option.get finished.Selected
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
                    Recipe = job.Recipe >> fun recipe -> { recipe with ShrinkEvery = Some 1 }
            }

        let trained = outcome.Trained
        let uncut = Option.get trained.State.Uncut
        Assert.Equal(Exact, outcome.Exactness.Verdict)

        // As if a cut had taken out a structure that was still in use: the whole network and the one
        // selected from it have it, and are alike.
        let key, gone =
            Parameters.factors uncut.Network
            |> List.pick (fun f ->
                trained.Numbers[f.Key].Data
                |> Array.tryFindIndex (fun value -> value = 0.0f)
                |> Option.filter (fun i ->
                    Map.tryFind f.Key uncut.Places |> Option.forall (not << Array.contains i)
                )
                |> Option.map (fun i -> f.Key, i)
            )

        let back =
            uncut.Weights
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
                Uncut = Some { uncut with Weights = back }
        }

        let wrong = {
            trained with
                State = state
                Numbers = snd (TrainState.dense state)
        }

        match tried { job with Begin = Begin.Trained wrong } ignore with
        | Error(Inexact(exactness, atDouble)) ->
            Assert.Equal(NotExact, exactness.Verdict)
            Assert.Equal(Some NotExact, atDouble |> Option.map _.Verdict)
            // The files are there for whoever looks for the fault, but nothing to deploy.
            let result = Engine.ok (ResultFile.read (RunFolder.file folder "result.json"))
            Assert.Equal("not exact", result.Exactness.Verdict)
            Assert.True(File.Exists(RunFolder.file folder "selected.safetensors"))
            Assert.False(File.Exists(RunFolder.file folder "selected.onnx"))
        | other -> Assert.Fail $"%A{other}"
    )

/// The phases that a listener hears of, in their order.
let private heard (job: Job) =
    let said = ResizeArray<string>()

    let listener = {
        Hear =
            function
            | TextRead(path, _, _, recipe) ->
                said.Add $"text {Path.GetFileName path}, {recipe.Epochs} epochs"
            | WeightsRead(path, _) -> said.Add $"weights {Path.GetFileName path}"
            | ImagesRead dataset -> said.Add $"images {dataset.Train.Count}"
            | ImagesChecked(dataset, _) -> said.Add $"checked {dataset.Train.Count}"
            | Profiling _ -> said.Add "profiling"
            | Profiled profile -> said.Add $"profiled {profile.Engine}"
            | TargetNarrow(_, limits) -> said.Add $"narrow {limits.Length}"
            | PrecisionChosen trial ->
                said.Add $"precision {Precision.name (PrecisionTrial.chosen trial)}"
        Training =
            fun ready train ->
                said.Add $"training {ready.Network.Name}"
                train ignore
        Report =
            fun _ outcome ->
                said.Add $"report {Exactness.word outcome.Exactness.Verdict}"
                said.Count
    }

    let finished = Engine.ok (Pipeline.run job listener CancellationToken.None)
    List.ofSeq said, finished

[<Fact>]
let ``a job that names text and images gives what one gives that has them at hand`` () =
    withFolder (fun folder ->
        let parsed = parse "digits.sss"

        let given = {
            job parsed digits.Value 1 folder with
                Limit = Some 128
                Keep = Keep.Nothing
        }

        let named = {
            given with
                Network = NetworkSource.File(Path.Combine(examples, "digits.sss"))
                Images = ImageSource.Named "digits"
        }

        let order, a = heard named

        Assert.Equal<string list>(
            [
                "text digits.sss, 1 epochs"
                "images 1438"
                "checked 128"
                "training Digits"
                "report exact"
            ],
            order
        )

        let _, b = heard given
        Assert.Equal<Weights<float32>>(a.Trained.Numbers, b.Trained.Numbers)
        Assert.Equal(Some 5, a.Selected |> Option.map snd)

        // A goal that is the training ends there, and nothing is reported.
        let order, c = heard { given with Goal = Goal.Training }
        Assert.Equal<string list>([ "checked 128"; "training Digits" ], order)
        Assert.True c.Selected.IsNone

        // What it trained is taken up again by another job, which trains nothing.
        let order, d =
            heard {
                given with
                    Begin = Begin.Trained c.Trained
            }

        Assert.Equal<string list>([ "report exact" ], order)

        Assert.Equal<Weights<float32>>(
            (fst b.Selected.Value).Selected.Weights,
            (fst d.Selected.Value).Selected.Weights
        )
    )

[<Fact>]
let ``a data set of another shape is refused before anything is written`` () =
    withFolder (fun folder ->
        let out = Path.Combine(folder, "out")
        let resnet = parse "fashion-mnist/resnet20.sss"

        match tried (job resnet digits.Value 1 out) ignore with
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
