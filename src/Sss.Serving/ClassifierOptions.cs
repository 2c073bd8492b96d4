namespace Sss.Serving;

/// <summary>How a <see cref="Classifier"/> uses the machine.</summary>
public sealed record ClassifierOptions
{
    /// <summary>
    /// The longest picture file that is read, in bytes; 16 MiB by default. A stream is read no further. At most 512 MiB.
    /// </summary>
    public long MaxPictureBytes { get; init; } = 16L << 20;

    /// <summary>
    /// Threads of one call of ONNX Runtime; 1 by default, since requests run in parallel. More make a single
    /// prediction faster, and several at once no faster.
    /// </summary>
    public int Threads { get; init; } = 1;
}
