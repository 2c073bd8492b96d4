using Microsoft.FSharp.Core;
using Sss.Internal;

namespace Sss;

/// <summary>The time of a call of the selected network beside the limit that it was trained for.</summary>
/// <param name="Limit">The most that the target allows.</param>
/// <param name="Predicted">What the measured times of the layers say.</param>
/// <param name="Measured">The lower quartile of many calls; null where the profile is of another machine.</param>
/// <param name="Dense">The same for the dense network.</param>
/// <param name="Engine">What ran it: <c>onnxruntime</c> or <c>libtorch</c>.</param>
/// <param name="Machine">The machine that the layers were timed on.</param>
public sealed record MeasuredLatency(
    TimeSpan Limit,
    TimeSpan Predicted,
    TimeSpan? Measured,
    TimeSpan Dense,
    string Engine,
    string Machine)
{
    internal static MeasuredLatency? From(FSharpOption<Files.RunLatency>? latency) => latency?.Value is not { } l
        ? null
        : new(
            TimeSpan.FromMilliseconds(l.Most),
            TimeSpan.FromMilliseconds(l.Predicted),
            l.Measured.ToNullable() is { } measured ? TimeSpan.FromMilliseconds(measured) : null,
            TimeSpan.FromMilliseconds(l.Dense),
            l.Engine,
            l.Machine);
}
