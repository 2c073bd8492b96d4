using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Networks in code: what a builder makes, and what it says of mistakes.</summary>
public class BuilderTests
{
    /// <summary>Every layer, with the arguments that are not the default.</summary>
    private static Network Everything() => Network.Build(
        "Everything",
        input: (2, 32, 16),
        classes: 3,
        b => b
            .Conv(8, (3, 1), stride: (2, 1), pad: (1, 0), dilation: (1, 1), bias: true).Named("stem")
            .Factor(FactorKind.Neuron, gamma: 2, init: 0.5, min: 3, keep: true)
            .LeakyRelu(0.2)
            .DepthwiseConv(3, stride: 2, pad: 2, dilation: 2, bias: false).BatchNorm(1e-3, 0.2)
            .Factor(FactorKind.Neuron)
            .Relu6().Silu().Gelu().GroupNorm(2).LayerNorm().HardSwish().HardSigmoid().Mish()
            .Elu(0.5).PRelu().LayerScale(0.1).Tanh().Sigmoid()
            .Conv(8, 1, groups: 4).Factor(FactorKind.Group)
            .Deconv(8, 2, stride: 2, pad: (0, 1), outPad: (1, 1), groups: 2, bias: true).MaxPool(2)
            .LocalResponseNorm(5, k: 2).Upsample(2, UpsampleMode.Bilinear).Upsample(1).AveragePool(2)
            .MaxPool(3, stride: 1, pad: 1, ceil: true)
            .AveragePool((2, 1), ceil: false)
            .Conv(8, 2, pad: Padding.Same).AveragePool(3, stride: 1, pad: (0, 1, 1, 1), countPad: false)
            .DepthwiseConv(2, pad: new Padding(Top: 1, Left: 0, Bottom: 0, Right: 1)).MaxPool(2, 1, new Size(1, 0))
            .Scope("middle", m => m
                .Residual(r => r.Conv(8, 3).BatchNorm()).Factor(FactorKind.Block, gamma: 0.5).Named("keep")
                .Relu()
                .Unit("pair", u => u.Concat(_ => { }, c => c.Conv(4, 1).Relu())))
            .Repeat(2, r => r.Conv(8, 3).Relu())
            .Gate(g => g.GlobalAveragePool().Conv(2, 1).Relu().Conv(8, 1).HardSigmoid())
            .Split(_ => { }, s => s.Relu()).Split([2, 6], s => s.Tanh(), _ => { })
            .Shuffle(2).Shuffle([7, 6, 5, 4, 3, 2, 1, 0])
            .Residual(r => r.Conv(8, 3)).StochasticDepth(0.1)
            .Tokens(withClass: true).Attention(2).Factor(FactorKind.Group)
            .Attention(1, width: 3, channels: 8).Factor(FactorKind.Neuron).PickFirst()
            .GlobalMaxPool()
            .Flatten()
            .Dropout(0.25)
            .Dense(5, bias: false).Factor(FactorKind.Neuron)
            .Dense(b.Classes));

    [Fact]
    public void LayersShareFactors()
    {
        var net = Network.Build("Stage", (3, 8, 8), 5, b => b
            .Conv(8, 3).BatchNorm().Factor(FactorKind.Shared).Relu()
            .Residual(r => r.Conv(8, 3).BatchNorm())
            .GlobalAveragePool().Dense(b.Classes));
        Assert.Contains("bn @scale(neuron, shared)", net.ToText());
        Assert.Equal(net.ToText(), Network.Parse(net.ToText()).ToText());
        Assert.Equal(8, net.Layers.Sum(layer => layer.Factors));

        var wrong = Assert.Throws<SssException>(() => Network.Build("Input", (3, 8, 8), 5, b => b
            .Residual(r => r.Conv(3, 3).BatchNorm().Factor(FactorKind.Shared))
            .GlobalAveragePool().Dense(b.Classes)));
        Assert.Contains("SSS511", wrong.Message);
    }

