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
