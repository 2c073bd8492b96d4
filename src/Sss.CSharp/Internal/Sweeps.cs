using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace Sss.Internal;

/// <summary>Sweeps in this process, on the plan and the statistics of the command line.</summary>
internal static class Sweeps
{
    // A sweep whose options are in their bounds. No XML comment: the file of comments would name types of the core.
    internal sealed record Planned(
        Core.Network Network,
        Files.Dataset Dataset,
        SweepOptions Options,
        Core.Recipe Recipe,
        Torch.Job Common,
        FSharpList<Torch.StudyPoint> Points,
        FSharpList<int> Seeds);

    internal static Planned Plan(Network network, Dataset dataset, SweepOptions options)
    {
        var training = options.Training ?? new TrainingOptions();
        Recipes.CheckRun(training);
        Refuse(training.CheckpointFolder is not null, nameof(TrainingOptions.CheckpointFolder), "runs have folders of their own");
        Refuse(training.RunFolder is not null, nameof(TrainingOptions.RunFolder), "runs have folders of their own");
        if (training.Precision == Precision.Auto)
        {
            throw new ArgumentException(
                "Precision cannot be Auto in a sweep, which compares runs of one precision.",
                nameof(TrainingOptions.Precision));
        }

        Recipes.AtLeast(1, options.Jobs, nameof(SweepOptions.Jobs));
        var recipe = Recipes.Merge(network.CoreRecipe ?? Core.RecipeModule.defaults, training);
        return new Planned(
            network.Value,
            dataset.Value,
            options,
            recipe,
            Jobs.Training(network, dataset, training),
            Points(options),
            Seeds(options, recipe));
    }

    private static void Refuse(bool isWrong, string name, string why)
    {
        if (isWrong)
        {
            throw new ArgumentException($"{name} must be null in a sweep: {why}.", name);
        }
    }

    private static FSharpList<Torch.StudyPoint> Points(SweepOptions options)
    {
        ArgumentNullException.ThrowIfNull(options.TargetMacs, nameof(SweepOptions.TargetMacs));
        ArgumentNullException.ThrowIfNull(options.Gammas, nameof(SweepOptions.Gammas));
        if (options.TargetMacs.Count > 0 && options.Gammas.Count > 0)
        {
            throw new ArgumentException("TargetMacs and Gammas cannot both be varied.", nameof(SweepOptions.Gammas));
        }

        if (options.TargetMacs.Count > 0)
        {
            return Torch.StudyPlan.ofTargets(options.TargetMacs
                .Select(f => Recipes.Fraction(f, nameof(SweepOptions.TargetMacs))!.Value)
                .ToFSharpList());
        }

        return options.Gammas.Count > 0
            ? Torch.StudyPlan.ofGammas(options.Gammas.Select(Recipes.Checked).ToFSharpList())
            : FSharpList<Torch.StudyPoint>.Cons(Torch.StudyPlan.asGiven, FSharpList<Torch.StudyPoint>.Empty);
    }

    private static FSharpList<int> Seeds(SweepOptions options, Core.Recipe recipe)
    {
        var seeds = options.Seeds ?? [recipe.Seed];
        foreach (var seed in seeds)
        {
            Recipes.AtLeast(0, seed, nameof(SweepOptions.Seeds));
        }

        return seeds.Count > 0
            ? seeds.Distinct().ToFSharpList()
            : throw new ArgumentException("Seeds must have at least one seed.", nameof(SweepOptions.Seeds));
    }

    internal static SweepResult Run(Planned plan, IProgress<SweepProgress>? progress, CancellationToken stop)
    {
        if (plan.Options.Folder is { } folder)
        {
            return Run(plan, folder, progress, stop);
        }

        var temporary = Directory.CreateTempSubdirectory("sss-sweep-");
        try
        {
            return Run(plan, temporary.FullName, progress, stop);
        }
        finally
        {
            temporary.Delete(true);
        }
    }

