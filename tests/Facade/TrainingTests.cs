using Xunit;

namespace Sss.Facade.Tests;

/// <summary>The main job from C#, on the embedded digits, with one thread.</summary>
public class TrainingTests
{
    private const string Text = """
        network Small {
          input 1x8x8
          classes 10
          conv 16 3x3; bn @scale(neuron); relu
          residual @scale(block) { conv 16 3x3; bn @scale(neuron); relu; conv 16 3x3; bn }
          relu
          avgpool global
          dense classes
        }
        train {
          epochs 4
          batch 32
          gamma 0.03
        }
        """;

    private static readonly TrainingOptions Options = new() { Threads = 1, Seed = 3 };

    [Fact]
    public async Task WhatCannotFitIsRefusedBeforeMemoryIsTaken()
    {
        var longer = Assert.Throws<SssException>(() => Network.Parse(
            "network T { input 1x8x8\n classes 10\n dense 65536\n dense 65536\n dense classes }"));
        Assert.Contains("this `dense` has 4294967296 weights", longer.Message);

        var large = Network.Parse("network T { input 1x8x8\n classes 10\n dense 40000\n dense 40000\n dense classes }");
        var data = Dataset.Digits();
        var refused = await Assert.ThrowsAsync<SssException>(() => large.TrainAsync(data, Options));
        Assert.StartsWith("The network has 1,603,040,010 weights; at most 536,870,911 fit", refused.Message);

        var network = Network.Parse(Text);
        var threads = await Assert.ThrowsAsync<SssException>(() => network.TrainAsync(
            data,
            Options with { Threads = 1_000_000_000 }));
        Assert.Equal("The number of threads is 1000000000; it must be 1024 or less.", threads.Message);
    }

