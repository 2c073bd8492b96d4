using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Native memory is given back when nobody uses it any more, whoever asks for it.</summary>
public class DisposalTests
{
    private static async Task<SelectedNetwork> MadeAsync()
    {
        var net = Network.Build("Small", (1, 8, 8), 10, b => b
            .Conv(8, 3).BatchNorm().Factor(FactorKind.Neuron).Relu()
            .Residual(r => r.Conv(8, 3).BatchNorm().Relu().Conv(8, 3).BatchNorm()).Factor(FactorKind.Block)
            .Relu()
            .GlobalAveragePool()
            .Dense(b.Classes));
        var options = new TrainingOptions { Epochs = 1, Threads = 1, Seed = 2, Gamma = Gamma.Same(0.001) };
        using var trained = await net.TrainAsync(Dataset.Digits().Limit(64), options);
        return trained.Select();
    }

    [Fact]
    public async Task DisposingWaitsForPredictionsAndLetsNoNewOneIn()
    {
        var small = await MadeAsync();
        var image = Dataset.Digits().Test.Image(0);
        var expected = small.Predict(image);
        var running = new CountdownEvent(4);
        var threads = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(Predict, TaskCreationOptions.LongRunning));
        var all = Task.WhenAll(threads);
        running.Wait();
        await Task.WhenAll(small.DisposeAsync().AsTask(), Task.Run(small.Dispose), small.DisposeAsync().AsTask());

        // Each thread got whole scores until it learned that the network is gone.
        Assert.Equal(4, (await all).Count(predictions => predictions > 0));
        Assert.Throws<ObjectDisposedException>(() => small.Predict(image));
        Assert.Throws<ObjectDisposedException>(() => small.PredictBatch(image, new float[10]));
        Assert.Throws<ObjectDisposedException>(() => small.Evaluate(Dataset.Digits().Test));
        Assert.Throws<ObjectDisposedException>(() => small.ExportOnnx("never.onnx"));

        int Predict()
        {
            for (var count = 0; ; count++)
            {
                try
                {
                    Assert.Equal(expected, small.Predict(image));
                }
                catch (ObjectDisposedException)
                {
                    return count;
                }

                if (count == 0)
                {
                    running.Signal();
                }
            }
        }
    }

    [Fact]
    public async Task AwaitUsingWorks()
    {
        SelectedNetwork kept;
        await using (kept = await MadeAsync())
        {
            Assert.Equal(10, kept.Predict(Dataset.Digits().Test.Image(0)).Length);
        }

        kept.Dispose();
        Assert.Throws<ObjectDisposedException>(() => kept.Predict(new float[64]));
    }
}
