namespace Sss;

/// <summary>What training minimises, a mean over the images of a batch and over their positions or values. Immutable.</summary>
public sealed record Loss
{
    private Loss(Core.Loss value) => Value = value;

    private Core.Loss Value { get; }

    /// <summary>
    /// Each class by itself, for networks with <c>classes</c> whose images may have several; its targets are numbers from 0 to 1.
    /// </summary>
    public static Loss Bce { get; } = new(Core.Loss.Bce);

    /// <summary>The squared difference, for networks with <c>outputs</c>.</summary>
    public static Loss Mse { get; } = new(Core.Loss.Mse);

    /// <summary>−log p of the right class, the default; of each pixel where targets are masks.</summary>
    /// <param name="smoothing">The part of the probability that is spread over all classes; at least 0 and below 1.</param>
    /// <exception cref="ArgumentException">The number is out of range.</exception>
    public static Loss CrossEntropy(double smoothing = 0) =>
        Checked(Core.Loss.NewCrossEntropy(smoothing), smoothing, nameof(smoothing));

    /// <summary>−(1 − p)^gamma · log p of the right class.</summary>
    /// <param name="gamma">0 or more.</param>
    /// <exception cref="ArgumentException">The number is out of range.</exception>
    public static Loss Focal(double gamma = 2) => Checked(Core.Loss.NewFocal(gamma), gamma, nameof(gamma));

    /// <summary>Half the squared difference up to delta and linear beyond it, for networks with <c>outputs</c>.</summary>
    /// <param name="delta">Above 0.</param>
    /// <exception cref="ArgumentException">The number is out of range.</exception>
    public static Loss Huber(double delta = 1) => Checked(Core.Loss.NewHuber(delta), delta, nameof(delta));

    /// <summary>As the language writes it.</summary>
    public override string ToString() =>
        Core.LossModule.parameter(Value)?.Value is var (name, value)
            ? string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{Core.LossModule.word(Value)} {name}={value}")
            : Core.LossModule.word(Value);

    internal static Loss From(Core.Loss value) => new(value);

    internal Core.Loss ToCore() => Value;

    private static Loss Checked(Core.Loss loss, double value, string name) =>
        Core.LossModule.problem(loss)?.Value is { } expected
            ? throw new ArgumentException($"{name} must be {expected}, not {value}.", name)
            : Core.SinglePrecision.fits(value)
                ? new(loss)
                : throw new ArgumentException($"{name} must be {Core.SinglePrecision.expected}.", name);
}