    [Fact]
    public void EveryLayerIsTheOneOfTheText()
    {
        const string Text = """
            network Everything {
              input 2x32x16
              classes 3
              def pair() { concat { } { conv 4 1x1; relu } }
              stem: conv 8 3x1 stride=2x1 pad=1x0 bias=yes @scale(neuron, keep, gamma=2, init=0.5, min=3)
              leakyrelu slope=0.2
              dwconv 3x3 stride=2 pad=2 dilation=2 bias=no; bn eps=1e-3 momentum=0.2 @scale(neuron)
              relu6; silu; gelu; groupnorm 2; layernorm; hardswish; hardsigmoid; mish
              elu alpha=0.5; prelu; layerscale init=0.1; tanh; sigmoid
              conv 8 1x1 groups=4 @scale(group)
              deconv 8 2x2 stride=2 pad=0x1 outpad=1 groups=2 bias=yes; maxpool 2x2
              lrn 5 k=2; upsample 2 mode=bilinear; upsample 1; avgpool 2x2
              maxpool 3x3 stride=1 pad=1 ceil=yes
              avgpool 2x1
              conv 8 2x2 pad=same; avgpool 3x3 stride=1 pad=0x1x1x1 countpad=no
              dwconv 2x2 pad=1x0x0x1; maxpool 2x2 stride=1 pad=1x0
              middle: {
                keep: residual @scale(block, gamma=0.5) { conv 8 3x3; bn }
                relu
                pair
              }
              repeat 2 { conv 8 3x3; relu }
              gate { avgpool global; conv 2 1x1; relu; conv 8 1x1; hardsigmoid }
              split { } { relu }
              split 2 6 { tanh } { }
              shuffle 2
              shuffle 7x6x5x4x3x2x1x0
              residual drop=0.1 { conv 8 3x3 }
              tokens class
              attention heads=2 @scale(group)
              attention heads=1 width=3 out=8 @scale(neuron)
              pick first
              maxpool global
              flatten
              dropout 0.25
              dense 5 bias=no @scale(neuron)
              dense classes
            }
            """;
        var built = Everything();

        Assert.Equal(Network.Parse(Text).ToText(), built.ToText());
        Assert.Equal(Network.Parse(Text), built);
        Assert.NotEqual(built, built.WithRecipe(new TrainingOptions()));
        Assert.False(built.Equals((object?)null));
        Assert.Contains("middle.pair1.concat1.branch2.conv1", built.Layers.Select(l => l.Name));
    }

    [Fact]
    public void ABiasIsLeftOutBeforeABnOfTheSameBodyOnly()
    {
        var net = Network.Build("Bias", (1, 8, 8), 2, b => b
            .Conv(4, 3).BatchNorm()
            .Conv(4, 3).Relu()
            .Conv(4, 3).Scope("s", s => s.BatchNorm())
            .Conv(4, 3).Repeat(1, r => r.BatchNorm())
            .Dense(b.Classes));

        var weights = 4 * 4 * 9;
        Assert.Equal(
            [36, 8, weights + 4, 0, weights + 4, 8, weights + 4, 8, 4 * 64 * 2 + 2],
            net.Layers.Select(l => l.Parameters));
    }

    [Fact]
    public void EveryMistakeIsReportedWithTheLayersName()
    {
        var thrown = Assert.Throws<SssException>(() => Network.Build("Wrong", (1, 8, 8), 10, b => b
            .Conv(8, 3).Factor(FactorKind.Neuron).BatchNorm()
            .Unit("basic", u => u.Residual(r => r.Conv(16, 3)))
            .Conv(8, 99, pad: 0).Named("wide")
            .Conv(0, 3)
            .Conv(8, 3, groups: 0)
            .Relu().Factor(FactorKind.Neuron)
            .Dropout(double.NaN)
            .Dense(9)));

        Assert.Equal(
            [
                "SSS501 in `conv1`", "SSS401 in `basic1.residual1`", "SSS404 in `wide`", "SSS302 in `conv3`",
                "SSS302 in `conv4`", "SSS502 in `relu1`", "SSS302 in `dropout1`", "SSS407 ",
            ],
            thrown.Diagnostics.Select(d => d.Code + " " + (d.Code == "SSS407" ? "" : d.Notes[0])));
        Assert.All(thrown.Diagnostics, d => Assert.Null(d.Location));
        Assert.Equal(
            """
            Wrong: error SSS401: the two sides of this residual have different shapes: 16x8x8 and 8x8x8
              in `basic1.residual1`
              the branch gives 16x8x8
              the input gives 8x8x8
              help: write `shortcut auto` after the branch, or make the branch keep the shape

            """,
            thrown.Diagnostics[1].Text);
    }

