using Microsoft.FSharp.Core;
using Tensor = TorchSharp.torch.Tensor;

namespace Sss;

/// <summary>What training minimises, a mean over the images of a batch and over their positions or values. Immutable.</summary>
public sealed record Loss
{
    private Loss(Core.Loss value, Torch.OwnLoss? own = null)
    {
        Value = value;
        Own = own;
    }

    private Core.Loss Value { get; }

    /// <summary>Null: the loss of the language.</summary>
    internal Torch.OwnLoss? Own { get; }

    /// <summary>
    /// Each class by itself, for networks with <c>classes</c> whose images may have several; its targets are numbers from 0 to 1.
    /// </summary>
    public static Loss Bce { get; } = new(Core.Loss.Bce);

    /// <summary>The squared difference, for networks with <c>outputs</c>.</summary>
    public static Loss Mse { get; } = new(Core.Loss.Mse);

    /// <summary>−log p of the right class, the default; of each pixel where targets are masks.</summary>
    /// <param name="smoothing">The part of the probability that is spread over all classes; at least 0 and below 1.</param>
    /// <exception cref="ArgumentException">The number is out of range.</exception>
    public static Loss CrossEntropy(double smoothing = 0) =>
        Checked(Core.Loss.NewCrossEntropy(smoothing), smoothing, nameof(smoothing));

    /// <summary>−(1 − p)^gamma · log p of the right class.</summary>
    /// <param name="gamma">0 or more.</param>
    /// <exception cref="ArgumentException">The number is out of range.</exception>
    public static Loss Focal(double gamma = 2) => Checked(Core.Loss.NewFocal(gamma), gamma, nameof(gamma));

    /// <summary>Half the squared difference up to delta and linear beyond it, for networks with <c>outputs</c>.</summary>
    /// <param name="delta">Above 0.</param>
    /// <exception cref="ArgumentException">The number is out of range.</exception>
    public static Loss Huber(double delta = 1) => Checked(Core.Loss.NewHuber(delta), delta, nameof(delta));

    /// <summary>
    /// A loss of your own. It is no part of a network's recipe: a text has <paramref name="targets"/> in its place, and a
    /// training that continues from a checkpoint must be given the function again.
    /// </summary>
    /// <param name="function">
    /// From scores and targets to one number, by operations that have a gradient. Scores are N × classes (for masks N × classes
    /// × pixels) or N × numbers, float32; targets are classes as 64-bit numbers (N, or N × pixels) or numbers as many as the
    /// scores. It is called at every step on the thread of the training, within a dispose scope: make tensors that outlive
    /// the call with <c>DetachFromDisposeScope</c>.
    /// </param>
    /// <param name="targets">
    /// The loss whose targets it takes; metrics, validation and probabilities are this one's. <see cref="CrossEntropy"/>
    /// by default.
    /// </param>
    /// <param name="name">What checkpoints and messages call it. Change it with the function, and old checkpoints are refused.</param>
    /// <exception cref="ArgumentException">The targets are those of another own loss, or the name is empty.</exception>
    public static Loss Of(Func<Tensor, Tensor, Tensor> function, Loss? targets = null, string name = "own")
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        targets ??= CrossEntropy();
        return targets.Own is null
            ? new(targets.Value, new Torch.OwnLoss(name, FuncConvert.FromFunc(function)))
            : throw new ArgumentException("targets must be a loss of the language.", nameof(targets));
    }

    /// <summary>As the language writes it; of a loss of your own its name, with the loss whose targets it takes.</summary>
    public override string ToString() => Own is { } own ? $"{own.Name} ({Text})" : Text;

    private string Text =>
        Core.LossModule.parameter(Value)?.Value is var (name, value)
            ? string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"{Core.LossModule.word(Value)} {name}={value}")
            : Core.LossModule.word(Value);

    internal static Loss From(Core.Loss value) => new(value);

    internal Core.Loss ToCore() => Value;

    private static Loss Checked(Core.Loss loss, double value, string name) =>
        Core.LossModule.problem(loss)?.Value is { } expected
            ? throw new ArgumentException($"{name} must be {expected}, not {value}.", name)
            : Core.SinglePrecision.fits(value)
                ? new(loss)
                : throw new ArgumentException($"{name} must be {Core.SinglePrecision.expected}.", name);
}
