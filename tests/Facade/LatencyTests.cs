using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Targets other than macs.</summary>
public class LatencyTests
{
    private static Network Net => Network.Build(
        "Net",
        (1, 8, 8),
        10,
        b => b
            .Conv(16, 3).BatchNorm().Factor(FactorKind.Neuron).Relu()
            .Conv(16, 3).BatchNorm().Factor(FactorKind.Neuron).Relu()
            .GlobalAveragePool()
            .Dense(b.Classes));

    [Fact]
    public void EveryLimitIsPartOfTheRecipe()
    {
        var options = new TrainingOptions
        {
            TargetMacs = 0.5,
            TargetParams = 0.25,
            TargetSize = 200_000,
            TargetLatency = Latency.Of(TimeSpan.FromMilliseconds(2.5)),
        };
        var recipe = Network.Parse(Net.WithRecipe(options).ToText()).Recipe!;

        Assert.Equal((0.5, 0.25, 200_000L), (recipe.TargetMacs, recipe.TargetParams, recipe.TargetSize));
        Assert.Equal(Latency.Of(TimeSpan.FromMilliseconds(2.5)), recipe.TargetLatency);
        Assert.Equal("2.5 ms", recipe.TargetLatency!.ToString());
        Assert.Equal("0.5 of the dense network's time", Latency.OfDense(0.5).ToString());
        Assert.NotEqual(Latency.OfDense(0.5), Latency.OfDense(0.6));

        Assert.Throws<ArgumentException>(() => Latency.Of(TimeSpan.Zero));
        Assert.Throws<ArgumentException>(() => Latency.OfDense(1.5));
        Assert.Throws<ArgumentException>(() => Net.WithRecipe(new TrainingOptions { TargetParams = 2 }));
        Assert.Throws<ArgumentException>(() => Net.WithRecipe(new TrainingOptions { TargetSize = 0 }));
    }

    [Fact]
    public async Task TheSelectedNetworkIsTimedBesideItsLimit()
    {
        var options = new TrainingOptions
        {
            Epochs = 4,
            Batch = 32,
            Threads = 1,
            Gamma = new Gamma { Neuron = 0.01 },
            TargetLatency = Latency.OfDense(0.7),
        };
        using var trained = await Net.TrainAsync(Dataset.Digits().Limit(320), options);
        using var small = trained.Select();
        var latency = small.Latency!;

        Assert.Equal("onnxruntime", latency.Engine);
        Assert.NotEmpty(latency.Machine);
        Assert.True(latency.Predicted > TimeSpan.Zero);
        Assert.True(latency.Measured > TimeSpan.Zero);
        Assert.Equal(0.7, latency.Limit / latency.Dense, 1);

        // A profile that is not there is named.
        var error = await Assert.ThrowsAsync<SssException>(
            () => Net.TrainAsync(Dataset.Digits().Limit(320), options with { LatencyProfile = "none.json" }));
        Assert.Contains("none.json", error.Message);
    }
}
