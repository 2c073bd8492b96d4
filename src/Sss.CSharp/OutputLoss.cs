namespace Sss;

/// <summary>How a further output of a network is trained.</summary>
/// <param name="Loss">A loss of the language.</param>
/// <param name="Weight">What the loss is multiplied by before it is added to that of the scores; above 0.</param>
public sealed record OutputLoss(Loss Loss, double Weight = 1)
{
    internal static OutputLoss From(Core.OutputLoss value) => new(Loss.From(value.Loss), value.Weight);
}

/// <summary>The quality and loss of a further output on a set of images.</summary>
/// <param name="Name">The output's name.</param>
/// <param name="Value">The same figures as for the scores.</param>
public sealed record OutputEvaluation(string Name, Evaluation Value);
