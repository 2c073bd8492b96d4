using Sss.Internal;

namespace Sss;

/// <summary>Training.</summary>
public static class Training
{
    /// <summary>
    /// Trains a network on a data set's training images: weights and scaling factors together, in one
    /// pass. It runs on its own thread and may be called from several threads; two trainings at once share the
    /// machine's cores and slow each other down.
    /// </summary>
    /// <param name="network">What to train; its recipe applies where the options are null.</param>
    /// <param name="dataset">Images of the network's input shape and classes.</param>
    /// <param name="options">Overrides of the recipe; null: none.</param>
    /// <param name="progress">Called after every epoch, on the thread of the training.</param>
    /// <param name="cancellationToken">Stops the training within one step.</param>
    /// <returns>A task that completes after the last epoch; the whole network, with factors of exactly zero.</returns>
    /// <exception cref="ArgumentException">A number of the options is out of range.</exception>
    /// <exception cref="SssException">
    /// The data does not fit the network, its pictures were read with another <c>Resize</c> or <c>Background</c>
    /// than the recipe has (see <see cref="Dataset.Folder(string, Network)"/>), the training diverged, a checkpoint belongs to another training, or LibTorch
    /// was not found.
    /// </exception>
    /// <exception cref="OperationCanceledException">The training was stopped.</exception>
    public static Task<TrainedNetwork> TrainAsync(
        this Network network,
        Dataset dataset,
        TrainingOptions? options = null,
        IProgress<EpochProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(dataset);
        options ??= new TrainingOptions();
        Recipes.CheckRun(options);
        var job = Jobs.Training(network, dataset, options);
        return Task.Factory.StartNew(
            () => new TrainedNetwork(network, Jobs.Run(job, progress, cancellationToken), options.RunFolder),
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }
}
