using Microsoft.FSharp.Core;
using Sss.Internal;

namespace Sss;

/// <summary>
/// A network after training, whole, with its factors. Its numbers are in managed memory; disposing it
/// releases them. Immutable; safe to use from several threads.
/// </summary>
public sealed class TrainedNetwork : IDisposable
{
    private readonly Torch.Ready ready;
    private readonly FSharpOption<Core.LatencyProfile>? profile;
    private readonly string? folder;
    private Torch.Trained? trained;

    internal TrainedNetwork(Network network, Torch.Finished<Unit> finished, string? folder)
    {
        this.folder = folder;
        Network = network;
        ready = finished.Ready;
        trained = finished.Trained;
        profile = finished.Profile;
        Epochs = [.. finished.Trained.Epochs.Select(EpochProgress.From)];
    }

    /// <summary>The network that was trained.</summary>
    public Network Network { get; }

    /// <summary>The epochs of the training.</summary>
    public IReadOnlyList<EpochProgress> Epochs { get; }

    /// <summary>
    /// The epoch whose numbers are the result, from 1: the one that <see cref="TrainingOptions.Validation"/> chose, or the last
    /// one. 0 where there was no epoch.
    /// </summary>
    public int ChosenEpoch => Value.State.Best is { } best ? best.Value.Epoch + 1 : Value.State.Epoch;

    /// <summary>
    /// The epochs that were done, those of earlier calls included; fewer than the recipe has where
    /// <see cref="TrainingOptions.StopAfter"/> ended the training.
    /// </summary>
    public int EpochsDone => Value.State.Epoch;

    /// <summary>
    /// Forward multiply-adds of all steps: images times the macs of the network as it was then, cuts counted.
    /// </summary>
    public double TrainingMacs => Value.State.TrainMacs;

    /// <summary>The numbers after training, for further trainings.</summary>
    public Weights Weights => new(new Torch.LoadedNetwork(
        Network.Name,
        Value.Network,
        Value.Numbers,
        ready.Dataset.Classes,
        ready.Dataset.Preparation.ToReferenceOption(),
        Core.ProbabilitiesModule.ofLoss(ready.Recipe.Loss)));

    /// <summary>
    /// The factors of a layer or residual that selection uses (the iterate): zeros are exact.
    /// </summary>
    /// <param name="owner">The name of the layer or residual that has the factors.</param>
    /// <exception cref="KeyNotFoundException">It has no factors.</exception>
    public IReadOnlyList<float> Factors(string owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        // Factors that layers share are one array, whichever of them is asked for.
        var key = Core.Parameters.keyIn(Value.Network).Invoke(Core.ArrayKeyModule.make(Core.ArrayPart.Factor, owner));
        return Value.Numbers.TryGetValue(key, out var array)
            ? [.. array.Data]
            : throw new KeyNotFoundException($"'{owner}' carries no factors.");
    }

    /// <summary>
    /// Removes what zero factors have switched off, and checks that nothing changed. With
    /// <see cref="TrainingOptions.RunFolder"/>, the result and its report are written there.
    /// </summary>
    /// <exception cref="SssException">
    /// A whole layer would be removed, or the verdict is not exact, or a file cannot be written; the message says which.
    /// </exception>
    public SelectedNetwork Select()
    {
        var finished = Jobs.Run(Jobs.Selection(ready, Value, profile, folder), null, CancellationToken.None);
        if (folder is not null)
        {
            Pages.Write(folder).OrThrow(error => new SssException(Pages.Unwritten(folder, error)));
        }

        // There, since a selection was the goal.
        var outcome = finished.Selected!.Value.Item1;
        var counts = new SelectedCounts(
            Count(outcome.Selected.Plan.Neuron),
            Count(outcome.Selected.Plan.Group),
            Count(outcome.Selected.Plan.Block),
            Count(outcome.Selected.Plan.Shared));
        return new SelectedNetwork(
            new Network(outcome.Selected.Network, null, []),
            outcome.Selected.Weights,
            ready.Dataset.Classes,
            ready.Dataset.Preparation,
            Core.ProbabilitiesModule.ofLoss(ready.Recipe.Loss),
            Exactness.From(outcome.Exactness),
            counts)
        {
            Latency = MeasuredLatency.From(outcome.Latency),
        };
    }

    /// <summary>Releases the numbers.</summary>
    public void Dispose() => trained = null;

    private Torch.Trained Value => trained ?? throw new ObjectDisposedException(nameof(TrainedNetwork));

    private static Kept Count(Core.Tally tally) => new(tally.Kept, tally.Total);
}

/// <summary>Counts for structures of one kind.</summary>
/// <param name="Count">How many were kept.</param>
/// <param name="Total">How many there were.</param>
public readonly record struct Kept(int Count, int Total);

/// <summary>Structures that were kept, by kind.</summary>
/// <param name="Neurons">With factors on neurons.</param>
/// <param name="Groups">With factors on groups.</param>
/// <param name="Blocks">With factors on blocks.</param>
/// <param name="Shared">Channels with shared factors.</param>
public sealed record SelectedCounts(Kept Neurons, Kept Groups, Kept Blocks, Kept Shared);
