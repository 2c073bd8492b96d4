using Sss.Internal;

namespace Sss;

/// <summary>
/// The numbers of a network that was trained before, with what belongs to them: the network, its class names and
/// how its images are prepared. They are the start of another training (<see cref="TrainingOptions.Init"/>) or teach
/// one (<see cref="Teacher.Network"/>). Immutable.
/// </summary>
public sealed class Weights
{
    internal Weights(Torch.LoadedNetwork value)
    {
        Value = value;
        Network = new Network(value.Network, null, []);
    }

    internal Torch.LoadedNetwork Value { get; }

    /// <summary>The network whose numbers they are.</summary>
    public Network Network { get; }

    /// <summary>Class names in the order of the scores; empty where they are not known.</summary>
    public IReadOnlyList<string> Classes => [.. Value.Classes];

    /// <summary>
    /// Reads a <c>.safetensors</c> file of <c>sss train</c>, <c>sss import</c> or <see cref="Save"/>, or the selected
    /// network of a run's folder.
    /// </summary>
    /// <exception cref="SssException">The file is missing or damaged.</exception>
    public static Weights Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new Weights(Torch.RunFolder.load(path).OrThrow(Engine.Failure));
    }

    /// <summary>Writes the <c>.safetensors</c> file, with the network's text in it. It is written completely or not at all.</summary>
    /// <exception cref="SssException">The file cannot be written.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Torch.RunFolder.saveFile(path, Value).OrThrow(Engine.FileFailure);
    }
}
