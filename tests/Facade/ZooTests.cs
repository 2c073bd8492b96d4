using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Networks of the examples, built in code: the same networks, name for name and recipe for recipe.</summary>
public class ZooTests
{
    private static readonly TrainingOptions Cifar = new()
    {
        Epochs = 240,
        Batch = 64,
        LearningRate = 0.1,
        Schedule = Schedule.Step(0.1, 120, 160, 240),
        Momentum = 0.9,
        Decay = 1e-4,
        Augment = new Augmentation { Crop = 4, Flip = true },
    };

    private static readonly TrainingOptions ImageNet = new()
    {
        Epochs = 100,
        Batch = 256,
        LearningRate = 0.1,
        Schedule = Schedule.Step(0.1, 30, 60, 90),
    };

    public static TheoryData<string, Func<Network>> Zoo() => new()
    {
        { "resnet20-cifar", ResNet20 },
        { "resnet164-cifar", ResNet164 },
        { "resnet50-preact", ResNet50 },
        { "resnext20-cifar", ResNeXt20 },
        { "resnext50", ResNeXt50 },
        { "vgg16-cifar", Vgg16 },
        { "peleenet", PeleeNet },
    };

    [Theory]
    [MemberData(nameof(Zoo))]
    public void BuiltInCodeItIsTheNetworkOfTheFile(string file, Func<Network> build)
    {
        var written = Network.Load(Repository.File("examples", "zoo", $"{file}.sss"));
        var built = build();

        Assert.Equal(written.Layers, built.Layers);
        Assert.Equal(written.ToText(), built.ToText());
        Assert.Equal(written.Recipe, built.Recipe);
        Assert.True(written.Equals(built));
        Assert.Equal(written.GetHashCode(), built.GetHashCode());
        Assert.Equal(built, Network.Parse(built.ToText()));
    }

    private static Network ResNet20() => Network.Build(
        "ResNet20Cifar",
        (3, 32, 32),
        10,
        b =>
        {
            b.Conv(16, 3).BatchNorm().Relu().Repeat(3, r => Basic(r, 16));
            foreach (var width in new[] { 32, 64 })
            {
                Basic(b, width, stride: 2);
                b.Repeat(2, r => Basic(r, width));
            }

            b.GlobalAveragePool().Dense(b.Classes);
        },
        Cifar with { Gamma = new Gamma { Block = 0.01 } });

    private static void Basic(BodyBuilder b, int width, int stride = 1) => b.Unit("basic", u => u
        .Residual(
            r => r.Conv(width, 3, stride: stride).BatchNorm().Relu().Conv(width, 3).BatchNorm(),
            Shortcut.Auto)
        .Factor(FactorKind.Block)
        .Relu());

    private static Network ResNet164() => Network.Build(
        "ResNet164Cifar",
        (3, 32, 32),
        10,
        b =>
        {
            b.Conv(16, 3, bias: false);
            foreach (var mid in new[] { 16, 32, 64 })
            {
                First(b, mid, mid == 16 ? 1 : 2);
                b.Repeat(17, r => Preact(r, mid));
            }

            b.BatchNorm().Relu().GlobalAveragePool().Dense(b.Classes);
        },
        Cifar with { Gamma = new Gamma { Block = 0.01 } });

    private static Network ResNet50() => Network.Build(
        "ResNet50Preact",
        (3, 224, 224),
        1000,
        b =>
        {
            b.Conv(64, 7, stride: 2).BatchNorm().Relu().MaxPool(3, stride: 2, pad: 1);
            foreach (var (mid, more) in new[] { (64, 2), (128, 3), (256, 5), (512, 2) })
            {
                First(b, mid, mid == 64 ? 1 : 2);
                b.Repeat(more, r => Preact(r, mid));
            }

            b.BatchNorm().Relu().GlobalAveragePool().Dense(b.Classes);
        },
        ImageNet with { Batch = 128, Gamma = new Gamma { Block = 0.01 } });

    private static void Preact(BodyBuilder b, int mid) => b.Unit("unit", u => u
        .Residual(r => r
            .BatchNorm().Relu().Conv(mid, 1)
            .BatchNorm().Relu().Conv(mid, 3)
            .BatchNorm().Relu().Conv(4 * mid, 1, bias: false))
        .Factor(FactorKind.Block));

