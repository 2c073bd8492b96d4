/// Measured times of layers, and training towards them. What a machine measures is never asserted: only what follows from it.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.ProfileTests

open System.IO
open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch

let private network =
    match Pipeline.loadText (Path.Combine(Sss.Tests.Repository.root, "examples", "digits.sss")) with
    | Ok(_, parsed) -> parsed.Network
    | Error error -> invalidOp (PipelineError.message error)

let private options engine = {
    Engine = engine
    Threads = 1
    Batch = 1
}

let private measured =
    lazy
        (Profiling.run (Engine.get ()) (options ServingEngine.OnnxRuntime) network
         |> Engine.ok)

[<Fact>]
let ``a profile has the times of every layer that prediction runs, in both engines`` () =
    let profiles = [
        measured.Value
        Profiling.run (Engine.get ()) (options ServingEngine.LibTorch) network
        |> Engine.ok
    ]

    Assert.Equal<string list>([ "onnxruntime"; "libtorch" ], profiles |> List.map _.Engine)

    for profile in profiles do
        let folded, _ = ServingEngine.folded network (Init.weights 1 network)

        let expected = [ for fused in FusedLayer.ofNetwork folded -> fused.First.Name ]
        let names = profile.Model.Layers |> List.map _.Layer
        Assert.Equal<string list>(List.sort expected, List.sort names)
        Assert.Contains(profile.Model.Multiple, [ 1; 4; 8; 16 ])
        Assert.True(profile.Dense > 0.0)
        Assert.Equal(Machine.name (), profile.Machine)
        Assert.True(LatencyModel.predict profile.Model network > 0.0)

let private job profile target folder : Job =
    let recipe = {
        Small.recipe with
            Epochs = 4
            Target = target
    }

    let dataset = Dataset.limit 256 Small.dataset.Value

    {
        (match folder with
         | Some folder -> Small.jobIn folder network recipe dataset
         | None -> Small.job network recipe dataset) with
            Profile = profile
    }

let private run job =
    Pipeline.run job (Listener.ofTraining ignore) CancellationToken.None

let private half = {
    Target.none with
        Latency = Some(LatencyLimit.OfDense 0.6)
}

[<Fact>]
let ``a run towards a latency keeps its profile, and measures the selected network`` () =
    let folder = Directory.CreateTempSubdirectory("sss-test-").FullName

    try
        let finished = run (job ProfileSource.Measured half (Some folder)) |> Engine.ok
        let outcome, () = finished.Selected.Value
        let latency = outcome.Latency.Value
        let profile = finished.Profile.Value
        let kept = ProfileFile.read (Path.Combine(folder, "profile.json")) |> Engine.ok
        // What measurements on the way found is kept for repetitions.
        let found = finished.Trained.State.Pressure.Value.Latency.Value

        Assert.Equal(
            {
                profile with
                    Factor = if found.Share <= 1.0 then Some found.Factor else None
            },
            kept
        )

        Assert.Equal(Exact, outcome.Exactness.Verdict)
        Assert.True latency.Measured.IsSome
        // The limit that was trained towards, on the machine as it is afterwards.
        let predicted = LatencyModel.predict profile.Model outcome.Selected.Network
        Assert.InRange(found.Factor * predicted, 0.0, 0.6 * profile.Dense)
        Assert.Equal(0.6 * latency.Dense, latency.Most, 9)
        Assert.Equal(found.Share * latency.Most, latency.Predicted, 9)

        let result = ResultFile.read (Path.Combine(folder, "result.json")) |> Engine.ok
        Assert.Equal(Some latency, result.Latency)

        // Channels are what the engine is fast with, where a layer had as many.
        let multiple = profile.Model.Multiple

        for layer in Network.layers outcome.Selected.Network do
            match layer.Op with
            | Op.Conv _ -> Assert.Equal(0, layer.Output.Channels % min multiple 8)
            | _ -> ()
    finally
        Directory.Delete(folder, true)

