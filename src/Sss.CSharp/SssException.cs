namespace Sss;

/// <summary>What every fallible member of this library throws when its input or its outcome is at fault.</summary>
public sealed class SssException : Exception
{
    internal SssException(string message, IReadOnlyList<Diagnostic>? diagnostics = null)
        : base(message) => Diagnostics = diagnostics ?? [];

    internal SssException(IReadOnlyList<Diagnostic> diagnostics)
        : this(string.Join("\n", diagnostics), diagnostics)
    {
    }

    /// <summary>All findings with their places, in the order of the text; empty where a failure has no text.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; }
}
