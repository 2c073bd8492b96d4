using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Xunit;

namespace Sss.Facade.Tests;

/// <summary>An image is to a network in C# what it was in training.</summary>
public sealed class PreparationTests : IDisposable
{
    private const string Text =
        """
        network N3 {
          input 3x16x16
          classes 2
          conv 8 3x3 stride=2; bn @scale(neuron); relu
          conv 8 3x3; bn @scale(neuron); relu
          avgpool global
          dense classes
        }
        train { epochs 8; batch 16; lr 0.1 cosine; gamma 0.01; augment resize=32 }
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("sss-facade-").FullName;
    private readonly Random random = new(1);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>64 × 64 pictures: the inner 32 × 32 dark or light, the frame the opposite.</summary>
    [Fact]
    public async Task PicturesThatAreScaledBeforeTheCutAreSoInPredict()
    {
        var pictures = Path.Combine(folder, "pictures");
        foreach (var (name, isLight) in new[] { ("dark", false), ("light", true) })
        {
            Directory.CreateDirectory(Path.Combine(pictures, name));
            for (var i = 0; i < 50; i++)
            {
                Png(Path.Combine(pictures, name, $"{i:D2}.png"), 64, (x, y) =>
                    (byte)((x is >= 16 and < 48 && y is >= 16 and < 48) == isLight
                        ? random.Next(165, 255)
                        : random.Next(0, 90)));
            }
        }

        var net = Network.Parse(Text);
        var data = Dataset.Folder(pictures, net);
        using var trained = await net.TrainAsync(data, new TrainingOptions { Threads = 1 });
        using var small = trained.Select();
        Assert.Equal(1, small.Evaluate(data.Test).Accuracy);
        Assert.Contains("shorter side scaled to 32 pixels", small.Preparation);
        small.Save(Path.Combine(folder, "out"));
        using var again = SelectedNetwork.Load(Path.Combine(folder, "out"));
        Assert.Equal(small.Preparation, again.Preparation);

        // The same folder, read without the recipe: as other data would be.
        var plain = Dataset.Folder(pictures, net.WithRecipe(null));
        Assert.Equal(small.Evaluate(data.Test), again.Evaluate(plain.Test));
        for (var i = 0; i < data.Test.Count; i++)
        {
            var scores = small.Predict(data.Test.Image(i));
            Assert.Equal(data.Test.Labels[i], scores[0] > scores[1] ? 0 : 1);
            Assert.Equal(scores, small.PredictBatch(data.Test.Image(i)));
            Assert.Equal(scores, again.Predict(plain.Test, i));
            var file = Path.Combine(pictures, data.Classes[data.Test.Labels[i]], $"{(5 * (i % 10)) + 4:D2}.png");
            Assert.Equal(scores, again.PredictFile(file));
        }

        // Pictures that were read in another way than the recipe asks for train nothing.
        var wrong = await Assert.ThrowsAsync<SssException>(() => net.TrainAsync(plain));
        Assert.Contains("recipe: resize=32 background=white\n  pictures: resize=0 background=white", wrong.Message);
    }

    [Fact]
    public async Task NumbersOfArraysKnowWhatBlackAndWhiteAre()
    {
        float[] Image(int label) =>
            [.. Enumerable.Range(0, 192).Select(_ => (float)random.Next(label == 0 ? 0 : 150, label == 0 ? 100 : 256))];
        int[] labels = [.. Enumerable.Range(0, 60).Select(i => i / 5 % 2)];
        float[][] images = [.. labels.Select(Image)];
        var net = Network.Parse(Text.Replace("16x16", "8x8").Replace("; augment resize=32", ""));
        var options = new TrainingOptions { Threads = 1, Epochs = 10 };

        using var trained = await net.TrainAsync(Dataset.FromArrays(images, labels, net.Input), options);
        using var small = trained.Select();
        Assert.Contains("pixels from 0 to 255 (black to white)", small.Preparation);
        var path = Path.Combine(folder, "x.png");
        for (var i = 0; i < 20; i++)
        {
            var low = i % 2 * 150;
            Png(path, 8, (_, _) => (byte)random.Next(low, low + 100));
            var scores = small.PredictFile(path);
            Assert.Equal(i % 2, scores[0] > scores[1] ? 0 : 1);
        }

        float[][] standard = [.. images.Select(image => image.Select(v => (v - 128) / 70).ToArray())];
        using var unknown = await net.TrainAsync(Dataset.FromArrays(standard, labels, net.Input), options);
        using var selected = unknown.Select();
        var refused = Assert.Throws<SssException>(() => selected.PredictFile(path));
        Assert.Contains("it is not known which values of its training pixels are black and white", refused.Message);
        Assert.Equal(2, selected.Predict(standard[0]).Length);
        Assert.Contains(
            "its pixels cannot be converted to the network's",
            Assert.Throws<SssException>(
                () => selected.Evaluate(Dataset.FromArrays(images, labels, net.Input).Test)).Message);
    }

    /// <summary>Writes a grey square as a PNG of red, green and blue.</summary>
    internal static void Png(string path, int size, Func<int, int, byte> shade)
    {
        var rows = new byte[size * (1 + (3 * size))];
        for (var i = 0; i < size * size; i++)
        {
            var at = (i / size * (1 + (3 * size))) + 1 + (3 * (i % size));
            rows.AsSpan(at, 3).Fill(shade(i % size, i / size));
        }

        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(rows);
        }

        using var file = File.Create(path);
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        Chunk("IHDR", [.. Big(size), .. Big(size), 8, 2, 0, 0, 0]);
        Chunk("IDAT", packed.ToArray());
        Chunk("IEND", []);

        void Chunk(string name, byte[] data)
        {
            byte[] body = [.. Encoding.ASCII.GetBytes(name), .. data];
            file.Write([.. Big(data.Length), .. body, .. Big((int)Crc(body))]);
        }

        static byte[] Big(int value)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(bytes, value);
            return bytes;
        }

        static uint Crc(byte[] bytes)
        {
            var crc = uint.MaxValue;
            foreach (var b in bytes)
            {
                crc ^= b;
                for (var bit = 0; bit < 8; bit++)
                {
                    crc = (crc & 1) == 1 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
                }
            }

            return ~crc;
        }
    }
}
