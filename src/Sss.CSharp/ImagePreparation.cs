namespace Sss;

/// <summary>
/// How images become the input of a network from elsewhere: black and white become two numbers, a mean is subtracted,
/// and the result is divided by a deviation, for each channel.
/// </summary>
public sealed record ImagePreparation
{
    /// <summary>What is subtracted: one number, or one a channel.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0];

    /// <summary>What is divided by after that; above 0: one number, or one a channel.</summary>
    public IReadOnlyList<double> Deviation { get; init; } = [1];

    /// <summary>The number of a black pixel before <see cref="Mean"/>.</summary>
    public double Black { get; init; }

    /// <summary>The number of a white pixel before <see cref="Mean"/>.</summary>
    public double White { get; init; } = 1;

    /// <summary>What networks of torchvision were trained with on ImageNet.</summary>
    public static ImagePreparation ImageNet { get; } = new()
    {
        Mean = [0.485, 0.456, 0.406],
        Deviation = [0.229, 0.224, 0.225],
    };

    internal Files.Preparation ToCore(int channels)
    {
        float[] Each(IReadOnlyList<double> values, string name) =>
            values.Count == 1 ? [.. Enumerable.Repeat((float)values[0], channels)]
            : values.Count == channels ? [.. values.Select(v => (float)v)]
            : throw new ArgumentException($"{name} has {values.Count} numbers for images of {channels} channels.", name);

        if (!double.IsFinite(Black) || !double.IsFinite(White) || (float)Black == (float)White)
        {
            throw new ArgumentException($"White must be a number other than Black, not {White}.", nameof(White));
        }

        var mean = Each(Mean, nameof(Mean));
        var deviation = Each(Deviation, nameof(Deviation));
        return Array.TrueForAll(deviation, d => d > 0 && float.IsFinite(d))
            ? Files.PreparationModule.given((float)Black, (float)White, mean, deviation)
            : throw new ArgumentException("Deviation must be above 0.", nameof(Deviation));
    }
}
