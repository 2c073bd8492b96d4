using System.Reflection;
using Sss.Serving;
using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Pictures classified by the facade, and by <c>Sss.Serving</c> with the exported file.</summary>
public sealed class ServingTests : IDisposable
{
    private const string Text =
        """
        network N3 {
          input 3x8x8
          classes 3
          conv 4 3x3; bn @scale(neuron); relu
          avgpool global
          dense classes
        }
        train { epochs 1; batch 16; gamma 0.001 }
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("sss-serving-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private async Task<SelectedNetwork> Trained()
    {
        var random = new Random(1);
        int[] labels = [.. Enumerable.Range(0, 60).Select(i => i % 3)];
        float[][] images = [.. labels.Select(l => Enumerable.Range(0, 192)
            .Select(_ => (float)random.Next(80 * l, (80 * l) + 90)).ToArray())];
        var data = Dataset.FromArrays(images, labels, new Shape(3, 8, 8), ["dark", "middle", "light"]);
        using var trained = await Network.Parse(Text).TrainAsync(data, new TrainingOptions { Threads = 1 });
        return trained.Select();
    }

    private string Picture(string name, byte shade)
    {
        var path = Path.Combine(folder, name);
        PreparationTests.Png(path, 20, (x, y) => (byte)(shade + ((x + y) % 9)));
        return path;
    }

    [Fact]
    public async Task APictureHasTheSameScoresFromItsPathItsBytesAndAStreamHereAndInServing()
    {
        using var small = await Trained();
        var model = Path.Combine(folder, "selected.onnx");
        Assert.True(small.ExportOnnx(model).IsExact);
        using var classifier = Classifier.Load(model, new ClassifierOptions { Threads = 1 });
        Assert.Equal("N3", classifier.Name);
        Assert.Equal(["dark", "middle", "light"], classifier.Classes);
        Assert.Equal(small.Preparation, classifier.Preparation);

        var files = new[] { Picture("a.png", 20), Picture("b.png", 120), Picture("c.png", 240) };
        var batch = classifier.PredictBatch(files);
        for (var i = 0; i < files.Length; i++)
        {
            var expected = small.PredictFile(files[i]);
            var content = File.ReadAllBytes(files[i]);
            using var stream = new MemoryStream(content);
            using var second = new MemoryStream(content);
            using var third = File.OpenRead(files[i]);
            Prediction[] all =
            [
                small.PredictImage(files[i]), small.PredictImage(content), small.PredictImage(stream),
                classifier.Predict(files[i]), classifier.Predict(content), classifier.Predict(second),
                await classifier.PredictAsync(third), batch[i],
            ];
            foreach (var prediction in all)
            {
                Assert.All(expected.Zip(prediction.Scores), p => Assert.Equal(p.First, p.Second, 1e-5f));
                Assert.Equal(1f, prediction.Probabilities.Sum(), 1e-5f);
                Assert.Equal(prediction.Scores.Max(), prediction.Best.Score);
                Assert.Equal(classifier.Classes[prediction.Best.Index], prediction.Best.Name);
                Assert.Equal(prediction.Probabilities[prediction.Best.Index], prediction.Best.Probability);
                Assert.Equal(prediction.Classes.Take(2), prediction.Top(2));
                Assert.Equal(3, prediction.Top(10).Count);
                Assert.StartsWith(prediction.Best.Name + " ", prediction.ToString());
                Assert.EndsWith(" %", prediction.ToString());
                Assert.Throws<ArgumentOutOfRangeException>(() => prediction.Top(0));
            }
        }
    }

    [Fact]
    public async Task WhatIsNoPictureIsRefusedWithTheReason()
    {
        using var small = await Trained();
        var model = Path.Combine(folder, "selected.onnx");
        small.ExportOnnx(model);
        var defaults = new ClassifierOptions();
        Assert.Equal((16L << 20, 1), (defaults.MaxPictureBytes, defaults.Threads));
        using var classifier = Classifier.Load(model, defaults with { MaxPictureBytes = 1000 });

        byte[] text = "no picture"u8.ToArray();
        Assert.Contains("neither JPEG nor PNG", Assert.Throws<PictureException>(() => classifier.Predict(text)).Message);
        Assert.Contains("neither JPEG nor PNG", Assert.Throws<SssException>(() => small.PredictImage(text)).Message);
        var missing = Assert.Throws<PictureException>(() => classifier.Predict("no.png"));
        Assert.Equal("no.png: no such file or folder", missing.Message);

        var large = new byte[1001];
        const string TooLong = "it has more than the 1000 bytes that are allowed";
        var file = Path.Combine(folder, "large.png");
        File.WriteAllBytes(file, large);
        Assert.Equal($"the picture: {TooLong}", Assert.Throws<PictureException>(() => classifier.Predict(large)).Message);
        Assert.Equal($"{file}: {TooLong}", Assert.Throws<PictureException>(() => classifier.Predict(file)).Message);
        Assert.Equal(
            $"the picture: {TooLong}",
            Assert.Throws<PictureException>(() => classifier.Predict(new MemoryStream(large))).Message);
        Assert.Equal(
            $"the picture: {TooLong}",
            (await Assert.ThrowsAsync<PictureException>(() => classifier.PredictAsync(new MemoryStream(large)))).Message);

        Assert.Contains("no such file", Assert.Throws<ModelException>(() => Classifier.Load("no.onnx")).Message);
        Assert.Contains("ONNX Runtime", Assert.Throws<ModelException>(() => Classifier.Load(file)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Classifier.Load(model, defaults with { Threads = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Classifier.Load(model, defaults with { MaxPictureBytes = 0 }));
    }

    [Fact]
    public async Task ManyThreadsGetWhatEachWouldGetAloneAndDisposingWaitsForThem()
    {
        using var small = await Trained();
        var model = Path.Combine(folder, "selected.onnx");
        small.ExportOnnx(model);
        byte[][] pictures = [.. Enumerable.Range(0, 20).Select(i => File.ReadAllBytes(Picture($"{i}.png", (byte)(12 * i))))];
        await using var classifier = Classifier.Load(model);
        var alone = pictures.Select(p => classifier.Predict(p).Scores).ToArray();
        Parallel.For(0, 400, i => Assert.Equal(alone[i % 20], classifier.Predict(pictures[i % 20]).Scores));

        var second = Classifier.Load(model);
        var running = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            var done = 0;
            try
            {
                while (true)
                {
                    second.Predict(pictures[done++ % 20]);
                }
            }
            catch (ObjectDisposedException)
            {
                return done;
            }
        })).ToArray();
        await Task.Delay(50);
        await second.DisposeAsync();
        second.Dispose();
        Assert.All(await Task.WhenAll(running), done => Assert.True(done > 0));
    }

    [Fact]
    public void EveryPublicMemberOfServingIsUsedByATest()
    {
        var untouched = CoverageTests.Untouched(typeof(Classifier).Assembly, typeof(ServingTests).Assembly);
        Assert.True(untouched.Count == 0, $"no test uses {string.Join(", ", untouched)}");
    }

    [Fact]
    public void ServingNeedsNoTraining()
    {
        var needed = new HashSet<string>();
        var open = new Queue<Assembly>([typeof(Classifier).Assembly]);
        while (open.TryDequeue(out var assembly))
        {
            foreach (var name in assembly.GetReferencedAssemblies().Where(n => n.Name!.StartsWith("Sss.") && needed.Add(n.Name)))
            {
                open.Enqueue(Assembly.Load(name));
            }
        }

        Assert.Equal(["Sss.Core", "Sss.Files", "Sss.Schema"], needed.Order(StringComparer.Ordinal));
    }
}
