using Microsoft.FSharp.Core;

namespace Sss;

/// <summary>A limit on the time of a prediction, for <see cref="TrainingOptions.TargetLatency"/>.</summary>
public sealed record Latency
{
    private readonly Core.LatencyLimit limit;

    private Latency(Core.LatencyLimit limit) => this.limit = limit;

    /// <summary>A time; more than zero.</summary>
    /// <exception cref="ArgumentException">The time is not above zero.</exception>
    public static Latency Of(TimeSpan time) => time > TimeSpan.Zero
        ? new(Core.LatencyLimit.NewMilliseconds(time.TotalMilliseconds))
        : throw new ArgumentException($"The time must be above zero, not {time}.", nameof(time));

    /// <summary>A fraction of the dense network's time in the same engine, above 0 and at most 1.</summary>
    /// <exception cref="ArgumentException">The fraction is not above 0 and at most 1.</exception>
    public static Latency OfDense(double fraction) => fraction is > 0 and <= 1
        ? new(Core.LatencyLimit.NewOfDense(fraction))
        : throw new ArgumentException(
            $"The fraction must be above 0 and at most 1, not {fraction}.", nameof(fraction));

    /// <summary>The limit as text: <c>5 ms</c>, or <c>0.5 of the dense network's time</c>.</summary>
    public override string ToString() => limit switch
    {
        Core.LatencyLimit.Milliseconds time => FormattableString.Invariant($"{time.Item} ms"),
        Core.LatencyLimit.OfDense part => FormattableString.Invariant($"{part.Item} of the dense network's time"),
        _ => limit.ToString(),
    };

    internal Core.LatencyLimit ToCore() => limit;

    internal static Latency? From(FSharpOption<Core.LatencyLimit>? limit) =>
        limit is null ? null : new(limit.Value);
}
