using Sss.Internal;

namespace Sss;

/// <summary>Which network a row of a sweep is about.</summary>
public enum SweepNetwork
{
    /// <summary>The selected network.</summary>
    Selected,

    /// <summary>The whole network, trained without a penalty.</summary>
    Dense,

    /// <summary>The selected network from random weights, for as many epochs.</summary>
    FromScratch,

    /// <summary>The same for at least the compute that the run which selected it spent.</summary>
    FromScratchSameCompute,

    /// <summary>The network whose layers are all narrower by one factor, with at most the macs of the selected one.</summary>
    Narrowed,
}

/// <summary>What a sweep found, as far as it came.</summary>
/// <param name="Points">In the order of the options.</param>
/// <param name="Failures">Runs that failed, and those that wait for them; a later call with the same folder tries them again.</param>
/// <param name="Folder">The folder of its files; null: they are deleted.</param>
public sealed record SweepResult(
    IReadOnlyList<SweepPoint> Points,
    IReadOnlyList<SweepFailure> Failures,
    string? Folder);

/// <summary>One value of what is varied.</summary>
/// <param name="Label">As tables and the report call it: <c>macs 0.5</c>.</param>
/// <param name="Selected">The selected networks of all seeds; null where no run came to its end.</param>
/// <param name="Controls">A row for each kind of network that they are compared with; empty without controls.</param>
public sealed record SweepPoint(string Label, SweepRow? Selected, IReadOnlyList<SweepRow> Controls);

/// <summary>Networks of one kind at one point, one for each seed.</summary>
/// <param name="Network">Which kind.</param>
/// <param name="Accuracy">
/// The mean over the seeds, on the test images: accuracy, or the first metric of the task
/// (<see cref="Evaluation"/> has them all).
/// </param>
/// <param name="Deviation">The sample standard deviation of it; null for one seed.</param>
/// <param name="Macs">The mean.</param>
/// <param name="Parameters">The mean.</param>
/// <param name="Lead">
/// The mean over the seeds of the selected network's accuracy minus that of this one, seed by seed; null in the selected
/// networks' own row.
/// </param>
/// <param name="LeadError">The standard error of <paramref name="Lead"/>; null for fewer than two seeds.</param>
/// <param name="IsBeyondChance">Whether a paired t-test, two-sided at 5 %, finds a difference.</param>
/// <param name="Runs">In the order of the seeds.</param>
public sealed record SweepRow(
    SweepNetwork Network,
    double Accuracy,
    double? Deviation,
    long Macs,
    long Parameters,
    double? Lead,
    double? LeadError,
    bool IsBeyondChance,
    IReadOnlyList<SweepRun> Runs)
{
    internal static SweepRow From(Files.SeedRow row, Files.SeedRow? selected, IReadOnlyList<SweepRun> runs) => new(
        Sweeps.Network(row.Name),
        row.Accuracy,
        row.Deviation.ToNullable(),
        row.Macs,
        row.Params,
        row.Difference.ToNullable(),
        row.StandardError.ToNullable(),
        selected is not null && Files.SeedRows.isBeyondChance(selected, row),
        runs);
}

/// <summary>One training of a sweep.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Accuracy">On the test images, as in <see cref="SweepRow.Accuracy"/>.</param>
/// <param name="Macs">Of the network that came out.</param>
/// <param name="Parameters">Of the network that came out.</param>
/// <param name="Epochs">Of its recipe.</param>
/// <param name="TrainingMacs">As <see cref="TrainedNetwork.TrainingMacs"/>; null where a file does not say.</param>
/// <param name="Folder">
/// Its run folder, for <see cref="SelectedNetwork.Load"/>; null: it is deleted.
/// </param>
public sealed record SweepRun(
    int Seed,
    double Accuracy,
    long Macs,
    long Parameters,
    int Epochs,
    double? TrainingMacs,
    string? Folder);

/// <summary>A run of a sweep that failed.</summary>
/// <param name="Run">Its point, seed and kind.</param>
/// <param name="Reason">Why.</param>
public sealed record SweepFailure(string Run, string Reason);

/// <summary>A run of a sweep has come to its end.</summary>
/// <param name="Done">How many runs have, this one included.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Run">Its point, seed and kind.</param>
/// <param name="Result">What came out; null: it failed.</param>
/// <param name="Failure">Why it failed; null: it did not.</param>
public sealed record SweepProgress(int Done, int Total, string Run, SweepRun? Result, string? Failure);
