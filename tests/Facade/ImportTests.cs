using Xunit;

namespace Sss.Facade.Tests;

/// <summary>From a trained network of elsewhere to a smaller one, on the embedded digits, with one thread.</summary>
public class ImportTests
{
    private const string Text = """
        network Small {
          input 1x8x8
          classes 10
          conv 8 3x3; bn @scale(neuron); relu
          residual @scale(block) { conv 8 3x3; bn @scale(neuron); relu; conv 8 3x3; bn }
          relu
          avgpool global
          dense classes
        }
        train {
          epochs 2
          batch 64
        }
        """;

    private static readonly TrainingOptions Options = new() { Threads = 1, Seed = 3 };

    private static async Task<string> Exported(TemporaryFolder folder)
    {
        using var trained = await Network.Parse(Text).TrainAsync(Dataset.Digits(), Options);
        using var whole = trained.Select();
        var path = folder.File("colleague-1.onnx");
        whole.ExportOnnx(path);
        return path;
    }

    [Fact]
    public async Task AnImportedNetworkIsFineTunedWithItselfAsTeacher()
    {
        using var folder = new TemporaryFolder();
        var path = await Exported(folder);
        var imported = Network.Import(path);
        Assert.Equal("Colleague_1", imported.Network.Name);
        Assert.Equal(17, imported.Network.Factors);
        Assert.InRange(imported.MaxRel, 0, 1e-4);
        Assert.True(imported.Inputs > 0);
        Assert.Null(imported.NewLayer);
        Assert.Empty(imported.LeftOut);
        Assert.Equal(imported.Network, imported.Weights.Network);
        Assert.Empty(imported.Weights.Classes);

        var finer = Options with
        {
            Epochs = 2,
            LearningRate = 0.01,
            HeadRate = 2,
            Init = imported.Weights,
            Teacher = new Teacher { Weight = 0.5, Temperature = 2 },
        };
        using var taught = await imported.Network.TrainAsync(Dataset.Digits(), finer);
        using var other = await imported.Network.TrainAsync(
            Dataset.Digits(),
            finer with { Teacher = new Teacher { Network = Weights.Load(Save(imported.Weights, folder)), Weight = 0.5, Temperature = 2 } });

        // The network of Init is the teacher where none is named.
        Assert.Equal(taught.Epochs.Select(e => e.Loss), other.Epochs.Select(e => e.Loss));
        using var random = await imported.Network.TrainAsync(Dataset.Digits(), finer with { Init = null, Teacher = null });
        Assert.True(taught.Epochs[0].Accuracy > random.Epochs[0].Accuracy);
        Assert.Equal("0", taught.Weights.Classes[0]);
        Assert.Equal(taught.Weights.Network, imported.Network);
        using var small = taught.Select();
        Assert.True(small.Exactness.IsExact);
    }

    private static string Save(Weights weights, TemporaryFolder folder)
    {
        var path = folder.File("imported.safetensors");
        weights.Save(path);
        return path;
    }

    [Fact]
    public async Task AnotherNumberOfClassesAndAPreparationAreChosenAtImport()
    {
        using var folder = new TemporaryFolder();
        var path = await Exported(folder);
        var options = new ImportOptions
        {
            Name = "Mine",
            Input = new Shape(1, 8, 8),
            Factors = [FactorKind.Neuron],
            Classes = 2,
            Preparation = new ImagePreparation { Mean = [0.25], Deviation = [0.5], Black = 0, White = 1 },
        };
        var imported = Network.Import(path, options);
        Assert.Equal(
            $"{path}: the order of its channels cannot be changed: its first layer is no convolution over all channels of the image",
            Assert.Throws<SssException>(() => Network.Import(path, new ImportOptions { BlueFirst = true })).Message);
        Assert.Equal(("Mine", 2, 8L), (imported.Network.Name, imported.Network.Classes, imported.Network.Factors));
        Assert.Equal("dense1", imported.NewLayer);

        float[][] images = [.. Enumerable.Range(0, 40).Select(i => Enumerable.Repeat(i % 2 * 255f, 64).ToArray())];
        var data = Dataset.FromArrays(images, [.. Enumerable.Range(0, 40).Select(i => i % 2)], new Shape(1, 8, 8), ["dark", "bright"]);
        using var trained = await imported.Network.TrainAsync(
            data,
            Options with { Epochs = 1, Batch = 8, Init = imported.Weights });
        using var small = trained.Select();
        Assert.Contains("mean 0.25, deviation 0.5", small.Preparation);

        Assert.Equal(3, ImagePreparation.ImageNet.Mean.Count);
        Assert.Equal((0.0, 1.0), (ImagePreparation.ImageNet.Black, ImagePreparation.ImageNet.White));
        Assert.Equal(0.229, ImagePreparation.ImageNet.Deviation[0]);
        Assert.Equal(
            "Mean has 3 numbers for images of 1 channels. (Parameter 'Mean')",
            Assert.Throws<ArgumentException>(
                () => Network.Import(path, options with { Preparation = ImagePreparation.ImageNet })).Message);
    }

    [Fact]
    public async Task WhatIsWrongIsSaid()
    {
        Assert.Contains("no-such-file.onnx", Assert.Throws<SssException>(() => Network.Import("no-such-file.onnx")).Message);
        Assert.Throws<ArgumentException>(() => Network.Import("a.onnx", new ImportOptions { Name = "1" }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Network.Import("a.onnx", new ImportOptions { Classes = 0 }));

        var network = Network.Parse(Text);
        Assert.Equal(
            "Weight must be above 0 and at most 1, not 2. (Parameter 'Weight')",
            Assert.Throws<ArgumentException>(
                () => network.WithRecipe(new TrainingOptions { Teacher = new Teacher { Weight = 2 } })).Message);
        var missing = await Assert.ThrowsAsync<SssException>(
            () => network.TrainAsync(Dataset.Digits(), Options with { Teacher = new Teacher() }));
        Assert.Equal(
            "The recipe has a `Teacher`, and no network for it was given. Give it as `Teacher.Network`; without it, the network of `Init` is the teacher.",
            missing.Message);
    }
}
