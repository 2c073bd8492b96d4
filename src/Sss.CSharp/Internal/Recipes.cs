using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace Sss.Internal;

/// <summary>Converts options to the core's recipe and back; values that the language rejects are rejected here by name.</summary>
internal static class Recipes
{
    /// <summary>The recipe with the values that the options give.</summary>
    internal static Core.Recipe Merge(Core.Recipe recipe, TrainingOptions options) => Steerable(new(
        AtLeast(1, options.Epochs, nameof(options.Epochs)) ?? recipe.Epochs,
        AtLeast(1, options.Batch, nameof(options.Batch)) ?? recipe.Batch,
        Positive(options.LearningRate, nameof(options.LearningRate)) ?? recipe.Lr,
        options.Schedule?.ToCore() ?? recipe.Schedule,
        AtLeast(0, options.Warmup, nameof(options.Warmup)) ?? recipe.Warmup,
        Positive(options.HeadRate, nameof(options.HeadRate)) ?? recipe.Head,
        Within(options.Momentum, x => x is >= 0 and < 1, nameof(options.Momentum), "from 0 to below 1")
            ?? recipe.Momentum,
        Within(options.Decay, x => x >= 0, nameof(options.Decay), "0 or more") ?? recipe.Decay,
        options.Gamma is { } gamma ? Checked(gamma) : recipe.Gamma,
        options.Penalty?.ToCore() ?? recipe.Penalty,
        options.Loss?.ToCore() ?? recipe.Loss,
        Outputs(recipe.Outputs, options.Outputs),
        options.Optimizer?.ToCore() ?? recipe.Optimizer,
        Core.TargetModule.orElse(recipe.Target, Target(options)),
        (By(options, options.Epochs ?? recipe.Epochs)
            ?? Core.TargetCourse.within(recipe, options.Epochs ?? recipe.Epochs).ToNullable()).ToOption(),
        AtLeast(1, options.ShrinkEvery, nameof(options.ShrinkEvery)) is { } every
            ? FSharpOption<int>.Some(every)
            : recipe.ShrinkEvery,
        AtLeast(1, options.StopAfter, nameof(options.StopAfter)) is { } patience
            ? FSharpOption<int>.Some(patience)
            : recipe.StopAfter,
        AtLeast(0, options.Seed, nameof(options.Seed)) ?? recipe.Seed,
        options.Augment is { } augment ? Checked(augment) : recipe.Augment,
        options.Teacher is { } teacher
            ? FSharpOption<Core.Teaching>.Some(Checked(teacher))
            : recipe.Teacher,
        Within(options.Ema, x => x is > 0 and < 1, nameof(options.Ema), "above 0 and below 1") is { } decay
            ? FSharpOption<double>.Some(decay)
            : recipe.Ema));

    /// <summary>The recipe of a network's text, from these options alone.</summary>
    internal static Core.Recipe Written(TrainingOptions options)
    {
        var recipe = Merge(Core.RecipeModule.defaults, options);
        return recipe.TargetBy is null || Core.TargetModule.isGiven(recipe.Target)
            ? recipe
            : throw new ArgumentException(
                "TargetBy must be beside a limit, such as TargetMacs.",
                nameof(TrainingOptions.TargetBy));
    }

    /// <summary>Rejects invalid options of a run.</summary>
    internal static void CheckRun(TrainingOptions options)
    {
        AtLeast(1, options.Threads, nameof(TrainingOptions.Threads));
        AtLeast(1, options.Loaders, nameof(TrainingOptions.Loaders));
        if (options.RunFolder is not null && options.CheckpointFolder is not null)
        {
            throw new ArgumentException(
                "RunFolder keeps checkpoints too; CheckpointFolder must be null.",
                nameof(TrainingOptions.CheckpointFolder));
        }

        Within(options.Validation, x => x is > 0 and < 1, nameof(TrainingOptions.Validation), "above 0 and below 1");
    }

    /// <summary>The device of the options; an unknown word is rejected.</summary>
    internal static Torch.Device Device(TrainingOptions options) =>
        Torch.DeviceModule.tryParse(options.Device ?? "cpu")?.Value
            ?? throw new ArgumentException(
                $"Device must be cpu, cuda or cuda:INDEX, not '{options.Device}'.",
                nameof(TrainingOptions.Device));

