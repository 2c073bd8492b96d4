using System.Diagnostics.CodeAnalysis;
using Sss.Internal;

namespace Sss;

/// <summary>
/// A checked network, with the recipe that its text carries. Immutable; safe to use from several threads.
/// </summary>
public sealed class Network
{
    private readonly Core.Cost cost;

    internal Network(Core.Network core, Core.Recipe? recipe, IReadOnlyList<Diagnostic> warnings)
    {
        Value = core;
        Recipe = recipe;
        Warnings = warnings;
        cost = Core.CostModule.ofNetwork(core);
        Layers = [.. Core.NetworkModule.layers(core).Select(LayerInfo.From)];
    }

    internal Core.Network Value { get; }

    internal Core.Recipe? Recipe { get; }

    /// <summary>The network's name.</summary>
    public string Name => Value.Name;

    /// <summary>The shape of one image.</summary>
    public Shape Input => Shape.From(Value.Input);

    /// <summary>The number of classes: the length of the scores.</summary>
    public int Classes => Value.Classes;

    /// <summary>Weights, biases, bn scales and shifts; neither factors nor running statistics.</summary>
    public long Parameters => cost.Params;

    /// <summary>Multiply-adds of convolutions and dense layers for one image.</summary>
    public long Macs => cost.Macs;

    /// <summary>Scaling factors.</summary>
    public long Factors => cost.Factors;

    /// <summary>All layers in the order of the text.</summary>
    public IReadOnlyList<LayerInfo> Layers { get; }

    /// <summary>What the checker noticed; empty for a network without remarks.</summary>
    public IReadOnlyList<Diagnostic> Warnings { get; }

    /// <summary>Reads and checks a <c>.sss</c> file.</summary>
    /// <exception cref="SssException">The file cannot be read, or its text is wrong.</exception>
    public static Network Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var text = Dsl.Language.readFile(path)
            .OrThrow(error => new SssException([Diagnostic.From(path, "", error)]));
        return TryParse(path, text, out var network, out var diagnostics)
            ? network
            : throw new SssException(diagnostics);
    }

    /// <summary>Checks a text.</summary>
    /// <exception cref="SssException">The text is wrong; all independent mistakes are in it.</exception>
    public static Network Parse(string text) =>
        TryParse(text, out var network, out var diagnostics)
            ? network
            : throw new SssException(diagnostics);

    /// <summary>Checks a text without throwing.</summary>
    /// <param name="text">The text of a <c>.sss</c> file.</param>
    /// <param name="network">The network; null where the text is wrong.</param>
    /// <param name="diagnostics">All findings, warnings too, in the order of the text.</param>
    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out Network? network,
        out IReadOnlyList<Diagnostic> diagnostics) =>
        TryParse("text", text, out network, out diagnostics);

    private static bool TryParse(
        string path,
        string text,
        [NotNullWhen(true)] out Network? network,
        out IReadOnlyList<Diagnostic> diagnostics)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parsed = Dsl.Language.parse(text);
        if (parsed.IsOk)
        {
            var value = parsed.ResultValue;
            diagnostics = [.. value.Warnings.Select(d => Diagnostic.From(path, text, d))];
            network = new Network(value.Network, value.Recipe.ToReference(), diagnostics);
            return true;
        }

        diagnostics = [.. parsed.ErrorValue.Select(d => Diagnostic.From(path, text, d))];
        network = null;
        return false;
    }

    /// <summary>The canonical text of the network, with its recipe where it has one; parsing it gives the same.</summary>
    public string ToText() =>
        Recipe is null
            ? Dsl.Language.print(Value)
            : Dsl.Language.printWithRecipe(Value, Recipe);

    /// <summary>Name and size, for logs.</summary>
    public override string ToString() => $"{Name}: {Parameters:N0} params, {Macs:N0} macs";
}
