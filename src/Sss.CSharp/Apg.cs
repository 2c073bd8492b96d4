namespace Sss;

/// <summary>The state of accelerated proximal gradient between two steps. Immutable.</summary>
public sealed class ApgState
{
    internal ApgState(Core.ApgState value) => Value = value;

    internal Core.ApgState Value { get; }

    /// <summary>The output of the prox, exactly sparse. Selections are read from it.</summary>
    public ReadOnlyMemory<double> Iterate => Value.Iterate;

    /// <summary>Iterate plus momentum times velocity: the point where gradients are computed.</summary>
    public ReadOnlyMemory<double> Probe => Value.Probe;
}

/// <summary>
/// Accelerated proximal gradient over an explicit state (Huang and Wang, ECCV 2018, the reformulated
/// updates, eq. 10–12). Pure: no argument is ever written to; safe to use from several threads.
/// </summary>
public static class Apg
{
    /// <summary>The state with iterate and probe at a start vector.</summary>
    public static ApgState Start(IReadOnlyList<double> x0) => new(Core.Apg.start([.. x0]));

    /// <summary>
    /// One step: z = probe − step·gradient; iterate' = prox(z); probe' = iterate' + momentum·(iterate' − iterate).
    /// </summary>
    /// <param name="state">The state before the step.</param>
    /// <param name="gradientAtProbe">The gradient of the smooth part at <see cref="ApgState.Probe"/>.</param>
    /// <param name="step">η; finite and positive.</param>
    /// <param name="momentum">μ; used for the next probe.</param>
    /// <param name="penalty">The penalty whose prox is computed.</param>
    /// <exception cref="ArgumentException">A wrong length, or a step that is not finite and positive.</exception>
    public static ApgState Step(
        ApgState state,
        IReadOnlyList<double> gradientAtProbe,
        double step,
        double momentum,
        Penalty penalty) =>
        new(Core.Apg.step(step, momentum, penalty.Value, [.. gradientAtProbe], state.Value));
}