    [Fact]
    public void AWarningComesWithTheNetwork()
    {
        var net = Network.Build("Warned", (1, 8, 8), 2, b => b
            .Conv(4, 3)
            .Residual(r => r.Conv(4, 3).Factor(FactorKind.Neuron))
            .Dense(b.Classes));

        var warning = Assert.Single(net.Warnings);
        Assert.Equal(("SSS551", Severity.Warning), (warning.Code, warning.Severity));
        Assert.Equal("in `residual1.branch.conv1`", warning.Notes[0]);
        Assert.NotNull(warning.Suggestion);
        Assert.Equal(warning.Text, warning.ToString());
        Assert.Contains("can never shrink", warning.Message);
    }

    [Fact]
    public void WhatNoNetworkCouldMeanIsRefusedOnTheSpot()
    {
        Refused<ArgumentException>(b => b.Dense(2).Named("2nd"));
        Refused<ArgumentException>(b => b.Dense(2).Named("conv"));
        Refused<ArgumentException>(b => b.Scope("a.b", _ => { }));
        Refused<ArgumentException>(b => b.Unit("", _ => { }));
        Refused<ArgumentNullException>(b => b.Dense(2).Named(null!));
        Refused<ArgumentNullException>(b => b.Residual(null!));
        Refused<ArgumentNullException>(b => b.Concat(_ => { }, null!));
        Refused<ArgumentOutOfRangeException>(b => b.Repeat(-1, _ => { }));
        Refused<ArgumentOutOfRangeException>(b => b.Repeat(1_000_001, _ => { }));
        Refused<ArgumentOutOfRangeException>(b => b.Dense(2).Factor(FactorKind.Neuron, gamma: -1));
        Refused<ArgumentOutOfRangeException>(b => b.Dense(2).Factor(FactorKind.Neuron, init: double.NaN));
        Refused<ArgumentOutOfRangeException>(b => b.Dense(2).Factor((FactorKind)7));
        Refused<ArgumentOutOfRangeException>(b => b.Residual(_ => { }, (Shortcut)7));
        Refused<ArgumentOutOfRangeException>(b => b.Upsample(2, (UpsampleMode)7));
        Refused<InvalidOperationException>(b => b.Factor(FactorKind.Neuron));
        Refused<InvalidOperationException>(b => b.Named("first"));
        Refused<InvalidOperationException>(b => b.Dense(2).Named("a").Named("b"));
        Refused<InvalidOperationException>(b => b.Repeat(1, r => r.Relu()).Named("a"));
        Refused<InvalidOperationException>(b => b.Dense(2).Factor(FactorKind.Neuron).Factor(FactorKind.Neuron));
        Refused<InvalidOperationException>(b => b.Concat(_ => { }, _ => { }).Factor(FactorKind.Neuron));
        Refused<InvalidOperationException>(b => Deeper(b, 101));
        Refused<ArgumentException>(_ => { }, name: "no name");
        Refused<ArgumentOutOfRangeException>(_ => { }, input: new Shape(1, 0, 8));
        Refused<ArgumentOutOfRangeException>(_ => { }, classes: 0);
        Assert.Throws<SssException>(() => Network.Build("Empty", (1, 8, 8), 2, _ => { }));

        static void Refused<T>(Action<BodyBuilder> body, string name = "N", Shape? input = null, int classes = 2)
            where T : Exception =>
            Assert.Throws<T>(() => Network.Build(name, input ?? (1, 8, 8), classes, body));
    }