    private static SweepResult Run(Planned plan, string folder, IProgress<SweepProgress>? progress, CancellationToken stop)
    {
        var began = Torch.MachineLoad.take();
        var prepared = Torch.SweepFolder.make(
            new Torch.StudySettings(folder, plan.Network, plan.Recipe, plan.Options.Jobs, Engine.Wording),
            plan.Points,
            plan.Seeds,
            plan.Options.Controls,
            plan.Dataset.Name,
            Torch.StudyInProcess.identity(plan.Common, plan.Dataset).OrThrow(Engine.Failure));
        Torch.SweepFolder.checkRecipes(plan.Common.Method, prepared).OrThrow(Engine.Failure);
        Torch.SweepFolder.checkData(plan.Dataset, prepared).OrThrow(Engine.Failure);
        var threads = Torch.StudyThreads.each(
            plan.Common.Computing.Threads,
            plan.Options.Jobs,
            FuncConvert.FromFunc(() => Torch.ThreadChoiceModule.ofMachine(FSharpOption<int>.None, began).Threads));
        var isKept = plan.Options.Folder is not null;
        var process = new Torch.InProcess(
            plan.Common,
            threads,
            FuncConvert.FromFunc<Torch.StudyJob, string, FSharpResult<Unit, string>>(
                (job, run) => isKept && job.Kind.IsSelected ? Page(run) : FSharpResult<Unit, string>.NewOk(null!)));

        var (study, ended) = Torch.StudyInProcess
            .sweep(process, prepared, Hearing(prepared, isKept, progress), stop)
            .OrThrow(message => new SssException(message));
        if (ended.Stopped)
        {
            throw new OperationCanceledException(isKept
                ? $"The sweep was stopped. Finished runs are kept in {Core.Escape.line(folder)}; the same call continues."
                : "The sweep was stopped.");
        }

        var failures = ended.Failed.Select(f => new SweepFailure(Torch.StudyJobs.label(f.Item1), f.Item2)).ToList();
        if (study.Runs.IsEmpty)
        {
            throw new SssException(string.Join("\n", failures.Select(f => $"{f.Run}: {f.Reason}").Prepend("No run of the sweep came to its end.")));
        }

        if (isKept)
        {
            Pages.Write(folder).OrThrow(error => new SssException(Pages.Unwritten(folder, error)));
        }

        return new SweepResult(
            [.. study.Points.Select(point => Point(study, point, isKept ? folder : null))],
            failures,
            isKept ? folder : null);
    }

    /// <summary>The page of a run that is saved.</summary>
    private static FSharpResult<Unit, string> Page(string folder)
    {
        var page = Pages.Write(folder);
        return page.IsOk
            ? FSharpResult<Unit, string>.NewOk(null!)
            : FSharpResult<Unit, string>.NewError(Pages.Unwritten(folder, page.ErrorValue));
    }

    private static FSharpFunc<Torch.StudyEvent, Unit> Hearing(
        Torch.PreparedSweep prepared,
        bool isKept,
        IProgress<SweepProgress>? progress)
    {
        var done = 0;
        void Hear(Torch.StudyEvent e)
        {
            done++;
            var (job, result, failure) = e switch
            {
                Torch.StudyEvent.Done end => (end.job, end.result, (string?)null),
                Torch.StudyEvent.Failed end => (end.job, null, end.reason),
                _ => throw new InvalidOperationException($"unknown event: {e}"),
            };
            progress?.Report(new SweepProgress(
                done,
                prepared.Jobs.Length,
                Torch.StudyJobs.label(job),
                result is null ? null : RunOf(result, isKept ? Torch.StudyJobs.folder(prepared.Settings, job) : null),
                failure));
        }

        return ((Action<Torch.StudyEvent>)Hear).ToFSharpFunc();
    }

    private static SweepPoint Point(Files.Study study, string label, string? folder)
    {
        var rows = Files.StudyModule.rows(label, study);
        var selected = rows.FirstOrDefault(row => Network(row.Name) == SweepNetwork.Selected);
        var made = rows.Select(row => SweepRow.From(row, selected, Runs(study, label, row.Name, folder))).ToList();
        return new SweepPoint(
            label,
            made.Find(row => row.Network == SweepNetwork.Selected),
            [.. made.Where(row => row.Network != SweepNetwork.Selected)]);
    }

    private static IReadOnlyList<SweepRun> Runs(Files.Study study, string label, string name, string? folder) =>
    [
        .. Files.StudyModule.runsOf(label, Kind(name), study)
            .Select(run => RunOf(run.Result, folder is null ? null : Path.Combine(folder, run.Folder))),
    ];

    private static SweepRun RunOf(Files.RunResult result, string? folder)
    {
        var run = Files.SeedRows.seedRun(result);
        return new SweepRun(run.Seed, run.Accuracy, run.Macs, run.Params, run.Epochs, run.TrainMacs.ToNullable(), folder);
    }

    // Rows are named by the words of kinds.
    private static Files.StudyKind Kind(string name) => Files.StudyKindModule.tryParse(name)!.Value;

    internal static SweepNetwork Network(string name) => Kind(name) switch
    {
        { IsSelected: true } => SweepNetwork.Selected,
        { IsDense: true } => SweepNetwork.Dense,
        { IsScratchE: true } => SweepNetwork.FromScratch,
        { IsScratchB: true } => SweepNetwork.FromScratchSameCompute,
        _ => SweepNetwork.Narrowed,
    };
}
