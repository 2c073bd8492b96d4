using Sss.Internal;

namespace Sss;

/// <summary>What a network gets wrong on a set of images.</summary>
/// <param name="Evaluation">Quality and loss.</param>
/// <param name="Classes">A row for each class, in the order of the scores; empty where images do not have one class each.</param>
/// <param name="Calibration">How far its probabilities can be trusted; null where images do not have one class each.</param>
/// <param name="Worst">
/// At most 12 images that are taken for another class than their own: those with the highest loss, the highest first.
/// </param>
public sealed record Diagnosis(
    Evaluation Evaluation,
    IReadOnlyList<ClassResult> Classes,
    Calibration? Calibration,
    IReadOnlyList<WrongImage> Worst)
{
    internal static Diagnosis From(Torch.Evaluation evaluation, Torch.Diagnosis d) => new(
        Evaluation.From(evaluation),
        [.. d.Classes.Select(ClassResult.From)],
        d.Calibration is { } calibration ? Sss.Calibration.From(calibration.Value) : null,
        [.. d.Worst.Select(pair => WrongImage.From(pair.Item1, pair.Item2.ToReference()))]);
}

/// <summary>Whether a network is right as often as its probabilities say.</summary>
/// <param name="Error">
/// The expected calibration error: the mean over the images of |accuracy − probability| of their bin.
/// </param>
/// <param name="Bins">15 bins of equal width, from 0 to 1.</param>
public sealed record Calibration(double Error, IReadOnlyList<CalibrationBin> Bins)
{
    internal static Calibration From(Core.Calibration c) =>
        new(c.Error, [.. c.Bins.Select(bin => new CalibrationBin(bin.Count, bin.Confidence, bin.Accuracy))]);
}

/// <summary>Images whose predicted class has a probability in one part of 0 to 1.</summary>
/// <param name="Count">How many.</param>
/// <param name="Confidence">The mean probability of their predicted class; 0 where there are none.</param>
/// <param name="Accuracy">The fraction of them that is right; 0 where there are none.</param>
public readonly record struct CalibrationBin(int Count, double Confidence, double Accuracy);

/// <summary>An image that is taken for another class than its own.</summary>
/// <param name="Index">Its place among the images, from 0.</param>
/// <param name="Name">The folder and the file of a picture, or its place.</param>
/// <param name="Class">Its class.</param>
/// <param name="TakenFor">The class that it is taken for.</param>
/// <param name="Probability">The probability that the network gives its class.</param>
/// <param name="Confidence">The probability that the network gives the class it is taken for.</param>
/// <param name="Loss">Cross-entropy, in nats.</param>
/// <param name="Thumbnail">A small picture of it as a PNG file; null where it is not an image.</param>
public sealed record WrongImage(
    int Index,
    string Name,
    string Class,
    string TakenFor,
    double Probability,
    double Confidence,
    double Loss,
    IReadOnlyList<byte>? Thumbnail)
{
    internal static WrongImage From(Files.WorstPicture p, byte[]? png) =>
        new(p.Index, p.Name, p.Class, p.TakenFor, p.Probability, p.Confidence, p.Loss, png);
}
