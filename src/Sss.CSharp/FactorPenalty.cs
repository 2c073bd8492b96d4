namespace Sss;

/// <summary>
/// The penalty f on the scaling factors: training puts γ·f on each factor λ, with the γ of its kind and
/// declaration. Immutable.
/// </summary>
public sealed record FactorPenalty
{
    private FactorPenalty(Core.FactorPenalty value) => Value = value;

    private Core.FactorPenalty Value { get; }

    /// <summary>λ on λ ≥ 0, the default: factors shrink towards 0 and stay at 0 or above.</summary>
    public static FactorPenalty NonNegative { get; } = new(Core.FactorPenalty.NonNegative);

    /// <summary>|λ|: a factor may pass through 0 and be negative.</summary>
    public static FactorPenalty L1 { get; } = new(Core.FactorPenalty.L1);

    /// <summary>1 for each factor that is not 0; the proximal step is hard thresholding at √(2ηγ).</summary>
    public static FactorPenalty L0 { get; } = new(Core.FactorPenalty.L0);

    /// <summary>
    /// The norm of each declaration's factors together, times the square root of their number: the factors
    /// of a layer become 0 together, or not at all.
    /// </summary>
    public static FactorPenalty GroupL2 { get; } = new(Core.FactorPenalty.GroupL2);

    /// <summary>The minimax concave penalty: no pressure on |λ| above theta.</summary>
    /// <param name="theta">Above 0.</param>
    /// <exception cref="ArgumentException">Theta is not a number above 0.</exception>
    public static FactorPenalty Mcp(double theta) =>
        Above(0, theta, nameof(theta), Core.FactorPenalty.NewMcp);

    /// <summary>Smoothly clipped absolute deviation: |λ| up to 1, no pressure above <paramref name="a"/>.</summary>
    /// <param name="a">Above 2; 3.7 is usual.</param>
    /// <exception cref="ArgumentException"><paramref name="a"/> is not a number above 2.</exception>
    public static FactorPenalty Scad(double a) => Above(2, a, nameof(a), Core.FactorPenalty.NewScad);

    /// <summary>As the language writes it.</summary>
    public override string ToString() =>
        Core.FactorPenaltyModule.parameter(Value)?.Value is var (name, value)
            ? string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{Core.FactorPenaltyModule.word(Value)} {name}={value}")
            : Core.FactorPenaltyModule.word(Value);

    internal static FactorPenalty From(Core.FactorPenalty value) => new(value);

    internal Core.FactorPenalty ToCore() => Value;

    private static FactorPenalty Above(double bound, double value, string name, Func<double, Core.FactorPenalty> make) =>
        value > bound && Core.SinglePrecision.fits(value)
            ? new(make(value))
            : double.IsFinite(value) && value > bound
                ? throw new ArgumentException($"{name} must be {Core.SinglePrecision.expected}.", name)
                : throw new ArgumentException($"{name} must be a number above {bound}, not {value}.", name);
}
