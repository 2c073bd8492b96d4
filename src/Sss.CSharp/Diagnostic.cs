namespace Sss;

/// <summary>How serious a diagnostic is.</summary>
public enum Severity
{
    /// <summary>An error: the text has no meaning until it is corrected.</summary>
    Error,

    /// <summary>The text has a meaning, perhaps not the one that was intended.</summary>
    Warning,
}

/// <summary>A stretch of one line of a source text.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in characters (Unicode code points); a tab counts as one.</param>
/// <param name="Length">In characters.</param>
public readonly record struct Location(int Line, int Column, int Length);

/// <summary>One diagnostic of the parser, the checker or a reader, in words.</summary>
public sealed record Diagnostic
{
    /// <summary><c>SSSnnn</c>: stable, each with a page under <c>docs/errors</c>.</summary>
    public required string Code { get; init; }

    /// <summary>Whether the finding stops the work.</summary>
    public required Severity Severity { get; init; }

    /// <summary>Where; null where a finding is about a whole file.</summary>
    public Location? Location { get; init; }

    /// <summary>What is wrong, in one line.</summary>
    public required string Message { get; init; }

    /// <summary>What was found, what was expected, and why.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>One concrete way out, where there is one.</summary>
    public string? Suggestion { get; init; }

    /// <summary>The finding as a person reads it: with the source line and a caret where it has a place.</summary>
    public required string Text { get; init; }

    /// <summary><see cref="Text"/>.</summary>
    public override string ToString() => Text;

    internal static Diagnostic From(string path, string text, Core.Diagnostic core) => new()
    {
        Code = core.Code,
        Severity = core.Severity.IsFailure ? Severity.Error : Severity.Warning,
        Location = core.Span is { } span
            ? new Location(span.Value.Line, span.Value.Column, span.Value.Length)
            : null,
        Message = core.Message,
        Notes = [.. core.Notes],
        Suggestion = core.Suggestion?.Value,
        Text = Dsl.Language.render(path, text, core),
    };
}
