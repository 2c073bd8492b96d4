using TorchSharp;
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
        static float[] Sums(float[] image) => [image[..8].Sum() - 4, image[8..].Sum() - 4];
        var data = Dataset.FromNumbers(
            train, [.. train.Select(Sums)], test, [.. test.Select(Sums)], (1, 4, 4), (2, 1, 1));
        Assert.Empty(data.Classes);
        Assert.Empty(data.Train.Labels);
        Assert.Equal(Sums(train[3]), data.Train.Target(3));

        var net = Network.BuildWithOutputs("Sums", (1, 4, 4), 2, b => b
            .Dense(16).BatchNorm().Factor(FactorKind.Neuron).Relu()
            .Dense(b.Classes));
        using var trained = await net.TrainAsync(data, Options with { Loss = Loss.Mse, Epochs = 40 });
        Assert.True(double.IsNaN(trained.Epochs[0].Accuracy));
        using var small = trained.Select();
        Assert.True(small.Network.GivesNumbers);
        var found = small.Evaluate(data.Test);
        Assert.True(found.R2 > 0.5 && found.Rmse < 0.6, $"{found}");
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

    private static Dataset Halves()
    {
        var (train, test) = (Images(100, 1), Images(20, 2));
        static int Label(float[] image) => image[..8].Sum() > image[8..].Sum() ? 1 : 0;
        return Dataset.FromTrainAndTest(train, [.. train.Select(Label)], test, [.. test.Select(Label)], (1, 4, 4), ["below", "above"]);
    }

    private static readonly Network Small = Network.Build("Halves", (1, 4, 4), 2, b => b
        .Dense(16).BatchNorm().Factor(FactorKind.Neuron).Relu()
        .Dense(b.Classes));

    [Fact]
    public async Task ALossOfOnesOwnTrainsSelectsAndContinues()
    {
        using var folder = new TemporaryFolder();
        var options = Options with { Epochs = 3, Gamma = Gamma.Same(0.5), CheckpointFolder = folder.Path };
        var own = Loss.Of((scores, labels) => torch.nn.functional.cross_entropy(scores, labels), name: "ce 1");
        Assert.Equal("ce 1 (crossentropy smoothing=0)", own.ToString());
        using var byLanguage = await Small.TrainAsync(Halves(), options with { CheckpointFolder = null });
        using var byFunction = await Small.TrainAsync(Halves(), options with { Loss = own });
        Assert.Equal(byLanguage.Epochs.Select(e => e.Loss), byFunction.Epochs.Select(e => e.Loss));
        var owner = Small.Layers.First(l => l.Name.StartsWith("bn")).Name;
        Assert.Equal(byLanguage.Factors(owner), byFunction.Factors(owner));
        using var small = byFunction.Select();
        Assert.True(small.Exactness.IsExact);

        // The same again continues at its end; without the function, or with another, it does not.
        using var again = await Small.TrainAsync(Halves(), options with { Loss = own });
        Assert.Equal(byFunction.Factors(owner), again.Factors(owner));
        var without = await Assert.ThrowsAsync<SssException>(() => Small.TrainAsync(Halves(), options));
        Assert.Contains("\n  loss function: ce 1 there, the recipe's here\n", without.Message);
        var other = Loss.Of((scores, labels) => scores.mean(), name: "other");
        var renamed = await Assert.ThrowsAsync<SssException>(() => Small.TrainAsync(Halves(), options with { Loss = other }));
        Assert.Contains("\n  loss function: ce 1 there, other here\n", renamed.Message);
    }

    [Fact]
    public async Task ALossThatCannotBeMinimisedIsAMessage()
    {
        async Task<string> Said(Func<torch.Tensor, torch.Tensor, torch.Tensor> loss) =>
            (await Assert.ThrowsAsync<SssException>(
                () => Small.TrainAsync(Halves(), Options with { Loss = Loss.Of(loss) }))).Message;

        Assert.Equal(
            "The loss `own` gives a tensor of 20x2 values; it must give one number: take the mean, for example.",
            await Said((scores, _) => scores));
        const string NoGradient =
            "The loss `own` has no gradient. Compute it from the scores with operations that have one, without `detach`, "
            + "`argmax`, comparisons and `no_grad`.";
        Assert.Equal(NoGradient, await Said((scores, _) => scores.detach().mean()));
        Assert.Equal(NoGradient, await Said((scores, labels) => scores.argmax(1).eq(labels).sum()));
        Assert.Equal("The loss `own` gives no tensor, or one that was disposed of.", await Said((_, _) => null!));
        Assert.Equal(
            "The loss `own` ended with an exception: InvalidOperationException: no",
            await Said((_, _) => throw new InvalidOperationException("no")));
        Assert.StartsWith("The loss `own` ended with an exception: ", await Said((scores, _) => scores.view(7, 7).mean()));
        Assert.Equal(
            "The loss `own` gives no tensor, or one that was disposed of.",
            await Said((scores, _) =>
            {
                var mean = scores.mean();
                mean.Dispose();
                return mean;
            }));
        Assert.Equal(
            "targets must be a loss of the language. (Parameter 'targets')",
            Assert.Throws<ArgumentException>(
                () => Loss.Of((a, _) => a.mean(), Loss.Of((a, _) => a.mean()))).Message);
        Assert.Throws<ArgumentException>(() => Loss.Of((a, _) => a.mean(), name: " "));
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

    [Fact]
    public async Task FurtherOutputsLearnTheirOwnTargets()
    {
        static int Label(float[] image) => image.Sum() > 8 ? 1 : 0;
        static float[] Half(float[] image) => [image[..8].Sum() - 4];
        var images = Images(250, 1);
        var plain = Dataset.FromArrays(images, [.. images.Select(Label)], (1, 4, 4));
        float[][] train = [.. Enumerable.Range(0, plain.Train.Count).Select(plain.Train.Image)];
        float[][] test = [.. Enumerable.Range(0, plain.Test.Count).Select(plain.Test.Image)];
        var data = plain
            .WithNumbers("half", [.. train.Select(Half)], [.. test.Select(Half)], (1, 1, 1))
            .WithLabels("again", [.. train.Select(Label)], [.. test.Select(Label)]);
        Assert.Equal([Label(train[3]), Label(train[3]), Half(train[3])[0]], data.Train.Target(3));

        var net = Network.Build("Heads", (1, 4, 4), 2, b => b
            .Dense(16).BatchNorm().Factor(FactorKind.Neuron).Relu()
            .Output("half", o => o.Dense(1))
            .Output("again", o => o.Dense(2))
            .Dense(b.Classes));
        Assert.Equal([new("half", (1, 1, 1)), new("again", (2, 1, 1))], net.Outputs);
        Assert.Contains("  output half {\n    dense 1\n  }\n", net.ToText());
        var outputs = new Dictionary<string, OutputLoss> { ["half"] = new(Loss.Mse, Weight: 0.5) };
        var with = net.WithRecipe(Options with { Outputs = outputs });
        Assert.Contains("\n  output half mse weight=0.5\n", with.ToText());
        Assert.Equal(outputs, Network.Parse(with.ToText()).Recipe!.Outputs);
        Assert.Equal((Loss.Mse, 0.5), (outputs["half"].Loss, outputs["half"].Weight));

        using var trained = await with.TrainAsync(data, new TrainingOptions { Epochs = 30, Threads = 1 });
        using var small = trained.Select();
        Assert.True(small.Exactness.IsExact);
        var found = small.Evaluate(data.Test);
        Assert.Equal(found, small.Evaluate(data.Test));
        Assert.NotEqual(found, found with { Outputs = [] });
        Assert.Equal(["half", "again"], found.Outputs.Select(output => output.Name));
        Assert.True(found.Outputs[0].Value.R2 > 0.3, $"{found.Outputs[0]}");
        Assert.Equal(found.Outputs[0].Value.Rmse!.Value, Math.Sqrt(found.Outputs[0].Value.Loss), 6);
        Assert.True(found.Outputs[1].Value.Accuracy > 0.7, $"{found.Outputs[1]}");

        var values = small.PredictOutputs(test[0]);
        Assert.Equal(["again", "half", "scores"], values.Keys.Order());
        Assert.Equal(small.Predict(test[0]), values["scores"]);
        Assert.Single(values["half"]);
        Assert.Equal(2, values["again"].Length);
        Assert.Throws<ArgumentException>(() => small.PredictOutputs(new float[32]));

        Assert.Throws<ArgumentException>(() => data.WithLabels("again", [1], [1]));
        Assert.Throws<ArgumentException>(() => data.WithNumbers("half", [[1, 2]], [[1, 2]], (1, 1, 1)));
        Assert.Throws<ArgumentException>(() => net.WithRecipe(new TrainingOptions
        {
            Outputs = new Dictionary<string, OutputLoss> { ["half"] = new(Loss.Mse, Weight: 0) },
        }));
        Assert.Throws<ArgumentException>(() => net.WithRecipe(new TrainingOptions
        {
            Outputs = new Dictionary<string, OutputLoss> { ["half"] = new(Loss.Of((s, t) => s.sum())) },
        }));
    }
}