    [Fact]
    public async Task TrainsSelectsSavesAndLoads()
    {
        var network = Network.Parse(Text);
        var data = Dataset.Digits();
        var seen = new List<EpochProgress>();
        using var trained = await network.TrainAsync(data, Options, new Listener(seen.Add));

        Assert.Equal([1, 2, 3, 4], seen.Select(e => e.Epoch));
        Assert.Equal(seen, trained.Epochs);
        Assert.True(seen[3].Loss < seen[0].Loss);
        Assert.True(seen[3].Accuracy > seen[0].Accuracy && seen[3].Accuracy <= 1);
        Assert.True(seen[0].LearningRate > seen[3].LearningRate && seen[3].LearningRate > 0);
        Assert.All(seen, e => Assert.True(e.ImagesPerSecond > 0));
        Assert.Same(network, trained.Network);
        Assert.Equal(16, trained.Factors("bn1").Count);
        Assert.Throws<KeyNotFoundException>(() => trained.Factors("conv1"));
        // 1,438 training images make 44 whole batches of 32.
        Assert.Equal(4.0 * 44 * 32 * network.Macs, trained.TrainingMacs);

        using var small = trained.Select();
        Assert.True(small.Exactness.IsExact);
        var exactness = small.Exactness;
        Assert.True(exactness.MaxRel <= exactness.Tolerance && exactness.Tolerance <= 1e-4 && exactness.MaxAbs >= 0);
        Assert.Equal(1.0, exactness.ArgmaxAgree);
        Assert.True(exactness.Inputs > 100);
        Assert.True(small.Network.Macs < network.Macs, "nothing was removed");
        Assert.Equal(0, small.Network.Factors);
        Assert.Equal(32, small.Counts!.Neurons.Total);
        Assert.InRange(small.Counts.Neurons.Count, 1, 31);
        Assert.Equal((0, 1), (small.Counts.Groups.Total, small.Counts.Blocks.Total));
        Assert.Equal(0, small.Counts.Shared.Total);
        Assert.Equal(seen[3].Macs, small.Network.Macs);

        using var folder = new TemporaryFolder();
        small.Save(folder.Path);
        using var again = SelectedNetwork.Load(folder.Path);
        Assert.Equal(small.Network.ToText(), again.Network.ToText());
        var test = again.Evaluate(data.Test);
        Assert.Equal(small.Evaluate(data.Test), test);
        Assert.Equal(359, test.Count);
        Assert.True(test.Loss > 0 && test.Accuracy > 0.5);
        Assert.Equal(data.Classes, again.Classes);
        Assert.Throws<InvalidOperationException>(() => again.Exactness);

        var classes = again.EvaluateClasses(data.Test);
        Assert.Equal(data.Classes, classes.Select(c => c.Name));
        Assert.Equal((359, 359), (classes.Sum(c => c.Images), classes.Sum(c => c.Predicted)));
        Assert.Equal(test.Accuracy, classes.Sum(c => c.Right) / 359.0, 12);
        Assert.All(classes, c =>
        {
            Assert.Equal(c.Images - c.Right, c.TakenFor.Sum(other => other.Value));
            Assert.Equal(c.Right / (double)c.Images, c.Recall!.Value, 12);
            Assert.Equal(c.Predicted == 0 ? null : c.Right / (double)c.Predicted, c.Precision);
        });

        var images = Enumerable.Range(0, 5).Select(data.Test.Image).ToArray();
        var batch = small.PredictBatch(images.SelectMany(i => i).ToArray());
        Assert.Equal(50, batch.Length);
        for (var i = 0; i < images.Length; i++)
        {
            var alone = small.Predict(images[i]);
            Assert.All(alone.Zip(batch[(i * 10)..(i * 10 + 10)]), p => Assert.Equal(p.First, p.Second, 1e-4f));
        }

        var right = Enumerable.Range(0, data.Test.Count)
            .Count(i => ArgMax(small.Predict(data.Test.Image(i))) == data.Test.Labels[i]);
        Assert.Equal(right / (double)data.Test.Count, small.Evaluate(data.Test).Accuracy, 2);

        Assert.True(small.ExportOnnx(folder.File("small.onnx")).IsExact);
        Assert.True(small.ExportOnnx(folder.File("raw.onnx"), raw: true).IsExact);
        Assert.True(new FileInfo(folder.File("small.onnx")).Length > 1000);
        MeasuresInt8(small, data, folder);
        Assert.Throws<ArgumentException>(() => small.Predict(new float[63]));
        var given = new float[10];
        small.PredictBatch(data.Test.Image(0), given);
        Assert.Equal(small.Predict(data.Test.Image(0)), given);
        Assert.Throws<ArgumentException>(() => small.PredictBatch(data.Test.Image(0), new float[9]));

        trained.Dispose();
        Assert.Throws<ObjectDisposedException>(() => trained.Select());
    }

