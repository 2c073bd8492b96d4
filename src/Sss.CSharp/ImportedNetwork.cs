using Microsoft.FSharp.Collections;
using Sss.Internal;

namespace Sss;

/// <summary>What may be chosen about an import. Null means: as the file says. Immutable.</summary>
public sealed record ImportOptions
{
    /// <summary>The network's name: letters, digits and <c>_</c>; null: made of the file's name.</summary>
    public string? Name { get; init; }

    /// <summary>The shape of one image, where the file leaves it open.</summary>
    public Shape? Input { get; init; }

    /// <summary>
    /// The kinds of scaling factors to place, where they can remove something; null: all but <see cref="FactorKind.Shared"/>.
    /// </summary>
    public IReadOnlyList<FactorKind>? Factors { get; init; }

    /// <summary>The number of classes of a new last layer with random weights; null: the file's last layer stays.</summary>
    public int? Classes { get; init; }

    /// <summary>How images are prepared for the network; null: measured when it is trained.</summary>
    public ImagePreparation? Preparation { get; init; }

    /// <summary>
    /// Whether the first channel of the file's images is blue. The imported network takes red first.
    /// </summary>
    public bool BlueFirst { get; init; }

    internal Files.ImportOptions ToCore()
    {
        if (Name is not null)
        {
            BodyBuilder.CheckName(Name, nameof(Name));
        }

        if (Classes is < 1 or > 1_000_000)
        {
            throw new ArgumentOutOfRangeException(nameof(Classes), Classes, "Expected a whole number from 1 to 1000000.");
        }

        var kinds = Factors ?? [FactorKind.Neuron, FactorKind.Group, FactorKind.Block];
        return new Files.ImportOptions(
            Name.ToReferenceOption(),
            Input is { } shape
                ? Microsoft.FSharp.Core.FSharpOption<Core.Shape>.Some(shape.ToCore())
                : Microsoft.FSharp.Core.FSharpOption<Core.Shape>.None,
            SetModule.OfSeq(kinds.Select(ToCore)),
            Classes.ToOption());
    }

    private static Core.FactorKind ToCore(FactorKind kind) => kind switch
    {
        FactorKind.Neuron => Core.FactorKind.Neuron,
        FactorKind.Group => Core.FactorKind.Group,
        FactorKind.Block => Core.FactorKind.Block,
        FactorKind.Shared => Core.FactorKind.Shared,
        _ => throw new ArgumentOutOfRangeException(nameof(Factors), kind, "Expected a kind of factor."),
    };
}

/// <summary>A trained network of another program, read and compared with its file. Immutable.</summary>
public sealed class ImportedNetwork
{
    internal ImportedNetwork(Network network, Weights weights, Torch.ProvedImport proved)
    {
        Network = network;
        Weights = weights;
        MaxRel = proved.Difference;
        Inputs = proved.Images;
        NewLayer = proved.Fresh.ToReference()?.Name;
        LeftOut = [.. proved.LeftOut.Select(output => output.Item1)];
    }

    /// <summary>The network, with scaling factors.</summary>
    public Network Network { get; }

    /// <summary>Its numbers, to start a training with (<see cref="TrainingOptions.Init"/>) or to save.</summary>
    public Weights Weights { get; }

    /// <summary>
    /// The largest difference between the scores of the file in ONNX Runtime and of the network in LibTorch, over the
    /// largest score of the image.
    /// </summary>
    public double MaxRel { get; }

    /// <summary>The number of random images that both ran.</summary>
    public int Inputs { get; }

    /// <summary>Outputs of the file that the network has no output for, such as a softmax beside its scores.</summary>
    public IReadOnlyList<string> LeftOut { get; }

    /// <summary>The name of the layer that is new, where <see cref="ImportOptions.Classes"/> asked for one; else null.</summary>
    public string? NewLayer { get; }

    internal static ImportedNetwork Read(string path, ImportOptions options)
    {
        var core = options.ToCore();
        var proved = Torch.ModelImport.run(Engine.Load(), core, path).OrThrow(Engine.Failure);
        var network = new Network(proved.Network, null, []);
        var weights = new Weights(new Torch.LoadedNetwork(
            path,
            proved.Network,
            options.BlueFirst
                ? Torch.ChannelOrder.reversed(path, proved.Network, proved.Weights).OrThrow(Engine.Failure)
                : proved.Weights,
            FSharpList<string>.Empty,
            (options.Preparation?.ToCore(network.Input.Channels)).ToReferenceOption(),
            Core.Probabilities.Softmax));
        return new ImportedNetwork(network, weights, proved);
    }
}
