namespace Sss;

/// <summary>
/// What a sweep trains: a network at several targets or penalties, with several seeds, and the networks to compare it with.
/// Immutable.
/// </summary>
public sealed record SweepOptions
{
    /// <summary>
    /// The fractions of the macs to keep, each above 0 and at most 1: a point for each. They replace every target of the
    /// recipe.
    /// </summary>
    public IReadOnlyList<double> TargetMacs { get; init; } = [];

    /// <summary>
    /// The weights γ of the penalty: a point for each, without a target. Not together with <see cref="TargetMacs"/>; with
    /// neither, the one point is the recipe as it is.
    /// </summary>
    public IReadOnlyList<Gamma> Gammas { get; init; } = [];

    /// <summary>The seeds of each point, 0 or more; null: that of the recipe alone.</summary>
    public IReadOnlyList<int>? Seeds { get; init; }

    /// <summary>
    /// Whether every seed of every point is compared with networks without factors that are trained beside it: the dense
    /// network, the selected network from scratch for as many epochs, the same for at least the same compute, and the
    /// network whose layers are all narrower by one factor.
    /// </summary>
    public bool Controls { get; init; }

    /// <summary>
    /// How the runs train; null: as the recipe says. <see cref="TrainingOptions.Threads"/> are those of all runs at a time
    /// together. With <see cref="TrainingOptions.Init"/>, the selected and the dense networks start from those weights, the
    /// others from random ones. The folders must be null: runs have folders of their own.
    /// </summary>
    public TrainingOptions? Training { get; init; }

    /// <summary>How many runs train at a time, each with its share of the threads.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>
    /// The folder for what <c>sss sweep</c> writes: <c>sweep.json</c>, <c>report.html</c> and a run folder for each run. A later call
    /// with the same network, data and options does only what is missing, and continues a run that was stopped from its checkpoint; with others
    /// it fails. Null: a temporary folder, which is deleted at the end; only the figures are left.
    /// </summary>
    public string? Folder { get; init; }
}