    private static void MeasuresInt8(SelectedNetwork small, Dataset data, TemporaryFolder folder)
    {
        var path = folder.File("int8.onnx");
        var measured = small.ExportInt8(path, data, maxDrop: 5, threads: 1);
        Assert.Equal(small.Evaluate(data.Test).Accuracy, measured.Float32.Accuracy, 3);
        Assert.Equal(100 * (measured.Float32.Accuracy - measured.Int8.Accuracy), measured.Drop, 9);
        Assert.InRange(measured.Drop, -5, 5);
        Assert.Equal(new FileInfo(path).Length, measured.Bytes);
        Assert.True(measured.Bytes < measured.Float32Bytes);
        Assert.Equal([1, 64], measured.Times.Select(t => t.Batch));
        Assert.All(measured.Times, t => Assert.True(t.Int8 > TimeSpan.Zero && t.Float32 > TimeSpan.Zero));
        Assert.NotEmpty(measured.Machine);
        using var classifier = Serving.Classifier.Load(path, new Serving.ClassifierOptions { Threads = 1 });
        Assert.Equal(data.Classes, classifier.Classes);
        Assert.Throws<ArgumentOutOfRangeException>(() => small.ExportInt8(path, data, maxDrop: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => small.ExportInt8(path, data, threads: 0));
    }

    [Fact]
    public async Task StopsWithinAStep()
    {
        using var source = new CancellationTokenSource();
        var epochs = 0;
        var task = Network.Parse(Text).TrainAsync(
            Dataset.Digits(),
            Options with { Epochs = 100_000 },
            new Listener(_ => Stop()),
            source.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        // Not one epoch more.
        Assert.Equal(1, epochs);

        void Stop()
        {
            epochs++;
            source.Cancel();
        }
    }

    [Fact]
    public async Task StoppedWithACheckpointItGoesOnWithTheSameNumbers()
    {
        var folder = Directory.CreateTempSubdirectory("sss-facade-").FullName;
        try
        {
            var network = Network.Parse(Text);
            var data = Dataset.Digits().Limit(320);
            var options = Options with { Epochs = 6, TargetMacs = 0.5, ShrinkEvery = 1, Validation = 0.2 };
            using var whole = await network.TrainAsync(data, options);

            var kept = options with { CheckpointFolder = folder };
            using var source = new CancellationTokenSource();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => network.TrainAsync(data, kept, new Listener(e => Stop(e, source)), source.Token));
            using var rest = await network.TrainAsync(data, kept);

            Assert.Equal(whole.Factors("bn1"), rest.Factors("bn1"));
            Assert.True(rest.Epochs.Count < whole.Epochs.Count);
            var refused = await Assert.ThrowsAsync<SssException>(
                () => network.TrainAsync(data, kept with { Seed = 4 }));
            Assert.Contains("seed: 3 there, 4 here", refused.Message);
        }
        finally
        {
            Directory.Delete(folder, true);
        }

        static void Stop(EpochProgress progress, CancellationTokenSource source)
        {
            if (progress.Epoch == 3)
            {
                source.Cancel();
            }
        }
    }

    [Fact]
    public async Task SameSeedSameNumbers()
    {
        var network = Network.Parse(Text);
        var data = Dataset.Digits().Limit(128);
        using var one = await network.TrainAsync(data, Options with { Epochs = 1 });
        using var two = await network.TrainAsync(data, Options with { Epochs = 1 });
        using var other = await network.TrainAsync(data, Options with { Epochs = 1, Seed = 4 });

        Assert.Equal(one.Factors("bn1"), two.Factors("bn1"));
        Assert.NotEqual(one.Factors("bn1"), other.Factors("bn1"));
    }

    [Fact]
    public async Task WrongOptionsAndWrongDataAreRefusedAtOnce()
    {
        var network = Network.Parse(Text);
        await Assert.ThrowsAsync<ArgumentException>(
            () => network.TrainAsync(Dataset.Digits(), new TrainingOptions { Epochs = 0 }));
        await Assert.ThrowsAsync<ArgumentException>(
            () => network.TrainAsync(Dataset.Digits(), new TrainingOptions { Gamma = Gamma.Same(-1) }));
        foreach (var wrong in new TrainingOptions[]
        {
            new() { Threads = 0 },
            new() { Loaders = 0 },
            new() { Validation = 1 },
            new() { Validation = double.NaN },
            new() { Device = "gpu" },
        })
        {
            var refused = await Assert.ThrowsAsync<ArgumentException>(() => network.TrainAsync(Dataset.Digits(), wrong));
            Assert.Contains("must be", refused.Message);
        }

        var thrown = await Assert.ThrowsAsync<SssException>(
            () => Network.Parse(Text.Replace("1x8x8", "3x8x8")).TrainAsync(Dataset.Digits()));
        Assert.Contains("1x8x8", thrown.Message);
    }

    [Fact]
    public async Task CudaThatIsNotThereIsSaidAndBf16Trains()
    {
        var data = Dataset.Digits().Limit(64);
        var few = new TrainingOptions { Epochs = 1, Batch = 32, Threads = 1, Loaders = 1 };
        var thrown = await Assert.ThrowsAsync<SssException>(
            () => Network.Parse(Text).TrainAsync(data, few with { Device = "cuda" }));
        Assert.Contains("cuda:0 is not available: the LibTorch in", thrown.Message);
        using var low = await Network.Parse(Text).TrainAsync(data, few with { Precision = Precision.BFloat16 });
        using var exact = await Network.Parse(Text).TrainAsync(data, few);
        var (a, b) = (low.Epochs[0].Loss, exact.Epochs[0].Loss);
        Assert.NotEqual(a, b);
        Assert.Equal(b, a, 0.1 * b);
        // Whichever it chooses, it computes with that.
        using var auto = await Network.Parse(Text).TrainAsync(data, few with { Precision = Precision.Auto });
        Assert.Contains(auto.Epochs[0].Loss, new[] { a, b });
    }

    [Fact]
    public async Task TheRecipeOfTheNetworkHoldsWhereTheOptionsAreSilent()
    {
        var data = Dataset.Digits().Limit(96);
        var recipe = new TrainingOptions { Epochs = 2, Batch = 32, LearningRate = 0.05, Schedule = Schedule.Step(0.5, 1), Seed = 5 };
        using var stepped = await Network.Parse(Text).WithRecipe(recipe)
            .TrainAsync(data, new TrainingOptions { Threads = 1, Loaders = 1 });
        Assert.Equal([0.05, 0.025], stepped.Epochs.Select(e => e.LearningRate));

        using var constant = await Network.Parse(Text).WithRecipe(recipe)
            .TrainAsync(data, new TrainingOptions { Threads = 1, Schedule = Schedule.Constant });
        Assert.Equal([0.05, 0.05], constant.Epochs.Select(e => e.LearningRate));
        Assert.Equal(stepped.Epochs[0].Loss, constant.Epochs[0].Loss);
    }

    [Fact]
    public async Task ArraysAreADataSetToo()
    {
        var random = new Random(1);
        var images = Enumerable.Range(0, 100)
            .Select(i => Enumerable.Range(0, 64).Select(_ => (float)random.NextDouble() + (i % 2)).ToArray())
            .ToArray();
        var data = Dataset.FromArrays(
            images,
            [.. Enumerable.Range(0, 100).Select(i => i % 2)],
            new Shape(1, 8, 8),
            ["dark", "light"]);

        Assert.Equal(80, data.Train.Count);
        Assert.Equal(20, data.Test.Count);
        using var trained = await Network.Parse(Text.Replace("classes 10", "classes 2"))
            .TrainAsync(data, Options with { Gamma = new Gamma() });
        using var small = trained.Select();
        Assert.True(small.Evaluate(data.Test).Accuracy > 0.9);
        Assert.Throws<ArgumentException>(() => Dataset.FromArrays(images, [1, 2], new Shape(1, 8, 8)));
    }

    [Fact]
    public void Folders_of_pictures_are_read_at_their_own_size_or_a_networks()
    {
        // One red pixel.
        var picture = Convert.FromBase64String(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC");
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "cat", "dog" })
        {
            Directory.CreateDirectory(folder.File(name));
            for (var i = 0; i < 5; i++)
            {
                File.WriteAllBytes(Path.Combine(folder.File(name), $"{i}.png"), picture);
            }
        }

        File.WriteAllText(Path.Combine(folder.File("cat"), "0.png"), "no picture");
        var network = Network.Parse(
            "network N {\n input 3x4x4\n classes 2\n conv 4 3x3; relu\n avgpool global\n dense classes\n}\n");
        var data = Dataset.Folder(folder.Path, network);
        Assert.Equal(["cat", "dog"], data.Classes);
        Assert.Equal((7, 2), (data.Train.Count, data.Test.Count));
        Assert.Equal(new Shape(3, 4, 4), data.Train.Shape);
        Assert.Equal([.. Enumerable.Repeat(255f, 16), .. Enumerable.Repeat(0f, 32)], data.Train.Image(0));
        Assert.Contains("0.png", Assert.Single(data.Skipped));
        File.WriteAllBytes(Path.Combine(folder.File("cat"), "0.png"), picture);
        Assert.Equal(new Shape(3, 1, 1), Dataset.Folder(folder.Path).Train.Shape);
        Assert.Throws<SssException>(() => Dataset.Folder(folder.File("cow")));
        Assert.Throws<SssException>(() => Dataset.Cifar10(folder.Path));
        Assert.Throws<SssException>(() => Dataset.Cifar100(folder.Path));
    }

    private static int ArgMax(float[] scores) => Array.IndexOf(scores, scores.Max());

    /// <summary><see cref="Progress{T}"/> reports on other threads, in no order; this one at once.</summary>
    private sealed class Listener(Action<EpochProgress> listen) : IProgress<EpochProgress>
    {
        public void Report(EpochProgress value) => listen(value);
    }
}
