using System.Globalization;

namespace Sss;

/// <summary>One class of a prediction.</summary>
/// <param name="Name">The class name, or <c>class N</c> where the network has no names.</param>
/// <param name="Index">Its number, from 0, in the order of the network's scores.</param>
/// <param name="Score">What the network gives for it, before softmax or sigmoid.</param>
/// <param name="Probability">
/// The softmax of the scores, so that all classes add up to 1; of a network that was trained with <c>loss bce</c>, whose
/// images may have several classes, the sigmoid of the score.
/// </param>
public readonly record struct ClassScore(string Name, int Index, float Score, float Probability);

/// <summary>What a network says of one picture. Immutable.</summary>
public sealed class Prediction
{
    internal Prediction(IReadOnlyList<string> names, Core.Probabilities kind, float[] scores)
    {
        var probabilities = Core.ProbabilitiesModule.ofScores(kind, scores.Length, scores);
        Scores = scores;
        Probabilities = probabilities;
        // A stable order: of equal scores the class that comes first.
        Classes =
        [
            .. scores
                .Select((score, i) => new ClassScore(NameOf(names, i), i, score, probabilities[i]))
                .OrderByDescending(c => c.Score),
        ];
    }

    /// <summary>All classes, the most likely one first.</summary>
    public IReadOnlyList<ClassScore> Classes { get; }

    /// <summary>The most likely class.</summary>
    public ClassScore Best => Classes[0];

    /// <summary>The scores in the network's order, before softmax or sigmoid.</summary>
    public IReadOnlyList<float> Scores { get; }

    /// <summary>The probabilities in the network's order.</summary>
    public IReadOnlyList<float> Probabilities { get; }

    /// <summary>The most likely classes, at most <paramref name="count"/> of them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is below 1.</exception>
    public IReadOnlyList<ClassScore> Top(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return [.. Classes.Take(count)];
    }

    /// <summary>The most likely class with its probability, as <c>circle 98.3 %</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Best.Name} {Best.Probability * 100:0.0} %");

    private static string NameOf(IReadOnlyList<string> names, int index) =>
        index < names.Count ? names[index] : $"class {index}";
}
