using Xunit;

namespace Sss.Facade.Tests;

public class NetworkTests
{
    private const string Small = """
        network Small {
          input 1x8x8
          classes 10
          conv 4 3x3
          bn @scale(neuron)
          relu
          avgpool global
          dense classes
        }
        train {
          epochs 2
          gamma neuron=0.01
        }
        """;

    [Fact]
    public void ParsesAndCounts()
    {
        var network = Network.Parse(Small);

        Assert.Equal("Small", network.Name);
        Assert.Equal(new Shape(1, 8, 8), network.Input);
        Assert.Equal(10, network.Classes);
        Assert.Equal(4 * 9 + 8 + 50, network.Parameters);
        Assert.Equal(4 * 9 * 64 + 40, network.Macs);
        Assert.Equal(4, network.Factors);
        Assert.Equal(["conv1", "bn1", "relu1", "avgpool1", "dense1"], network.Layers.Select(l => l.Name));
        var conv = network.Layers[0];
        Assert.Equal(new LayerInfo("conv1", "conv", new Shape(4, 8, 8), 36, 2304, 0), conv);
        Assert.Equal(("conv", 36L, 2304L, 0L), (conv.Kind, conv.Parameters, conv.Macs, conv.Factors));
        Assert.Equal((4, 8, 8), (conv.Output.Channels, conv.Output.Height, conv.Output.Width));
        Assert.Equal("Small: 94 params, 2,344 macs", network.ToString());
        Assert.Empty(network.Warnings);
    }

    [Fact]
    public void GivesTheNetworksThatASelectedOneIsComparedWith()
    {
        var network = Network.Parse(Small);

        var dense = network.WithoutFactors();
        Assert.Equal((0, network.Macs, network.Parameters), (dense.Factors, dense.Macs, dense.Parameters));
        Assert.Equal((2, new Gamma()), (dense.Recipe!.Epochs, dense.Recipe.Gamma));

        var half = network.Narrowed(network.Macs / 2)!;
        Assert.Equal((0, 2 * 9 * 64 + 20), (half.Factors, half.Macs));
        Assert.Equal(dense.Recipe, half.Recipe);
        Assert.Equal(dense, network.Narrowed(network.Macs));
        Assert.Null(network.Narrowed(1));
    }

    [Fact]
    public void PrintsATextThatParsesToTheSame()
    {
        var text = Network.Parse(Small).ToText();

        Assert.Equal(text, Network.Parse(text).ToText());
        Assert.Contains("epochs 2", text);
    }

    [Fact]
    public void ReportsEveryMistakeWithItsPlace()
    {
        const string Wrong = """
            network Wrong {
              input 1x8x8
              classes 10
              cnv 4 3x3
              relu
              dense classes bais=no
            }
            """;

        Assert.False(Network.TryParse(Wrong, out var network, out var diagnostics));
        Assert.Null(network);
        Assert.Equal([new Location(4, 3, 3), new Location(6, 17, 4)], diagnostics.Select(d => d.Location!.Value));
        Assert.Equal((17, 4), (diagnostics[1].Location!.Value.Column, diagnostics[1].Location!.Value.Length));
        Assert.Equal([4, 6], diagnostics.Select(d => d.Location!.Value.Line));
        Assert.All(diagnostics, d => Assert.Equal(Severity.Error, d.Severity));
        Assert.Contains("did you mean `conv`?", diagnostics[0].Text);
        Assert.Contains("did you mean `bias`?", diagnostics[1].Text);

        var thrown = Assert.Throws<SssException>(() => Network.Parse(Wrong));
        Assert.Equal(diagnostics.Select(d => d.Text), thrown.Diagnostics.Select(d => d.Text));
    }

    [Fact]
    public void LoadsFilesAndNamesTheMissingOne()
    {
        Assert.Equal("Digits", Network.Load(Repository.File("examples", "digits.sss")).Name);

        var thrown = Assert.Throws<SssException>(() => Network.Load("no-such-file.sss"));
        Assert.Contains("no-such-file.sss", thrown.Message);
    }
}
