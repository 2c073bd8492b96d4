namespace Sss;

/// <summary>The step size over the epochs. Immutable.</summary>
public sealed record Schedule
{
    private Schedule(double? factor, IReadOnlyList<int> epochs, bool restarts = false)
    {
        Factor = factor;
        Epochs = epochs;
        Restarts = restarts;
    }

    /// <summary>The same in every epoch.</summary>
    public static Schedule Constant { get; } = new(1, []);

    /// <summary>Half a cosine from the start value to 0 over all epochs.</summary>
    public static Schedule Cosine { get; } = new(null, []);

    /// <summary>
    /// As <see cref="Cosine"/> until the target holds, and from there another half cosine from the start value to 0 over
    /// the epochs that are left. Without a target: <see cref="Cosine"/>.
    /// </summary>
    public static Schedule CosineRestart { get; } = new(null, [], restarts: true);

    /// <summary>The rate is multiplied by a factor at the start of each listed epoch.</summary>
    /// <param name="factor">Above 0.</param>
    /// <param name="epochs">At least one, each from 1 and later than the one before.</param>
    /// <exception cref="ArgumentException">The factor is not above 0, or the epochs are not increasing.</exception>
    public static Schedule Step(double factor, params int[] epochs)
    {
        ArgumentNullException.ThrowIfNull(epochs);
        if (!double.IsFinite(factor) || factor <= 0)
        {
            throw new ArgumentException($"The factor of a step must be a number above 0, not {factor}.", nameof(factor));
        }

        if (epochs.Length == 0 || epochs.Prepend(0).Zip(epochs).Any(pair => pair.First >= pair.Second))
        {
            throw new ArgumentException("The epochs of a step must rise, from 1 up.", nameof(epochs));
        }

        return new Schedule(factor, [.. epochs]);
    }

    private double? Factor { get; }

    private IReadOnlyList<int> Epochs { get; }

    private bool Restarts { get; }

    /// <summary>As the language writes it.</summary>
    public override string ToString() =>
        Factor is null ? (Restarts ? "cosine restart" : "cosine")
        : Epochs.Count == 0 ? "constant"
        : string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"step {Factor} at {string.Join(", ", Epochs)}");

    /// <summary>Whether two schedules give the same rates.</summary>
    public bool Equals(Schedule? other) =>
        other is not null && Factor == other.Factor && Restarts == other.Restarts && Epochs.SequenceEqual(other.Epochs);

    /// <summary>Agrees with <see cref="Equals(Schedule?)"/>.</summary>
    public override int GetHashCode() => HashCode.Combine(Factor, Epochs.Count, Epochs.LastOrDefault());

    internal static Schedule From(Core.LearningRate rate) =>
        rate is Core.LearningRate.Step step ? new Schedule(step.factor, [.. step.epochs])
        : rate.IsConstant ? Constant
        : rate.IsCosineRestart ? CosineRestart
        : Cosine;

    internal Core.LearningRate ToCore() =>
        Restarts ? Core.LearningRate.CosineRestart
        : Factor is not { } factor ? Core.LearningRate.Cosine
        : Epochs.Count == 0 ? Core.LearningRate.Constant
        : Core.LearningRate.NewStep(factor, Internal.Interop.ToFSharpList(Epochs));
}
