using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Losses, optimizers, and tasks other than one class for each image.</summary>
public class TaskTests
{
    private static readonly TrainingOptions Options = new()
    {
        Epochs = 12,
        Batch = 20,
        LearningRate = 0.01,
        Optimizer = Optimizer.AdamW(),
        Threads = 1,
    };

    /// <summary>Images of 4×4 random numbers.</summary>
    private static float[][] Images(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, 16).Select(_ => random.NextSingle()).ToArray())];
    }

    [Fact]
    public void LossesAndOptimizersAreWrittenAsTheLanguageHasThem()
    {
        var classes = Network.Build("N", (1, 4, 4), 2, b => b.Dense(b.Classes));
        var numbers = Network.BuildWithOutputs("N", (1, 4, 4), 2, b => b.Dense(b.Classes));
        Assert.False(classes.GivesNumbers);
        Assert.True(numbers.GivesNumbers);
        Assert.Contains("  outputs 2\n", numbers.ToText());
        foreach (var (net, loss, text) in new[]
        {
            (classes, Loss.CrossEntropy(0.1), "crossentropy smoothing=0.1"),
            (classes, Loss.Focal(), "focal gamma=2"),
            (classes, Loss.Bce, "bce"),
            (numbers, Loss.Mse, "mse"),
            (numbers, Loss.Huber(0.5), "huber delta=0.5"),
        })
        {
            var with = net.WithRecipe(new TrainingOptions { Loss = loss });
            Assert.Equal(text, loss.ToString());
            Assert.Contains($"\n  loss {text}\n", with.ToText());
            Assert.Equal(loss, Network.Parse(with.ToText()).Recipe!.Loss);
        }

        Assert.Equal("nag", Optimizer.Nag.ToString());
        Assert.Equal("adamw beta1=0.9 beta2=0.999 eps=1E-08", Optimizer.AdamW().ToString());
        Assert.Equal(
            "smoothing must be a number of at least 0 and below 1, not 1. (Parameter 'smoothing')",
            Assert.Throws<ArgumentException>(() => Loss.CrossEntropy(1)).Message);
        Assert.Equal(
            "beta2 must be a number of at least 0 and below 1, not 1. (Parameter 'beta2')",
            Assert.Throws<ArgumentException>(() => Optimizer.AdamW(beta2: 1)).Message);
        Assert.Throws<ArgumentException>(() => Loss.Focal(-1));
        Assert.Throws<ArgumentException>(() => Loss.Huber(0));
    }

    [Fact]
    public async Task NumbersAreLearned()
    {
        var (train, test) = (Images(200, 1), Images(50, 2));
        static float[] Sums(float[] image) => [image[..8].Sum() / 4, image[8..].Sum() / 4];
        var data = Dataset.FromNumbers(
            train, [.. train.Select(Sums)], test, [.. test.Select(Sums)], (1, 4, 4), (2, 1, 1));
        Assert.Empty(data.Classes);
        Assert.Empty(data.Train.Labels);
        Assert.Equal(Sums(train[3]), data.Train.Target(3));

        var net = Network.BuildWithOutputs("Sums", (1, 4, 4), 2, b => b
            .Dense(16).BatchNorm().Factor(FactorKind.Neuron).Relu()
            .Dense(b.Classes));
        using var trained = await net.TrainAsync(data, Options with { Loss = Loss.Mse });
        Assert.True(double.IsNaN(trained.Epochs[0].Accuracy));
        using var small = trained.Select();
        Assert.True(small.Network.GivesNumbers);
        var found = small.Evaluate(data.Test);
        Assert.True(found.R2 > 0.5 && found.Rmse < 0.3, $"{found}");
        Assert.Equal(found.Loss, found.Rmse!.Value * found.Rmse.Value, 6);
        Assert.Equal((null, null), (found.MeanIoU, found.MeanAveragePrecision));

        var refused = await Assert.ThrowsAsync<SssException>(() => net.TrainAsync(data, Options));
        Assert.Equal("`loss` is crossentropy; it must be mse or huber where a network has `outputs`.", refused.Message);
    }

    [Fact]
    public async Task MasksAreLearned()
    {
        var (train, test) = (Images(200, 1), Images(50, 2));
        static int[] Mask(float[] image) => [.. image.Select(x => x > 0.5f ? 1 : 0)];
        var data = Dataset.FromMasks(
            train, [.. train.Select(Mask)], test, [.. test.Select(Mask)], (1, 4, 4), 4, ["dark", "light"]);
        var net = Network.Build("Masks", (1, 4, 4), 2, b => b
            .Conv(8, 1).BatchNorm().Factor(FactorKind.Neuron).Relu()
            .Conv(b.Classes, 1));
        using var trained = await net.TrainAsync(data, Options);
        using var small = trained.Select();
        var found = small.Evaluate(data.Test);
        Assert.True(found.MeanIoU > 0.8 && found.Accuracy > 0.9, $"{found}");
        Assert.Equal((null, null), (found.R2, found.Rmse));
        Assert.Equal(["dark", "light"], data.Classes);
    }

    [Fact]
    public void TargetsThatCannotBeAreRefusedByName()
    {
        var images = Images(2, 1);
        float[][] numbers = [[1], [2]];
        Assert.Equal(
            "There are 2 images and 1 targets. (Parameter 'trainTargets')",
            Assert.Throws<ArgumentException>(
                () => Dataset.FromNumbers(images, [[1]], images, numbers, (1, 4, 4), (1, 1, 1))).Message);
        Assert.Equal(
            "Target 1 has NaN; targets must be finite numbers. (Parameter 'testTargets')",
            Assert.Throws<ArgumentException>(
                () => Dataset.FromNumbers(images, numbers, images, [[1], [float.NaN]], (1, 4, 4), (1, 1, 1))).Message);
        Assert.Equal(
            "Target 0 has 3 values; 1x4x4 has 16. (Parameter 'trainMasks')",
            Assert.Throws<ArgumentException>(
                () => Dataset.FromMasks(images, [[0, 1, 0], [0, 1, 0]], images, [], (1, 4, 4), 4)).Message);
        int[] far = [.. Enumerable.Repeat(2, 16)];
        Assert.Equal(
            "Mask 0 has the class 2; classes are 0 to 1. (Parameter 'trainMasks')",
            Assert.Throws<ArgumentException>(
                () => Dataset.FromMasks(images, [far, far], images, [far, far], (1, 4, 4), 4, ["a", "b"])).Message);
    }
}
