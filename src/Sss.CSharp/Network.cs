using System.Diagnostics.CodeAnalysis;
using Sss.Internal;

namespace Sss;

/// <summary>
/// A checked network with the recipe of its text. Immutable; safe to use from several threads.
/// Two networks are equal when names, layers, factors and recipes are.
/// </summary>
public sealed class Network : IEquatable<Network>
{
    private readonly Core.Cost cost;

    internal Network(Core.Network core, Core.Recipe? recipe, IReadOnlyList<Diagnostic> warnings)
    {
        Value = core;
        CoreRecipe = recipe;
        Warnings = warnings;
        cost = Core.CostModule.ofNetwork(core);
        Layers = [.. Core.NetworkModule.layers(core).Select(LayerInfo.From)];
    }

    internal Core.Network Value { get; }

    internal Core.Recipe? CoreRecipe { get; }

    /// <summary>The network's name.</summary>
    public string Name => Value.Name;

    /// <summary>The shape of one image.</summary>
    public Shape Input => Shape.From(Value.Input);

    /// <summary>The number of classes, or of outputs (<see cref="GivesNumbers"/>): the channels of what it gives.</summary>
    public int Classes => Value.Classes;

    /// <summary>Whether it gives numbers (<c>outputs</c> in the language), and not scores of classes.</summary>
    public bool GivesNumbers => Value.OutputKind.IsNumbers;

    /// <summary>The further outputs with the shapes of what they give, in the order of the text; empty where there are none.</summary>
    public IReadOnlyList<KeyValuePair<string, Shape>> Outputs =>
        [.. Core.NetworkModule.outputs(Value).Select(o => KeyValuePair.Create(o.Item1, Shape.From(o.Item2)))];

    /// <summary>Weights, biases, bn scales and shifts; neither factors nor running statistics.</summary>
    public long Parameters => cost.Params;

    /// <summary>Multiply-adds of convolutions and dense layers for one image.</summary>
    public long Macs => cost.Macs;

    /// <summary>Scaling factors.</summary>
    public long Factors => cost.Factors;

    /// <summary>All layers in the order of the text.</summary>
    public IReadOnlyList<LayerInfo> Layers { get; }

    /// <summary>
    /// The recipe for its training, with every value given; null if it has no recipe.
    /// </summary>
    public TrainingOptions? Recipe => CoreRecipe is null ? null : Recipes.ToOptions(CoreRecipe);

    /// <summary>Warnings of the checker; empty if there are none.</summary>
    public IReadOnlyList<Diagnostic> Warnings { get; }

    /// <summary>
    /// Builds a network in code; <see cref="ToText"/> writes it as a <c>.sss</c> file.
    /// <code>
    /// var net = Network.Build("Small", input: (1, 28, 28), classes: 10, b => b
    ///     .Conv(16, 3).BatchNorm().Factor(FactorKind.Neuron).Relu()
    ///     .Residual(r => r.Conv(16, 3).BatchNorm()).Factor(FactorKind.Block).Relu()
    ///     .GlobalAveragePool()
    ///     .Dense(b.Classes));
    /// </code>
    /// </summary>
    /// <param name="name">Letters, digits and <c>_</c>.</param>
    /// <param name="input">The shape of one image, each extent from 1 to 10⁶.</param>
    /// <param name="classes">From 1 to 10⁶.</param>
    /// <param name="body">Adds the layers; called once.</param>
    /// <param name="recipe">The recipe to store with it; see <see cref="WithRecipe"/>.</param>
    /// <exception cref="ArgumentException">The name is not valid, or a number is out of range.</exception>
    /// <exception cref="SssException">
    /// The layers do not form a valid network. The exception lists all independent mistakes, each with the name of the layer.
    /// </exception>
    public static Network Build(
        string name,
        Shape input,
        int classes,
        Action<BodyBuilder> body,
        TrainingOptions? recipe = null)
    {
        CheckHeader(name, input, body);
        InRange(classes, nameof(classes));
        return Build(name, input, classes, Core.OutputKind.Classes, body, recipe);
    }

