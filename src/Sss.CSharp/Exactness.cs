namespace Sss;

/// <summary>How far the selected network is from the full one: the check that removal changed nothing.</summary>
/// <param name="IsExact">Whether the difference is within the tolerance and every class the same.</param>
/// <param name="MaxAbs">The largest |a − b| over all inputs and classes.</param>
/// <param name="MaxRel">
/// The largest max|a − b| of an input over the input's scale: about how far its scores would move if every number
/// of the network were off by its own size (<c>docs/selection.md</c>).
/// </param>
/// <param name="ArgmaxAgree">The fraction of inputs with the same class; ties within the tolerance count as the same.</param>
/// <param name="Inputs">The number of random and test images in the comparison.</param>
/// <param name="Tolerance">The largest <paramref name="MaxRel"/> that counts as exact.</param>
public sealed record Exactness(
    bool IsExact,
    double MaxAbs,
    double MaxRel,
    double ArgmaxAgree,
    int Inputs,
    double Tolerance)
{
    internal static Exactness From(Torch.Exactness e) =>
        new(e.Verdict.IsExact, e.MaxAbs, e.MaxRel, e.ArgmaxAgree, e.Inputs, e.Tolerance);
}

/// <summary>The quality and loss of a network on a set of images.</summary>
/// <param name="Accuracy">
/// The fraction of answers that are right, from 0 to 1: images, pixels of masks, or labels where an image may have
/// several; not a number for networks with outputs.
/// </param>
/// <param name="Loss">
/// Mean cross-entropy, in nats (binary where an image may have several classes), or the mean squared difference of numbers.
/// </param>
/// <param name="Count">Images.</param>
public sealed record Evaluation(double Accuracy, double Loss, int Count)
{
    /// <summary>The mean over the classes of intersection over union; null unless targets are masks.</summary>
    public double? MeanIoU { get; init; }

    /// <summary>The mean over the classes of average precision; null unless an image may have several classes.</summary>
    public double? MeanAveragePrecision { get; init; }

    /// <summary>The coefficient of determination, averaged over the outputs; null unless the network has outputs.</summary>
    public double? R2 { get; init; }

    /// <summary>The root of the mean squared difference; null unless the network has outputs.</summary>
    public double? Rmse { get; init; }

    /// <summary>
    /// Of the further outputs, in the order of the text, each compared with its own targets, or with those of the scores where it
    /// has none. Numbers that are all 0 or 1 count as classes that are there or not.
    /// </summary>
    public IReadOnlyList<OutputEvaluation> Outputs { get; init; } = [];

    /// <summary>Whether all figures are the same, those of the further outputs too.</summary>
    public bool Equals(Evaluation? other) =>
        other is not null
        && (Accuracy, Loss, Count, MeanIoU, MeanAveragePrecision, R2, Rmse).Equals(
            (other.Accuracy, other.Loss, other.Count, other.MeanIoU, other.MeanAveragePrecision, other.R2, other.Rmse))
        && Outputs.SequenceEqual(other.Outputs);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Accuracy, Loss, Count, Outputs.Count);

    internal static Evaluation From(Torch.Evaluation e) => From(e.Quality, e.Loss, e.Count) with
    {
        Outputs = [.. e.Outputs.Select(o => new OutputEvaluation(o.Name, From(o.Quality, o.Loss, e.Count)))],
    };

    private static Evaluation From(Core.Quality quality, double loss, int count)
    {
        double? Of(string key) =>
            Core.QualityModule.metrics(quality).FirstOrDefault(m => m.Key == key)?.Value;

        return new(Core.QualityModule.accuracy(quality), loss, count)
        {
            MeanIoU = Of("meanIoU"),
            MeanAveragePrecision = Of("meanAveragePrecision"),
            R2 = Of("r2"),
            Rmse = Of("rmse"),
        };
    }
}

/// <summary>One epoch of training.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Loss">Mean loss over the epoch's training batches.</param>
/// <param name="Accuracy">
/// The fraction of the epoch's answers in training that were right, as in <see cref="Evaluation"/>; not a number for networks with outputs.
/// </param>
/// <param name="LearningRate">The step size of the epoch's last step.</param>
/// <param name="ImagesPerSecond">Over the epoch.</param>
/// <param name="Macs">Multiply-adds that the network would have if it were selected now; null where a layer has died.</param>
public sealed record EpochProgress(
    int Epoch,
    double Loss,
    double Accuracy,
    double LearningRate,
    double ImagesPerSecond,
    long? Macs)
{
    /// <summary>
    /// The quality on the images held out, after the epoch; null without <see cref="TrainingOptions.Validation"/>.
    /// </summary>
    public Evaluation? Validation { get; init; }

    internal static EpochProgress From(Torch.EpochReport e) => new(
        e.Epoch + 1,
        e.Loss,
        e.Accuracy,
        e.Rate,
        e.ImagesPerSecond,
        e.WouldBe?.Value.Macs)
    {
        Validation = e.Validation is { } validation ? Evaluation.From(validation.Value) : null,
    };
}
