using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Run folders from C#, and what errors of trainings say there.</summary>
public class RunFolderTests
{
    private static readonly Network Net = Network.Parse("""
        network Small {
          input 1x8x8
          classes 10
          conv 8 3x3 stride=2; bn @scale(neuron); relu
          avgpool global
          dense classes
        }
        train {
          epochs 2
          batch 32
          lr 0.05 constant
          gamma 0.01
        }
        """);

    private static readonly Dataset Data = Dataset.Digits().Limit(160);

    private static readonly TrainingOptions Options = new() { Threads = 1, Loaders = 1, Seed = 3 };

    [Fact]
    public async Task ATrainingLeavesWhatTheCommandLineLeavesAndGoesOnWithMoreEpochs()
    {
        using var folder = new TemporaryFolder();
        var kept = Options with { RunFolder = folder.Path };
        using (var trained = await Net.TrainAsync(Data, kept))
        {
            Assert.Equal(2, trained.EpochsDone);
            Assert.True(File.Exists(folder.File("network.safetensors")));
            Assert.False(File.Exists(folder.File("result.json")));
            using var small = trained.Select();
            using var loaded = SelectedNetwork.Load(folder.Path);
            Assert.Equal(small.Predict(Data.Test, 0), loaded.Predict(Data.Test, 0));
        }

        foreach (var name in new[] { "network.sss", "selected.sss", "selected.onnx", "metrics.csv", "result.json" })
        {
            Assert.True(File.Exists(folder.File(name)), name);
        }

        var page = File.ReadAllText(folder.File("report.html"));
        File.Delete(folder.File("report.html"));
        Assert.Equal(folder.File("report.html"), RunReport.Write(folder.Path));
        Assert.Equal(page, File.ReadAllText(folder.File("report.html")));

        using var longer = await Net.TrainAsync(Data, kept with { Epochs = 3 });
        using var whole = await Net.TrainAsync(Data, Options with { Epochs = 3 });
        Assert.Equal((3, 1), (longer.EpochsDone, longer.Epochs.Count));
        Assert.Equal(whole.Factors("bn1"), longer.Factors("bn1"));

        var both = await Assert.ThrowsAsync<ArgumentException>(
            () => Net.TrainAsync(Data, kept with { CheckpointFolder = folder.Path }));
        Assert.StartsWith("RunFolder keeps checkpoints too; CheckpointFolder must be null.", both.Message);
    }

    [Fact]
    public void AFolderWithoutARunHasNoReport()
    {
        using var folder = new TemporaryFolder();
        var refused = Assert.Throws<SssException>(() => RunReport.Write(folder.Path));
        Assert.Equal(
            $"{folder.Path}: not a run folder: it holds neither network.sss, selected.sss, metrics.csv nor result.json",
            refused.Message);
    }

    [Fact]
    public async Task WhatIsWrongWithCheckpointsIsSaidInTheWordsOfTheOptions()
    {
        using var folder = new TemporaryFolder();
        var kept = Options with { CheckpointFolder = folder.Path };
        async Task<string> Failure<T>(TrainingOptions options, CancellationToken stop = default)
            where T : Exception =>
            (await Assert.ThrowsAsync<T>(() => Net.TrainAsync(Data, options, cancellationToken: stop))).Message;

        using (var stop = new CancellationTokenSource())
        {
            var stopped = await Assert.ThrowsAsync<OperationCanceledException>(
                () => Net.TrainAsync(Data, kept, new AtOnce(stop.Cancel), stop.Token));
            var checkpoint = Newest(folder);
            Assert.Equal(
                $"Training was stopped after 1 epoch.\nThe checkpoint is {checkpoint}; the same call continues.",
                stopped.Message);
        }

        using (var stop = new CancellationTokenSource())
        {
            var lost = await Assert.ThrowsAsync<OperationCanceledException>(
                () => Net.TrainAsync(Data, Options, new AtOnce(stop.Cancel), stop.Token));
            Assert.Equal("Training was stopped after 1 epoch.", lost.Message);
        }

        Assert.Equal(
            $"""
            {Newest(folder)} belongs to another run:
              seed: 3 there, 4 here
            Continue with the same network, data and options, or choose another folder.
            """,
            await Failure<SssException>(kept with { Seed = 4 }));

        using var cosine = new TemporaryFolder();
        var course = Options with { CheckpointFolder = cosine.Path, Schedule = Schedule.Cosine, Epochs = 1 };
        (await Net.TrainAsync(Data, course)).Dispose();
        Assert.Equal(
            $"""
            {Newest(cosine)} belongs to another run:
              epochs: 1 there, 2 here
            A `cosine` schedule, a `target` and `shrink` depend on the number of epochs, so this run cannot be made longer.
            To train its network further, start another training with another folder and `Init = Weights.Load("{Newest(cosine)}")`.
            """,
            await Failure<SssException>(course with { Epochs = 2 }));
        // As the message says.
        Assert.Equal(8, Weights.Load(Newest(cosine)).Network.Factors);

        foreach (var file in Directory.GetFiles(Path.Combine(folder.Path, "checkpoint"), "step-*"))
        {
            File.WriteAllText(file, "no checkpoint");
        }

        var damaged = await Failure<SssException>(kept);
        Assert.StartsWith($"no checkpoint of {folder.File("checkpoint")} can be read:\n  ", damaged);
        Assert.EndsWith("\nDelete the folder or choose another one, and start again.", damaged);
    }

    [Fact]
    public async Task OneTrainingAtATimeHasARunFolder()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("checkpoint"));
        using var held = new FileStream(
            Path.Combine(folder.File("checkpoint"), ".lock"),
            FileMode.OpenOrCreate,
            FileAccess.ReadWrite,
            FileShare.None);
        var refused = await Assert.ThrowsAsync<SssException>(
            () => Net.TrainAsync(Data, Options with { RunFolder = folder.Path }));
        Assert.Equal($"Another run is using {folder.Path}; wait for it, or choose another folder.", refused.Message);
    }

    [Fact]
    public async Task ANetworkThatTakesNoPicturesSaysWhatToDoInCSharp()
    {
        var vectors = Network.Parse("network V { input 4x1x1\n classes 2\n dense 4\n relu\n dense classes }");
        float[][] rows = [.. Enumerable.Range(0, 40).Select(i => new float[] { i % 2, 1, i, 0 })];
        var data = Dataset.FromArrays(rows, [.. rows.Select(row => (int)row[0])], new Shape(4, 1, 1));
        using var trained = await vectors.TrainAsync(data, Options with { Epochs = 1, Batch = 8 });
        using var small = trained.Select();
        Assert.Equal(
            """
            the network: the network cannot take picture files: its input 4x1x1 has 4 channels, but picture files have 1 or 3
              use numbers instead: Predict with an array
            """,
            Assert.Throws<SssException>(() => small.PredictFile("a.png")).Message);
    }

    private static string Newest(TemporaryFolder folder) =>
        Directory.GetFiles(folder.File("checkpoint"), "step-*").Order(StringComparer.Ordinal).Last();

    private sealed class AtOnce(Action act) : IProgress<EpochProgress>
    {
        public void Report(EpochProgress value) => act();
    }
}