    private static void First(BodyBuilder b, int mid, int stride) => b.Unit("first", u => u
        .BatchNorm().Relu()
        .Residual(
            r => r
                .Conv(mid, 1)
                .BatchNorm().Relu().Conv(mid, 3, stride: stride)
                .BatchNorm().Relu().Conv(4 * mid, 1, bias: false),
            s => s.Conv(4 * mid, 1, stride: stride, bias: false))
        .Factor(FactorKind.Block));

    private static Network ResNeXt20() => Network.Build(
        "ResNeXt20Cifar",
        (3, 32, 32),
        10,
        b =>
        {
            b.Conv(16, 3).BatchNorm().Relu();
            foreach (var mid in new[] { 32, 64, 128 })
            {
                Grouped(b, mid, 2 * mid, mid == 32 ? 1 : 2, block: false);
                Grouped(b, mid, 2 * mid, 1, block: false);
            }

            b.GlobalAveragePool().Dense(b.Classes);
        },
        Cifar with { Gamma = new Gamma { Group = 0.005 } });

    private static Network ResNeXt50() => Network.Build(
        "ResNeXt50",
        (3, 224, 224),
        1000,
        b =>
        {
            b.Conv(64, 7, stride: 2).BatchNorm().Relu().MaxPool(3, stride: 2, pad: 1)
                .Repeat(3, r => Grouped(r, 128, 256, 1));
            foreach (var (mid, more) in new[] { (256, 3), (512, 5), (1024, 2) })
            {
                Grouped(b, mid, 2 * mid, 2);
                b.Repeat(more, r => Grouped(r, mid, 2 * mid, 1));
            }

            b.GlobalAveragePool().Dense(b.Classes);
        },
        ImageNet with { Gamma = new Gamma { Group = 0.005, Block = 0.01 } });

    private static void Grouped(BodyBuilder b, int mid, int width, int stride, bool block = true) =>
        b.Unit("unit", u =>
        {
            u.Residual(
                r => r
                    .Conv(mid, 1).BatchNorm().Relu()
                    .Conv(mid, 3, stride: stride, groups: 32).BatchNorm().Factor(FactorKind.Group).Relu()
                    .Conv(width, 1).BatchNorm(),
                Shortcut.Auto);
            if (block)
            {
                u.Factor(FactorKind.Block);
            }

            u.Relu();
        });

    private static Network Vgg16() => Network.Build(
        "Vgg16Cifar",
        (3, 32, 32),
        10,
        b =>
        {
            foreach (var (width, times) in new[] { (64, 2), (128, 2), (256, 3), (512, 3), (512, 3) })
            {
                b.Repeat(times, r => r.Unit("unit", u => Square(u, width))).MaxPool(2);
            }

            b.Dense(b.Classes);
        },
        Cifar with { Gamma = new Gamma { Neuron = 0.001 } });

    private static BodyBuilder Square(BodyBuilder b, int width, int kernel = 3, int stride = 1) =>
        b.Conv(width, kernel, stride: stride).BatchNorm().Factor(FactorKind.Neuron).Relu();

    private static Network PeleeNet() => Network.Build(
        "PeleeNet",
        (3, 224, 224),
        1000,
        b =>
        {
            S(b, 32, 2).Concat(x => S(P(x, 16), 32, 2), x => x.MaxPool(2));
            P(b, 32);
            foreach (var (mid, times, width) in new[] { (16, 3, 128), (32, 4, 256), (64, 8, 512), (64, 6, 704) })
            {
                b.Repeat(times, r => r.Unit("dense_layer", u => u.Concat(
                    _ => { },
                    x => S(P(x, mid), 16),
                    x => S(S(P(x, mid), 16), 16))));
                P(b, width);
                if (width < 704)
                {
                    b.AveragePool(2);
                }
            }

            b.GlobalAveragePool().Dropout(0.05).Dense(b.Classes);

            static BodyBuilder P(BodyBuilder b, int width) => b.Unit("point", u => Square(u, width, kernel: 1));
            static BodyBuilder S(BodyBuilder b, int width, int stride = 1) =>
                b.Unit("square", u => Square(u, width, 3, stride));
        },
        new TrainingOptions
        {
            Epochs = 120,
            Batch = 256,
            LearningRate = 0.18,
            Schedule = Schedule.Cosine,
            Gamma = new Gamma { Neuron = 0.001 },
        });
}
