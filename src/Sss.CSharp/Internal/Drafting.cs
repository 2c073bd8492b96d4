using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace Sss.Internal;

/// <summary>
/// Converts statements to the core's drafts. Code has no lines of a text, so each part gets a
/// number as its "line", which leads from a finding back to the part's name.
/// </summary>
internal sealed class Drafting
{
    private readonly List<string> parts = [];
    private readonly HashSet<string> words = [];

    /// <summary>Words that number scopes: their automatic names are taken.</summary>
    internal IReadOnlyCollection<string> Words => words;

    /// <summary>The name of the part that a finding is about; null where it is about the whole network.</summary>
    internal string? PartOf(Core.Diagnostic finding) =>
        finding.Span is { } span ? parts[span.Value.Line] : null;

    internal FSharpList<Core.DraftNode> Body(IReadOnlyList<Statement> body) => Body(body, new Names(""));

    private FSharpList<Core.DraftNode> Body(IReadOnlyList<Statement> body, Names names) =>
        Nodes(body, names).ToFSharpList();

    private IEnumerable<Core.DraftNode> Nodes(IReadOnlyList<Statement> body, Names names)
    {
        for (var i = 0; i < body.Count; i++)
        {
            if (body[i] is RepeatStatement repeat)
            {
                foreach (var node in repeat.Rounds.SelectMany(round => Nodes(round, names)))
                {
                    yield return node;
                }
            }
            else
            {
                yield return Node(body[i], i + 1 < body.Count ? body[i + 1] : null, names);
            }
        }
    }

    private Core.DraftNode Node(Statement statement, Statement? next, Names names)
    {
        var word = statement is ScopeStatement s ? s.NumberedWord : statement.Word;
        var name = names.Next(word, statement.Name);
        var place = PlaceOf(name);
        var label = statement.Name is { } text
            ? FSharpOption<Core.Label>.Some(new Core.Label(text, place))
            : FSharpOption<Core.Label>.None;

        switch (statement)
        {
            case LayerStatement layer:
                // As in the language: the bn that follows has a shift of its own.
                var bias = next is not LayerStatement { Kind: "bn" };
                return Core.DraftNode.NewLayer(new(label, layer.Op(bias), Scale(statement, place), place));
            case ScopeStatement scope:
                if (scope.NumberedWord is { } numbered)
                {
                    words.Add(numbered);
                }

                return Core.DraftNode.NewScope(
                    new(label, scope.NumberedWord.ToReferenceOption(), Body(scope.Body, new Names(name + ".")), place));
            case ResidualStatement residual:
                return Core.DraftNode.NewResidual(new(
                    label,
                    Scale(statement, place),
                    residual.Drop,
                    Body(residual.Branch, new Names(name + ".branch.")),
                    ShortcutOf(residual, name),
                    place));
            case GateStatement gate:
                return Core.DraftNode.NewGate(new(label, Body(gate.Body, new Names(name + ".")), place));
            case OutputStatement output:
                return Core.DraftNode.NewOutput(new(
                    new Core.Label(statement.Name ?? name, place),
                    Body(output.Body, new Names(name + ".")),
                    place));
            case ConcatStatement concat:
                var branches = concat.Branches.Select((branch, i) => new Core.DraftBranch(
                    FSharpOption<Tuple<int, Core.Place>>.None,
                    Body(branch, new Names($"{name}.branch{i + 1}.")),
                    place));
                return Core.DraftNode.NewConcat(new(label, concat.Reads, branches.ToFSharpList(), place));
            default:
                throw new InvalidOperationException($"unknown statement: {statement.Word}");
        }
    }

    private Core.DraftShortcut ShortcutOf(ResidualStatement residual, string name) =>
        residual switch
        {
            { Body: { } body } => Core.DraftShortcut.NewBody(Body(body, new Names(name + ".shortcut."))),
            { Kind: Shortcut.Auto } => Core.DraftShortcut.Auto,
            _ => Core.DraftShortcut.Identity,
        };

    private static FSharpOption<Core.DraftScale> Scale(Statement statement, Core.Place place) =>
        statement.Factors is { } f
            ? FSharpOption<Core.DraftScale>.Some(new(Kind(f.Kind), f.Gamma, f.Init, f.Min, f.Keep, place))
            : FSharpOption<Core.DraftScale>.None;

    private static Core.FactorKind Kind(FactorKind kind) => kind switch
    {
        FactorKind.Neuron => Core.FactorKind.Neuron,
        FactorKind.Group => Core.FactorKind.Group,
        FactorKind.Shared => Core.FactorKind.Shared,
        _ => Core.FactorKind.Block,
    };

    private Core.Place PlaceOf(string name)
    {
        parts.Add(name);
        return new Core.Place(
            FSharpOption<Core.Span>.Some(new Core.Span(parts.Count - 1, 1, 1)),
            FSharpList<Tuple<string, Core.Span>>.Empty);
    }

    /// <summary>The names of one scope, for messages; the checker gives the real ones by the same rule.</summary>
    private sealed class Names(string prefix)
    {
        private readonly Dictionary<string, int> counts = [];

        internal string Next(string? word, string? label)
        {
            if (word is null)
            {
                return prefix + label;
            }

            var number = counts.GetValueOrDefault(word) + 1;
            var skipped = label is null ? null : Core.AutomaticName.split(label)?.Value;
            counts[word] = skipped is not null && skipped.Item1 == word ? skipped.Item2 : number;
            return prefix + (label ?? Core.AutomaticName.create(word, number));
        }
    }
}
