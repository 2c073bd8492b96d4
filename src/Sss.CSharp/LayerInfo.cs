namespace Sss;

/// <summary>The shape of one value inside a network, without the batch.</summary>
/// <param name="Channels">Channels, or features of a dense layer.</param>
/// <param name="Height">1 for features.</param>
/// <param name="Width">1 for features.</param>
public readonly record struct Shape(int Channels, int Height, int Width)
{
    /// <summary>The number of values: channels × height × width.</summary>
    public long Count => (long)Channels * Height * Width;

    /// <summary>Channels, height and width, so that <c>(3, 32, 32)</c> converts to a shape.</summary>
    public static implicit operator Shape((int Channels, int Height, int Width) extents) =>
        new(extents.Channels, extents.Height, extents.Width);

    /// <summary><c>CxHxW</c>, as the language writes it.</summary>
    public override string ToString() => $"{Channels}x{Height}x{Width}";

    internal static Shape From(Core.Shape s) => new(s.Channels, s.Height, s.Width);

    internal Core.Shape ToCore() => new(Channels, Height, Width);
}

/// <summary>One layer of a network.</summary>
/// <param name="Name">Unique in the network; the key of its weights.</param>
/// <param name="Kind">The word of the language: <c>conv</c>, <c>bn</c>, <c>relu</c>, …</param>
/// <param name="Output">The shape of its output.</param>
/// <param name="Parameters">Weights, biases, scales and shifts.</param>
/// <param name="Macs">Multiply-adds for one image.</param>
/// <param name="Factors">Scaling factors written on it.</param>
public sealed record LayerInfo(
    string Name,
    string Kind,
    Shape Output,
    long Parameters,
    long Macs,
    long Factors)
{
    internal static LayerInfo From(Core.Layer layer)
    {
        var cost = Core.CostModule.ofLayer(layer);
        return new LayerInfo(
            layer.Name,
            Core.OpModule.word(layer.Op),
            Shape.From(layer.Output),
            cost.Params,
            cost.Macs,
            cost.Factors);
    }
}
