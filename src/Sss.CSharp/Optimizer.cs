namespace Sss;

/// <summary>The rule for a network's weights; scaling factors are always moved by APG. Immutable.</summary>
public sealed record Optimizer
{
    private Optimizer(Core.Optimizer value) => Value = value;

    private Core.Optimizer Value { get; }

    /// <summary>Nesterov's accelerated gradient with <see cref="TrainingOptions.Momentum"/>, the default.</summary>
    public static Optimizer Nag { get; } = new(Core.Optimizer.Nag);

    /// <summary>AdamW: the decay of <see cref="TrainingOptions.Decay"/> is decoupled from the gradient.</summary>
    /// <param name="beta1">Of the mean of the gradient; at least 0 and below 1.</param>
    /// <param name="beta2">Of the mean of its square; at least 0 and below 1.</param>
    /// <param name="eps">Above 0.</param>
    /// <exception cref="ArgumentException">A number is out of range.</exception>
    public static Optimizer AdamW(double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8)
    {
        var value = Core.Optimizer.NewAdamW(beta1, beta2, eps);
        return Core.OptimizerModule.problem(value)?.Value is var (name, found, expected)
            ? throw new ArgumentException($"{name} must be {expected}, not {found}.", name)
            : new(value);
    }

    /// <summary>As the language writes it.</summary>
    public override string ToString() => string.Join(
        ' ',
        Core.OptimizerModule.parameters(Value)
            .Select(p => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{p.Item1}={p.Item2}"))
            .Prepend(Core.OptimizerModule.word(Value)));

    internal static Optimizer From(Core.Optimizer value) => new(value);

    internal Core.Optimizer ToCore() => Value;
}
