namespace Sss;

/// <summary>
/// A trained network whose softened scores a training aims at beside the labels: the loss is
/// (1 − weight)·H(label, softmax(s)) + weight·T²·H(softmax(t/T), softmax(s/T)), where s are the scores, t the teacher's,
/// T is the temperature and H the cross-entropy (G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural
/// network", 2015).
/// </summary>
public sealed record Teacher
{
    /// <summary>The teacher, with the input and the classes of the network in training; null: the network of <see cref="TrainingOptions.Init"/>.</summary>
    public Weights? Network { get; init; }

    /// <summary>The part of the loss that is the teacher's; above 0 and at most 1.</summary>
    public double Weight { get; init; } = 0.5;

    /// <summary>What all scores are divided by before the softmax; above 0.</summary>
    public double Temperature { get; init; } = 4;

    internal static Teacher? From(Core.Teaching? teaching) =>
        teaching is null ? null : new Teacher { Weight = teaching.Weight, Temperature = teaching.Temperature };
}
