using Microsoft.FSharp.Core;
using Sss.Internal;

namespace Sss;

/// <summary>
/// A network after training, whole, with its factors. Its numbers are in managed memory; disposing it
/// lets them go. Immutable; safe to use from several threads.
/// </summary>
public sealed class TrainedNetwork : IDisposable
{
    private readonly Torch.Ready ready;
    private Torch.Trained? trained;

    internal TrainedNetwork(Network network, Torch.Finished<Unit> finished)
    {
        Network = network;
        ready = finished.Ready;
        trained = finished.Trained;
        Epochs = [.. finished.Trained.Epochs.Select(EpochProgress.From)];
    }

    /// <summary>The network that was trained.</summary>
    public Network Network { get; }

    /// <summary>The course of the training.</summary>
    public IReadOnlyList<EpochProgress> Epochs { get; }

    /// <summary>
    /// Forward multiply-adds of all steps: images times the macs of the network as it was then, cuts counted.
    /// </summary>
    public double TrainingMacs => Value.State.TrainMacs;

    /// <summary>
    /// The factors of a layer or residual as selection reads them (the iterate): zeros are exact.
    /// </summary>
    /// <param name="owner">The name of the layer or residual that carries them.</param>
    /// <exception cref="KeyNotFoundException">It carries no factors.</exception>
    public IReadOnlyList<float> Factors(string owner) =>
        Value.Numbers.TryGetValue(owner + ".factor", out var array)
            ? [.. array.Data]
            : throw new KeyNotFoundException($"'{owner}' carries no factors.");

    /// <summary>Removes what zero factors have switched off, and proves that nothing changed.</summary>
    /// <exception cref="SssException">A whole layer died, or the verdict is not exact; the message says which.</exception>
    public SelectedNetwork Select()
    {
        var finished = Jobs.Run(Jobs.Selection(ready, Value), null, CancellationToken.None);
        // There, since a selection was the goal.
        var outcome = finished.Selected!.Value.Item1;
        var counts = new SelectedCounts(
            Count(outcome.Selected.Plan.Neuron),
            Count(outcome.Selected.Plan.Group),
            Count(outcome.Selected.Plan.Block));
        return new SelectedNetwork(
            new Network(outcome.Selected.Network, null, []),
            outcome.Selected.Weights,
            ready.Dataset.Classes,
            ready.Dataset.Preparation,
            Exactness.From(outcome.Exactness),
            counts);
    }

    /// <summary>Lets the numbers go.</summary>
    public void Dispose() => trained = null;

    private Torch.Trained Value => trained ?? throw new ObjectDisposedException(nameof(TrainedNetwork));

    private static Kept Count(Core.Tally tally) => new(tally.Kept, tally.Total);
}

/// <summary>Structures of one kind.</summary>
/// <param name="Count">How many stayed.</param>
/// <param name="Total">Of how many.</param>
public readonly record struct Kept(int Count, int Total);

/// <summary>Structures that stayed, a kind each.</summary>
/// <param name="Neurons">With factors on neurons.</param>
/// <param name="Groups">With factors on groups.</param>
/// <param name="Blocks">With factors on blocks.</param>
public sealed record SelectedCounts(Kept Neurons, Kept Groups, Kept Blocks);
