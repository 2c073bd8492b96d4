using Sss.Internal;

namespace Sss;

/// <summary>Sweeps.</summary>
public static class Sweeping
{
    /// <summary>
    /// Trains and selects a network at several targets or penalties, with several seeds and with controls, as
    /// <c>sss sweep</c> does. Runs come one after the other, or <see cref="SweepOptions.Jobs"/> at a time. A run that fails does
    /// not end the sweep.
    /// </summary>
    /// <param name="network">What to train; its recipe applies where the options are null.</param>
    /// <param name="dataset">Images of the network's input shape and classes.</param>
    /// <param name="options">The points, seeds and controls.</param>
    /// <param name="progress">Called at the end of every run, on the sweep's thread.</param>
    /// <param name="cancellationToken">Stops all runs within one step. What is done is kept in the folder.</param>
    /// <exception cref="ArgumentException">A value of the options is out of range, or two of them exclude each other.</exception>
    /// <exception cref="SssException">
    /// The data does not fit the network, the folder holds another sweep or cannot be written to, or no run came to its end;
    /// then the message has the reason of each.
    /// </exception>
    /// <exception cref="OperationCanceledException">The sweep was stopped.</exception>
    public static Task<SweepResult> SweepAsync(
        this Network network,
        Dataset dataset,
        SweepOptions options,
        IProgress<SweepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(options);
        // What is wrong with the options is said before a thread begins.
        var plan = Sweeps.Plan(network, dataset, options);
        return Task.Factory.StartNew(
            () => Sweeps.Run(plan, progress, cancellationToken),
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }
}
