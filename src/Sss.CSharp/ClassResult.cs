using Sss.Internal;

namespace Sss;

/// <summary>What a network makes of the images of one class.</summary>
/// <param name="Name">The class name.</param>
/// <param name="Images">Images of the class.</param>
/// <param name="Right">Those of them that were recognised.</param>
/// <param name="Predicted">Images of any class that were taken for this one, the right ones among them.</param>
/// <param name="Recall">The fraction of the class's images that were recognised; null where there are none.</param>
/// <param name="Precision">The fraction of the images taken for the class that are of it; null where none was.</param>
/// <param name="TakenFor">What the other images were taken for, with their number, the most frequent first.</param>
public sealed record ClassResult(
    string Name,
    int Images,
    int Right,
    int Predicted,
    double? Recall,
    double? Precision,
    IReadOnlyList<KeyValuePair<string, int>> TakenFor)
{
    internal static ClassResult From(Files.ClassRow row) => new(
        row.Name,
        row.Images,
        row.Right,
        row.Predicted,
        Files.ClassRowModule.recall(row).ToNullable(),
        Files.ClassRowModule.precision(row).ToNullable(),
        [.. row.TakenFor.Select(other => KeyValuePair.Create(other.Item1, other.Item2))]);
}
