using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Sweeps, their controls and their folders.</summary>
public class SweepTests
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
          lr 0.05
          gamma 0.001
        }
        """);

    private static readonly Dataset Data = Dataset.Digits().Limit(160);

    private static readonly TrainingOptions OneThread = new() { Threads = 1, Loaders = 1 };

    [Fact]
    public async Task ASweepComparesItsNetworksAndContinues()
    {
        using var folder = new TemporaryFolder();
        var options = new SweepOptions
        {
            TargetMacs = [0.6],
            Seeds = [1, 2],
            Controls = true,
            Training = OneThread with { TargetBy = 1 },
            Folder = folder.Path,
        };
        // Stopped after its second run, and continued.
        var first = new Listener();
        using var stop = new CancellationTokenSource();
        first.Heard += () => { if (first.Events.Count == 2) { stop.Cancel(); } };
        var stopped = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Net.SweepAsync(Data, options, first, stop.Token));
        Assert.Equal(
            $"The sweep was stopped. Finished runs are kept in {folder.Path}; the same call continues.",
            stopped.Message);
        var listener = new Listener();
        var found = await Net.SweepAsync(Data, options, listener);

        Assert.Equal(folder.Path, found.Folder);
        Assert.Empty(found.Failures);
        Assert.Equal(Enumerable.Range(1, 10), listener.Events.Select(e => e.Done));
        Assert.All(listener.Events, e => Assert.Equal(10, e.Total));
        Assert.All(listener.Events, e => Assert.Null(e.Failure));
        Assert.Equal("seed 1, dense", listener.Events[0].Run);
        Assert.Equal(first.Events[0].Result, listener.Events[0].Result);

        var point = Assert.Single(found.Points);
        Assert.Equal("macs 0.6", point.Label);
        var selected = point.Selected!;
        Assert.Equal(SweepNetwork.Selected, selected.Network);
        Assert.Equal([1, 2], selected.Runs.Select(r => r.Seed));
        Assert.True(selected.Macs <= 0.6 * Net.Macs && selected.Parameters < Net.Parameters);
        Assert.Equal((null, null, false), (selected.Lead, selected.LeadError, selected.IsBeyondChance));
        var (a, b) = (selected.Runs[0].Accuracy, selected.Runs[1].Accuracy);
        Assert.Equal((a + b) / 2, selected.Accuracy, 12);
        Assert.Equal(Math.Abs(a - b) / Math.Sqrt(2), selected.Deviation!.Value, 12);

        Assert.Equal(
            [SweepNetwork.Dense, SweepNetwork.FromScratch, SweepNetwork.FromScratchSameCompute, SweepNetwork.Narrowed],
            point.Controls.Select(row => row.Network));
        Assert.All(point.Controls, row =>
        {
            var leads = selected.Runs.Zip(row.Runs, (s, r) => s.Accuracy - r.Accuracy).ToArray();
            Assert.Equal(leads.Average(), row.Lead!.Value, 12);
            // Of two seeds: half the distance of the differences.
            Assert.Equal(Math.Abs(leads[0] - leads[1]) / 2, row.LeadError!.Value, 12);
        });
        Assert.Equal(Net.Macs, point.Controls[0].Macs);
        Assert.Equal(selected.Macs, point.Controls[1].Macs);
        Assert.True(point.Controls[2].Runs[0].Epochs >= point.Controls[1].Runs[0].Epochs);
        Assert.True(point.Controls[2].Runs[0].TrainingMacs >= selected.Runs[0].TrainingMacs);
        Assert.True(point.Controls[3].Macs <= selected.Macs);

        // The files of `sss sweep`.
        Assert.True(File.Exists(folder.File("sweep.json")));
        Assert.Contains("macs 0.6", File.ReadAllText(folder.File("report.html")));
        var run = selected.Runs[1].Folder!;
        Assert.Equal(Path.Combine(folder.Path, "macs-0.6", "seed-2"), run.Replace('/', Path.DirectorySeparatorChar));
        using var small = SelectedNetwork.Load(run);
        Assert.Equal((selected.Runs[1].Macs, selected.Runs[1].Parameters), (small.Network.Macs, small.Network.Parameters));
        Assert.Equal(selected.Runs[1].Accuracy, small.Evaluate(Data.Test).Accuracy);

        var other = await Assert.ThrowsAsync<SssException>(() => Net.SweepAsync(Data, options with { Seeds = [3] }));
        Assert.Equal(
            $"""
            {folder.File("sweep.json")} belongs to another sweep:
              seeds: 1, 2 there, 3 here
            Continue with the same network, data and options, or choose another folder.
            """,
            other.Message);
        var otherData = await Assert.ThrowsAsync<SssException>(() => Net.SweepAsync(Dataset.Digits().Limit(120), options));
        Assert.Contains("training images: ", otherData.Message);
    }

    [Fact]
    public async Task WithoutAFolderTheFiguresAreLeftAndAFailureIsTold()
    {
        var found = await Net.SweepAsync(Data, new SweepOptions
        {
            Gammas = [Gamma.Same(0.001), Gamma.Same(1000)],
            Seeds = [4],
            Training = OneThread with { Threads = 2 },
            Jobs = 2,
        });

        Assert.Null(found.Folder);
        Assert.Equal(["γ 0.001", "γ 1000"], found.Points.Select(p => p.Label));
        var left = Assert.Single(found.Points[0].Selected!.Runs);
        Assert.Null(left.Folder);
        Assert.InRange(left.Accuracy, 0, 1);
        Assert.Empty(found.Points[0].Controls);
        Assert.Null(found.Points[1].Selected);
        var failure = Assert.Single(found.Failures);
        Assert.Equal("γ 1000, seed 4, selected", failure.Run);
        Assert.StartsWith("No network can be selected: ", failure.Reason);
        using var trained = await Net.TrainAsync(Data, OneThread with { Seed = 4 });
        using var alone = trained.Select();
        Assert.Equal(left.Accuracy, alone.Evaluate(Data.Test).Accuracy);

        var none = await Assert.ThrowsAsync<SssException>(() => Net.SweepAsync(Data, new SweepOptions
        {
            Gammas = [Gamma.Same(1000)],
            Seeds = [4],
            Training = OneThread with { Threads = 1 },
        }));
        Assert.Equal($"No run of the sweep came to its end.\n{failure.Run}: {failure.Reason}", none.Message);
    }

    [Fact]
    public async Task WithNothingVariedTheRecipeIsTheOnePoint()
    {
        var found = await Net.SweepAsync(Data, new SweepOptions { Training = OneThread with { Seed = 9, Epochs = 1 } });
        var point = Assert.Single(found.Points);
        Assert.Equal("as the recipe", point.Label);
        var run = Assert.Single(point.Selected!.Runs);
        Assert.Equal((9, 1), (run.Seed, run.Epochs));
    }

    [Fact]
    public async Task FromTrainedWeightsTheNetworksFromScratchStartAtRandom()
    {
        var data = Dataset.Digits().Limit(640);
        using var trained = await Net.TrainAsync(data, OneThread with { Epochs = 8, LearningRate = 0.1, Gamma = new Gamma() });
        using var whole = trained.Select();
        var before = whole.Evaluate(data.Test).Accuracy;
        Assert.True(before > 0.3, $"{before}");

        // Steps so small that the networks stay what they begin as.
        var found = await Net.SweepAsync(data, new SweepOptions
        {
            Controls = true,
            Training = OneThread with { Init = trained.Weights, Epochs = 1, LearningRate = 1e-6 },
        });
        var point = Assert.Single(found.Points);
        Assert.Equal(before, point.Selected!.Accuracy, 0.05);
        Assert.All(point.Controls, row => Assert.Equal(
            row.Network == SweepNetwork.Dense,
            row.Accuracy > before - 0.05));
    }

    [Fact]
    public async Task WrongOptionsAreRefusedAtOnce()
    {
        async Task Refused(string message, SweepOptions options) => Assert.StartsWith(
            message,
            (await Assert.ThrowsAsync<ArgumentException>(() => Net.SweepAsync(Data, options))).Message);

        await Refused("TargetMacs must be above 0 and at most 1, not 0.", new() { TargetMacs = [0] });
        await Refused("Gamma must be 0 or more, not -1.", new() { Gammas = [Gamma.Same(-1)] });
        await Refused("TargetMacs and Gammas cannot both be varied.", new() { TargetMacs = [1], Gammas = [Gamma.Same(1)] });
        await Refused(
            "Precision cannot be Auto in a sweep, which compares runs of one precision.",
            new() { Training = new() { Precision = Precision.Auto } });
        await Refused("Seeds must have at least one seed.", new() { Seeds = [] });
        await Refused("Seeds must be at least 0, not -1.", new() { Seeds = [-1] });
        await Refused("Jobs must be at least 1, not 0.", new() { Jobs = 0 });
        await Refused(
            "RunFolder must be null in a sweep: runs have folders of their own.",
            new() { Training = new() { RunFolder = "x" } });
        await Refused(
            "CheckpointFolder must be null in a sweep: runs have folders of their own.",
            new() { Training = new() { CheckpointFolder = "x" } });
    }

    private sealed class Listener : IProgress<SweepProgress>
    {
        internal event Action Heard = () => { };

        internal List<SweepProgress> Events { get; } = [];

        public void Report(SweepProgress value)
        {
            Events.Add(value);
            Heard();
        }
    }
}
