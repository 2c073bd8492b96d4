using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace Sss.Internal;

/// <summary>Checks what builders collected.</summary>
internal static class Building
{
    /// <summary>The largest number of reported diagnostics, as for texts.</summary>
    private const int Most = 100;

    internal static Network Check(string name, Shape input, int classes, Core.OutputKind kind, IReadOnlyList<Statement> body)
    {
        var drafting = new Drafting();
        var nodes = drafting.Body(body);
        var draft = new Core.Draft(
            name,
            FSharpOption<Core.Shape>.Some(input.ToCore()),
            FSharpOption<int>.Some(classes),
            kind,
            new FSharpSet<string>(drafting.Words),
            nodes,
            Core.PlaceModule.none);
        var result = Core.Check.check(draft);
        return result.IsOk
            ? new Network(result.ResultValue.Item1, null, Findings(result.ResultValue.Item2))
            : throw new SssException(Findings(result.ErrorValue));

        IReadOnlyList<Diagnostic> Findings(IEnumerable<Core.NetworkError> errors) =>
            [.. errors.Take(Most).Select(e => Finding(Core.NetworkErrorText.toDiagnostic(e)))];

        // There is no line to show: the layer's name says where.
        Diagnostic Finding(Core.Diagnostic d)
        {
            var part = drafting.PartOf(d);
            var notes = part is null ? d.Notes : FSharpList<string>.Cons($"in `{part}`", d.Notes);
            return Diagnostic.From(name, "", new Core.Diagnostic(
                d.Code,
                d.Severity,
                FSharpOption<Core.Span>.None,
                d.Message,
                notes,
                d.Suggestion,
                d.CalledFrom));
        }
    }
}
