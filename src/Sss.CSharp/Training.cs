using Microsoft.FSharp.Core;
using Sss.Internal;

namespace Sss;

/// <summary>Training.</summary>
public static class Training
{
    /// <summary>
    /// Trains a network on a data set's training images: weights and scaling factors together, in one
    /// pass. Runs on a thread of its own and may be called from several; two trainings at once share the
    /// machine's cores and slow each other down.
    /// </summary>
    /// <param name="network">What to train; its recipe holds where the options are null.</param>
    /// <param name="dataset">Images of the network's input shape and classes.</param>
    /// <param name="options">Overrides of the recipe; null: none.</param>
    /// <param name="progress">Told after every epoch, on the training's own thread.</param>
    /// <param name="cancellationToken">Stops the training within one step.</param>
    /// <returns>Done when the last epoch is; the whole network, with factors of exactly zero.</returns>
    /// <exception cref="ArgumentException">A number of the options is out of range.</exception>
    /// <exception cref="SssException">
    /// The data does not fit the network, its pictures were read with another <c>Resize</c> or <c>Background</c>
    /// than the recipe has (see <see cref="Dataset.Folder(string, Network)"/>), the training diverged, a checkpoint is another training's, or LibTorch
    /// is not on this machine.
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
        var recipe = Recipes.Merge(network.CoreRecipe ?? Core.RecipeModule.defaults, options ?? new TrainingOptions());
        Recipes.CheckRun(options);
        Files.DataChecks.check(recipe.Batch, dataset.Value).OrThrow(Engine.FileFailure);
        Files.DatasetModule.fits(network.Value, dataset.Value).OrThrow(Engine.FileFailure);
        dataset = dataset.ReadWith(Files.PictureOptionsModule.ofAugment(recipe.Augment));
        return Task.Factory.StartNew(
            () => Run(network, dataset, recipe, options, progress, cancellationToken),
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    private static TrainedNetwork Run(
        Network network,
        Dataset dataset,
        Core.Recipe recipe,
        TrainingOptions? options,
        IProgress<EpochProgress>? progress,
        CancellationToken stop)
    {
        var method = Core.FactorMethod.Apg;
        var validation = (options?.Validation).ToOption();
        var from = FSharpOption<Torch.TrainState>.None;
        var keeper = FSharpOption<Torch.Keeper>.None;
        var folder = options?.CheckpointFolder;
        if (folder is not null)
        {
            var identity = Torch.Checkpoint.identity(network.Value, recipe, dataset.Value, method, validation);
            var resumed = Torch.Checkpoint
                .resume(folder, identity)
                .OrThrow(error => Engine.Failure(Torch.PipelineError.NewNotResumed(error)));
            from = resumed.Found?.Value.Item2 is { } state ? FSharpOption<Torch.TrainState>.Some(state) : from;
            keeper = FSharpOption<Torch.Keeper>.Some(Torch.Checkpoint.keeper(folder, identity));
        }

        var settings = new Torch.TrainSettings(
            Engine.Load(options),
            (options?.Threads).ToOption(),
            (options?.Loaders).ToOption(),
            method,
            from,
            validation,
            keeper,
            FSharpOption<Torch.Team>.None);

        void Listen(Torch.TrainEvent e)
        {
            if (e is Torch.TrainEvent.EpochDone done)
            {
                progress?.Report(EpochProgress.From(done.Item));
            }
        }

        var trained = Torch.Train.run(
            settings,
            network.Value,
            dataset.Value,
            recipe,
            ((Action<Torch.TrainEvent>)Listen).ToFSharpFunc(),
            stop);
        return new TrainedNetwork(
            network,
            dataset,
            recipe,
            trained.OrThrow(error => Engine.Failure(
                folder is null
                    ? Torch.PipelineError.NewNotTrained(error)
                    : Torch.PipelineError.NewEnded(
                        error,
                        Microsoft.FSharp.Collections.ListModule.TryHead(Torch.Checkpoint.files(folder))))));
    }
}