    /// <summary>The same choice in the core.</summary>
    internal static Torch.PrecisionChoice Precision(Precision precision) => precision switch
    {
        Sss.Precision.Float32 => Torch.PrecisionChoice.NewAlways(Torch.Precision.Float32),
        Sss.Precision.BFloat16 => Torch.PrecisionChoice.NewAlways(Torch.Precision.BFloat16),
        Sss.Precision.Auto => Torch.PrecisionChoice.Auto,
        _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, null),
    };

    /// <summary>Every value that the recipe gives.</summary>
    internal static TrainingOptions ToOptions(Core.Recipe recipe) => new()
    {
        Epochs = recipe.Epochs,
        Batch = recipe.Batch,
        LearningRate = recipe.Lr,
        Schedule = Schedule.From(recipe.Schedule),
        Warmup = recipe.Warmup,
        HeadRate = recipe.Head,
        Momentum = recipe.Momentum,
        Decay = recipe.Decay,
        Gamma = new Gamma { Neuron = recipe.Gamma.Neuron, Group = recipe.Gamma.Group, Block = recipe.Gamma.Block, Shared = recipe.Gamma.Shared == recipe.Gamma.Neuron ? null : recipe.Gamma.Shared },
        Penalty = FactorPenalty.From(recipe.Penalty),
        Loss = Loss.From(recipe.Loss),
        Outputs = recipe.Outputs.IsEmpty ? null : recipe.Outputs.ToDictionary(o => o.Key, o => OutputLoss.From(o.Value)),
        Optimizer = Optimizer.From(recipe.Optimizer),
        TargetMacs = recipe.Target.Macs.ToNullable(),
        TargetParams = recipe.Target.Params.ToNullable(),
        TargetSize = recipe.Target.Size.ToNullable(),
        TargetLatency = Latency.From(recipe.Target.Latency),
        TargetBy = recipe.TargetBy.ToNullable(),
        ShrinkEvery = recipe.ShrinkEvery.ToNullable(),
        StopAfter = recipe.StopAfter.ToNullable(),
        Seed = recipe.Seed,
        Augment = Augmentation.From(recipe.Augment),
        Teacher = Teacher.From(recipe.Teacher.ToReference()),
        Ema = recipe.Ema.ToNullable(),
    };

    private static FSharpMap<string, Core.OutputLoss> Outputs(
        FSharpMap<string, Core.OutputLoss> recipe,
        IReadOnlyDictionary<string, OutputLoss>? given)
    {
        foreach (var (name, own) in given ?? new Dictionary<string, OutputLoss>())
        {
            if (own.Loss.Own is not null)
            {
                throw new ArgumentException(
                    $"The loss of the output '{name}' must be a loss of the language.",
                    nameof(TrainingOptions.Outputs));
            }

            Positive(own.Weight, nameof(OutputLoss.Weight));
            recipe = recipe.Add(name, new(own.Loss.ToCore(), own.Weight));
        }

        return recipe;
    }

    private static Core.Recipe Steerable(Core.Recipe recipe) =>
        !Core.TargetModule.isGiven(recipe.Target) || Core.FactorPenaltyModule.takesTarget(recipe.Penalty)
            ? recipe
            : throw new ArgumentException(
                $"Penalty must be nonneg where there is a target, not {FactorPenalty.From(recipe.Penalty)}.",
                nameof(TrainingOptions.Penalty));

    private static Core.Target Target(TrainingOptions options) => new(
        Fraction(options.TargetMacs, nameof(options.TargetMacs)).ToOption(),
        Fraction(options.TargetParams, nameof(options.TargetParams)).ToOption(),
        (options.TargetSize is { } bytes && bytes < 1
            ? throw new ArgumentException($"TargetSize must be at least 1, not {bytes}.", nameof(options.TargetSize))
            : options.TargetSize).ToOption(),
        options.TargetLatency is { } latency
            ? FSharpOption<Core.LatencyLimit>.Some(latency.ToCore())
            : FSharpOption<Core.LatencyLimit>.None);

    private static double? By(TrainingOptions options, int epochs) =>
        Within(
            options.TargetBy,
            x => x > 0 && x <= epochs,
            nameof(options.TargetBy),
            $"above 0 and at most the epochs, {epochs}");

    internal static double? Fraction(double? value, string name) =>
        Within(value, x => x is > 0 and <= 1, name, "above 0 and at most 1");

    internal static Core.Gamma Checked(Gamma gamma)
    {
        foreach (var value in new[] { gamma.Neuron, gamma.Group, gamma.Block, gamma.Shared ?? 0 })
        {
            Within(value, x => x >= 0, nameof(TrainingOptions.Gamma), "0 or more");
        }

        return new Core.Gamma(gamma.Neuron, gamma.Group, gamma.Block, gamma.Shared ?? gamma.Neuron);
    }

    private static Core.Teaching Checked(Teacher teacher)
    {
        Within(teacher.Weight, x => x is > 0 and <= 1, nameof(teacher.Weight), "above 0 and at most 1");
        Positive(teacher.Temperature, nameof(teacher.Temperature));
        return new Core.Teaching(teacher.Weight, teacher.Temperature);
    }

    private static Core.Augment Checked(Augmentation augment)
    {
        AtLeast(0, augment.Resize, nameof(augment.Resize));
        AtLeast(0, augment.Crop, nameof(augment.Crop));
        AtLeast(0, augment.RandAugment, nameof(augment.RandAugment));
        Within(augment.RandAugmentMagnitude, x => x is >= 0 and <= 30, nameof(augment.RandAugmentMagnitude), "from 0 to 30");
        foreach (var (name, value) in new[]
        {
            (nameof(augment.Area), augment.Area),
            (nameof(augment.Jitter), augment.Jitter),
            (nameof(augment.Pca), augment.Pca),
            (nameof(augment.Erase), augment.Erase),
        })
        {
            Within(value, x => x is >= 0 and <= 1, name, "from 0 to 1");
        }

        Within(augment.Mixup, x => x >= 0, nameof(augment.Mixup), "0 or more");
        Within(augment.Cutmix, x => x >= 0, nameof(augment.Cutmix), "0 or more");

        return augment.ToCore();
    }

    internal static int? AtLeast(int least, int? value, string name) =>
        value < least
            ? throw new ArgumentException($"{name} must be at least {least}, not {value}.", name)
            : value;

    private static double? Positive(double? value, string name) => Within(value, x => x > 0, name, "a number above 0");

    private static double? Within(double? value, Func<double, bool> holds, string name, string expected) =>
        value is not { } v || (holds(v) && Core.SinglePrecision.fits(v)) ? value
            : double.IsFinite(v) && holds(v)
                ? throw new ArgumentException($"{name} must be {Core.SinglePrecision.expected}.", name)
                : throw new ArgumentException($"{name} must be {expected}, not {v}.", name);
}
