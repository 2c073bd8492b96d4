using System.Buffers.Binary;
using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Where images come from.</summary>
public class DatasetTests
{
    [Fact]
    public void TheEmbeddedDigitsAreThere()
    {
        var digits = Dataset.Load("digits");

        Assert.Equal("digits", digits.Name);
        Assert.Equal((1438, 359), (digits.Train.Count, digits.Test.Count));
        Assert.Equal(new Shape(1, 8, 8), digits.Test.Shape);
        Assert.Equal(10, digits.Classes.Count);
        Assert.Empty(digits.Skipped);
        Assert.Equal(Dataset.Digits().Train.Labels, digits.Train.Labels);
        Assert.Equal(Dataset.Digits().Train.Image(7), digits.Train.Image(7));
        Assert.Throws<ArgumentOutOfRangeException>(() => digits.Train.Image(1438));
        Assert.Equal(100, digits.Limit(100).Train.Count);
    }

    [Fact]
    public void AnUnknownSourceIsNamed()
    {
        Assert.Contains("nonsense", Assert.Throws<SssException>(() => Dataset.Load("nonsense")).Message);
        Assert.Contains("no-such-folder", Assert.Throws<SssException>(() => Dataset.Idx("no-such-folder")).Message);
    }

    [Fact]
    public void FashionMnistIsReadOrTheMessageSaysWhereItWasLookedFor()
    {
        try
        {
            var data = Dataset.FashionMnist();
            Assert.Equal((60_000, 10_000), (data.Train.Count, data.Test.Count));
            Assert.Equal(new Shape(1, 28, 28), data.Train.Shape);
        }
        catch (SssException e)
        {
            Assert.Contains("fashion-mnist", e.Message);
        }
    }

    [Fact]
    public void TablesAreReadForANetworkOrByTheirContent()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("t.csv");
        File.WriteAllLines(file, ["a,b,y", .. Enumerable.Range(0, 10).Select(i => $"{i},{2 * i},{i % 2}")]);

        var classes = Dataset.Csv(file);
        Assert.Equal(["0", "1"], classes.Classes);
        Assert.Equal(new Shape(2, 1, 1), classes.Train.Shape);
        Assert.Equal((8, 2), (classes.Train.Count, classes.Test.Count));

        var network = Network.Parse("network N {\n  input 2x1x1\n  outputs 1\n  dense outputs\n}");
        var numbers = Dataset.Csv(file, network, "a");
        Assert.Empty(numbers.Classes);
        Assert.Equal([4f], numbers.Test.Target(0));
        Assert.Equal([8f, 0f], numbers.Test.Image(0));
        Assert.Contains("no column `c`", Assert.Throws<SssException>(() => Dataset.Csv(file, network, "c")).Message);
    }

    [Fact]
    public void IdxFilesAreRead()
    {
        var folder = Directory.CreateTempSubdirectory("sss-facade-").FullName;
        try
        {
            foreach (var (stem, count) in new[] { ("train", 3), ("t10k", 2) })
            {
                File.WriteAllBytes(
                    Path.Combine(folder, $"{stem}-images-idx3-ubyte"),
                    [.. Header(0x803, count, 2, 2), .. Enumerable.Range(0, 4 * count).Select(i => (byte)(10 * i))]);
                File.WriteAllBytes(
                    Path.Combine(folder, $"{stem}-labels-idx1-ubyte"),
                    [.. Header(0x801, count), .. Enumerable.Range(0, count).Select(i => (byte)i)]);
            }

            var data = Dataset.Idx(folder);
            Assert.Equal([0, 1, 2], data.Train.Labels);
            Assert.Equal(2, data.Test.Count);
            Assert.Equal([40f, 50f, 60f, 70f], data.Train.Image(1));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static byte[] Header(params int[] numbers)
        {
            var bytes = new byte[4 * numbers.Length];
            for (var i = 0; i < numbers.Length; i++)
            {
                BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 * i), numbers[i]);
            }

            return bytes;
        }
    }
}