    [Fact]
    public void PaddingsReadAsInTheLanguage()
    {
        Padding one = 1, pair = (1, 0), size = new Size(2, 3), sides = (0, 1, 2, 3);
        Assert.Equal(["1x1", "1x0", "2x3", "0x1x2x3", "same"], new[] { one, pair, size, sides, Padding.Same }.Select(p => p.ToString()));
        Assert.True(Padding.Same.IsSame);
        Assert.False(sides.IsSame);
        Assert.NotEqual(default, Padding.Same);
        Assert.Equal(new Padding(1, 1, 1, 1), one);
        Assert.Equal((0, 1, 2, 3), (sides.Top, sides.Left, sides.Bottom, sides.Right));
        var refused = Assert.Throws<SssException>(
            () => Network.Build("N", (1, 8, 8), 2, b => b.Conv(2, 3, pad: (0, 0, -1, 0)).Dense(2)));
        Assert.Contains("pad of `conv` is -1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ABuilderLivesWhileItsCallbackRuns()
    {
        BodyBuilder? kept = null;
        var net = Network.Build("Kept", (1, 8, 8), 2, b =>
        {
            kept = b;
            Assert.Equal((new Shape(1, 8, 8), 2), (b.Input, b.Classes));
            b.Dense(b.Classes);
        });

        Assert.Throws<InvalidOperationException>(() => kept!.Relu());
        Assert.Single(net.Layers);
    }

    [Fact]
    public void TheOuterBuilderTakesNothingInsideAnInnerBody()
    {
        Mistaken(b => b.Residual(_ => b.Conv(4, 3)));
        Mistaken(b => b.Residual(r => r.Conv(4, 3), _ => b.Conv(4, 3)));
        Mistaken(b => b.Concat(_ => { }, _ => b.Conv(4, 3)));
        Mistaken(b => b.Repeat(2, _ => b.Relu()));
        Mistaken(b => b.Scope("s", _ => b.Scope("t", _ => { })));
        Mistaken(b => b.Unit("u", u => u.Residual(_ => b.Relu())));

        // One that failed does not stay in the way.
        var net = Network.Build("Tried", (1, 8, 8), 2, b =>
        {
            Assert.Throws<ArgumentException>(() => b.Residual(_ => throw new ArgumentException("no")));
            b.Dense(b.Classes);
        });
        Assert.Single(net.Layers);

        static void Mistaken(Action<BodyBuilder> body) =>
            Assert.Contains(
                "its callback was given",
                Assert.Throws<InvalidOperationException>(() => Network.Build("M", (4, 8, 8), 2, body)).Message);
    }

    [Fact]
    public void AsDeepAsBodiesMayNestTheTextCanBeRead()
    {
        var net = Network.Build("Deep", (1, 4, 4), 2, b => Deeper(b, 100));
        Assert.Equal(net, Network.Parse(net.ToText()));
    }

    [Fact]
    public void SizesArePairsOrSquares()
    {
        Size square = 3, pair = (2, 5);
        Assert.Equal(((3, 3), (2, 5)), ((square.Height, square.Width), (pair.Height, pair.Width)));
        Assert.Equal("2x5", pair.ToString());
        Assert.Equal(new Size(2, 5), pair);
        Shape shape = (3, 4, 5);
        Assert.Equal((60L, "3x4x5"), (shape.Count, shape.ToString()));
    }

    private static void Deeper(BodyBuilder b, int levels)
    {
        if (levels == 0)
        {
            b.Conv(1, 1);
        }
        else
        {
            b.Residual(r => Deeper(r, levels - 1));
        }

        if (levels == 100)
        {
            b.Dense(b.Classes);
        }
    }
}
