namespace Sss;

/// <summary>The exception that this library throws when the input is wrong or an operation fails.</summary>
public sealed class SssException : Exception
{
    internal SssException(string message, IReadOnlyList<Diagnostic>? diagnostics = null)
        : base(message) => Diagnostics = diagnostics ?? [];

    internal SssException(IReadOnlyList<Diagnostic> diagnostics)
        : this(string.Join("\n", diagnostics), diagnostics)
    {
    }

    /// <summary>All diagnostics with their places, in the order of the text; empty if the failure is not about a text.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; }
}