    /// <summary>The same for a network that gives numbers: <c>outputs</c> in the language.</summary>
    /// <param name="name">Letters, digits and <c>_</c>.</param>
    /// <param name="input">The shape of one image, each extent from 1 to 10⁶.</param>
    /// <param name="outputs">From 1 to 10⁶; the builder has it as <see cref="BodyBuilder.Classes"/>.</param>
    /// <param name="body">Adds the layers; called once.</param>
    /// <param name="recipe">The recipe to store with it; its loss must be one for numbers.</param>
    /// <exception cref="ArgumentException">The name is not valid, or a number is out of range.</exception>
    /// <exception cref="SssException">The layers do not form a valid network.</exception>
    public static Network BuildWithOutputs(
        string name,
        Shape input,
        int outputs,
        Action<BodyBuilder> body,
        TrainingOptions? recipe = null)
    {
        CheckHeader(name, input, body);
        InRange(outputs, nameof(outputs));
        return Build(name, input, outputs, Core.OutputKind.Numbers, body, recipe);
    }

    private static Network Build(
        string name,
        Shape input,
        int count,
        Core.OutputKind kind,
        Action<BodyBuilder> body,
        TrainingOptions? recipe)
    {
        var network = Building.Check(name, input, count, kind, BodyBuilder.Collect(input, count, body));
        return recipe is null ? network : network.WithRecipe(recipe);
    }

    private static void CheckHeader(string name, Shape input, Action<BodyBuilder> body)
    {
        BodyBuilder.CheckName(name, nameof(name));
        ArgumentNullException.ThrowIfNull(body);
        foreach (var extent in new[] { input.Channels, input.Height, input.Width })
        {
            InRange(extent, nameof(input));
        }
    }

    private static void InRange(int value, string parameter)
    {
        if (value is < 1 or > 1_000_000)
        {
            throw new ArgumentOutOfRangeException(parameter, value, "Expected a whole number from 1 to 1000000.");
        }
    }

    /// <summary>
    /// The same network with another recipe, or without one (null). Values that are null have the defaults of the language;
    /// validation, checkpoints, threads and loaders belong to a run and are left out.
    /// </summary>
    /// <exception cref="ArgumentException">A number of the recipe is out of range.</exception>
    public Network WithRecipe(TrainingOptions? recipe) => new(
        Value,
        recipe is null ? null : Recipes.Written(recipe),
        Warnings);

    /// <summary>
    /// The same layers without scaling factors, and the recipe without γ, target and cuts: what a selected network
    /// is compared with. Of the whole network it is the dense control, of a selected one the control from scratch.
    /// </summary>
    public Network WithoutFactors() => Control(Core.Uniform.plain(Value));

    /// <summary>
    /// The widest network without factors whose layers are all narrower by the same multiplier, and the recipe as
    /// <see cref="WithoutFactors"/> has it: a baseline that selection should beat.
    /// </summary>
    /// <param name="macs">The largest allowed <see cref="Macs"/>.</param>
    /// <returns>Null if even one channel per layer has more.</returns>
    public Network? Narrowed(long macs) =>
        Core.Uniform.within(macs, Value).ToReference() is { } narrowed ? Control(narrowed.Network) : null;

    private Network Control(Core.Network value) =>
        new(value, CoreRecipe is null ? null : Torch.StudyRecipe.free(CoreRecipe), []);

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

    /// <summary>
    /// Reads a trained network from an ONNX file, places scaling factors, and compares its scores with those of ONNX
    /// Runtime.
    /// </summary>
    /// <param name="path">The <c>.onnx</c> file; opset 7 to 21.</param>
    /// <param name="options">What to choose; null: as the file says, with factors of all kinds.</param>
    /// <exception cref="ArgumentException">A value of the options is not valid, or does not fit the file's images.</exception>
    /// <exception cref="SssException">
    /// The file cannot be read, holds operations that no network of the language has (all of them are listed), or has
    /// other scores.
    /// </exception>
    public static ImportedNetwork Import(string path, ImportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        return ImportedNetwork.Read(path, options ?? new ImportOptions());
    }

    /// <summary>Checks a text.</summary>
    /// <exception cref="SssException">The text is wrong; the exception lists all independent mistakes.</exception>
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
        CoreRecipe is null
            ? Dsl.Language.print(Value)
            : Dsl.Language.printWithRecipe(Value, CoreRecipe);

    /// <summary>Whether names, layers, factors and recipes are the same.</summary>
    public bool Equals(Network? other) =>
        other is not null && Value.Equals(other.Value) && Equals(CoreRecipe, other.CoreRecipe);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Network);

    /// <summary>Agrees with <see cref="Equals(Network?)"/>.</summary>
    public override int GetHashCode() => HashCode.Combine(Name, Input, Parameters, Macs);

    /// <summary>Name and size, for logs.</summary>
    public override string ToString() => $"{Name}: {Parameters:N0} params, {Macs:N0} macs";
}
