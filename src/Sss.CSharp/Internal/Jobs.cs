using Microsoft.FSharp.Core;

namespace Sss.Internal;

/// <summary>The jobs that the facade runs in the pipeline.</summary>
internal static class Jobs
{
    /// <summary>A training, which keeps checkpoints where the options name a folder for them.</summary>
    internal static Torch.Job Training(Network network, Dataset dataset, TrainingOptions options) => new(
        Torch.NetworkSource.NewGiven(
            network.Value,
            Recipes.Merge(network.CoreRecipe ?? Core.RecipeModule.defaults, options)),
        Unchanged,
        Torch.ImageSource.NewGiven(dataset.Value),
        FSharpOption<int>.None,
        options.Init is { } weights
            ? Torch.Begin.NewWeights(Torch.WeightSource.NewGiven(weights.Value))
            : Torch.Begin.Random,
        options.Teacher?.Network is { } teacher
            ? FSharpOption<Torch.WeightSource>.Some(Torch.WeightSource.NewGiven(teacher.Value))
            : FSharpOption<Torch.WeightSource>.None,
        options.Loss?.Own is { } own
            ? FSharpOption<Torch.OwnLoss>.Some(own)
            : FSharpOption<Torch.OwnLoss>.None,
        Core.FactorMethod.Apg,
        options.LatencyProfile is { } profile
            ? Torch.ProfileSource.NewFile(profile)
            : Torch.ProfileSource.Measured,
        options.Validation.ToOption(),
        new Torch.Computing(
            Recipes.Device(options),
            Recipes.Precision(options.Precision),
            options.Threads.ToOption(),
            options.Loaders.ToOption(),
            FSharpOption<Torch.Team>.None),
        options.RunFolder is { } run ? Run(run)
            : options.CheckpointFolder is { } folder ? Torch.Keep.NewCheckpoints(folder)
            : Torch.Keep.Nothing,
        Torch.Goal.Training);

    /// <summary>A run folder; what is there is continued.</summary>
    private static Torch.Keep Run(string folder) =>
        Torch.Keep.NewRun(new Torch.RunPlace(folder, Torch.Start.Resume, false));

    /// <summary>A selection from what another job has trained, on the CPU; saved where that has a run folder.</summary>
    internal static Torch.Job Selection(
        Torch.Ready ready,
        Torch.Trained trained,
        FSharpOption<Core.LatencyProfile>? profile,
        string? folder) => new(
        Torch.NetworkSource.NewGiven(ready.Network, ready.Recipe),
        Unchanged,
        Torch.ImageSource.NewGiven(ready.Dataset),
        FSharpOption<int>.None,
        Torch.Begin.NewTrained(trained),
        FSharpOption<Torch.WeightSource>.None,
        FSharpOption<Torch.OwnLoss>.None,
        trained.Method,
        profile is null ? Torch.ProfileSource.Measured : Torch.ProfileSource.NewGiven(profile.Value),
        FSharpOption<double>.None,
        new Torch.Computing(
            Torch.Device.Cpu,
            Recipes.Precision(Precision.Float32),
            FSharpOption<int>.None,
            FSharpOption<int>.None,
            FSharpOption<Torch.Team>.None),
        folder is null ? Torch.Keep.Nothing : Run(folder),
        Torch.Goal.NewSelection(Core.Selection.defaults));

    /// <summary>Runs a job; a failure becomes an exception.</summary>
    internal static Torch.Finished<Unit> Run(
        Torch.Job job,
        IProgress<EpochProgress>? progress,
        CancellationToken stop)
    {
        void Listen(Torch.TrainEvent e)
        {
            if (e is Torch.TrainEvent.EpochDone done)
            {
                progress?.Report(EpochProgress.From(done.Item));
            }
        }

        var listener = Torch.Listener.ofTraining(((Action<Torch.TrainEvent>)Listen).ToFSharpFunc());
        return Torch.Pipeline.run(job, listener, stop).OrThrow(Engine.Failure);
    }

    private static readonly FSharpFunc<Core.Recipe, Core.Recipe> Unchanged =
        FuncConvert.FromFunc<Core.Recipe, Core.Recipe>(recipe => recipe);
}