[<Fact>]
let ``with the factor of an earlier run nothing is measured on the way, and runs are the same`` () =
    let profile = {
        measured.Value with
            Factor = Some 1.1
    }

    let path = Path.GetTempFileName()

    try
        File.WriteAllText(path, ProfileFile.toText profile)

        let once () =
            (run (job (ProfileSource.File path) half None) |> Engine.ok).Trained

        let one, other = once (), once ()
        Assert.Equal(None, one.State.Pressure.Value.Latency)
        Assert.Equal<Weights<float32>>(one.Numbers, other.Numbers)

        // The factor counts.
        let predicted (trained: Trained) =
            match Selection.select Selection.defaults trained.Network trained.Numbers with
            | Ok selected -> LatencyModel.predict profile.Model selected.Network
            | Error error -> invalidOp $"%A{error}"

        Assert.InRange(1.1 * predicted one, 0.0, 0.6 * profile.Dense)
    finally
        File.Delete path

[<Fact>]
let ``a run that cannot come near its limit leaves a profile that misleads no other run`` () =
    let folder = Directory.CreateTempSubdirectory("sss-test-").FullName
    let path = Path.GetTempFileName()

    try
        File.WriteAllText(path, ProfileFile.toText measured.Value)

        let target = {
            Target.none with
                Latency = Some(LatencyLimit.Milliseconds 1e-12)
        }

        let outcome, () =
            (run (job (ProfileSource.File path) target (Some folder)) |> Engine.ok).Selected.Value

        let latency = outcome.Latency.Value
        Assert.True(latency.Measured.Value > latency.Most)
        // The prediction is what was measured on the way, not a number as small as the limit.
        Assert.InRange(
            latency.Predicted,
            0.1 * latency.Measured.Value,
            10.0 * latency.Measured.Value
        )

        let kept = ProfileFile.read (Path.Combine(folder, "profile.json")) |> Engine.ok
        Assert.Equal(measured.Value, kept)
    finally
        File.Delete path
        Directory.Delete(folder, true)

[<Fact>]
let ``a profile of another machine steers, and the result is not measured here`` () =
    let profile = {
        measured.Value with
            Machine = "a phone"
    }

    let path = Path.GetTempFileName()

    try
        File.WriteAllText(path, ProfileFile.toText profile)
        let finished = run (job (ProfileSource.File path) half None) |> Engine.ok
        let latency = (fst finished.Selected.Value).Latency.Value
        Assert.Equal(None, latency.Measured)
        Assert.Equal("a phone", latency.Machine)
        Assert.Equal(0.6 * profile.Dense, latency.Most)
        Assert.InRange(latency.Predicted, 0.0, latency.Most)

        // The network's name changes no time.
        Assert.True(Result.isOk (Profiles.read path { network with Name = "Other" }))

        let said (other: LatencyProfile) =
            File.WriteAllText(path, ProfileFile.toText other)

            match Profiles.read path network with
            | Error error -> PipelineError.message error
            | Ok _ -> "read"

        Assert.Equal(
            $"{path} is a profile of another network than {network.Name}. Factors may differ, layers may not; \
              measure this one with `sss profile`.",
            said {
                profile with
                    Network = profile.Network.Replace("3x3", "5x5")
            }
        )

        let layers = profile.Model.Layers

        Assert.Equal(
            $"{path} has no times of the layer `{(List.last layers).Layer}`; measure this one with `sss profile`.",
            said {
                profile with
                    Model = {
                        profile.Model with
                            Layers = List.truncate (layers.Length - 1) layers
                    }
            }
        )
    finally
        File.Delete path

/// A small file is names and text for a good part, and these go with their layers.
[<Theory>]
[<InlineData 250_000L>]
[<InlineData 40_000L>]
[<InlineData 22_000L>]
let ``the size of the ONNX file is a limit that is used`` (most: int64) =
    let target = { Target.none with Size = Some most }

    let folder = Directory.CreateTempSubdirectory("sss-test-").FullName

    try
        let finished = run (job ProfileSource.Measured target (Some folder)) |> Engine.ok
        let outcome, () = finished.Selected.Value
        let file = FileInfo(Path.Combine(folder, "selected.onnx"))
        Assert.Equal(Some file.Length, outcome.FileSize)
        Assert.InRange(file.Length, most * 85L / 100L, most)
    finally
        Directory.Delete(folder, true)
