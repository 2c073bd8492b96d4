namespace Sss;

/// <summary>The weight γ of the penalty, a kind each.</summary>
public sealed record Gamma
{
    /// <summary>For factors on neurons.</summary>
    public double Neuron { get; init; }

    /// <summary>For factors on groups.</summary>
    public double Group { get; init; }

    /// <summary>For factors on blocks.</summary>
    public double Block { get; init; }

    /// <summary>The same weight for every kind.</summary>
    public static Gamma Same(double gamma) => new() { Neuron = gamma, Group = gamma, Block = gamma };
}

/// <summary>
/// The numbers that a network in training computes with. Weights, factors and running statistics are kept in
/// single precision either way, and so are all results.
/// </summary>
public enum Precision
{
    /// <summary>Single precision.</summary>
    Float32,

    /// <summary>bfloat16: the range of single precision with 8 bits of mantissa.</summary>
    BFloat16,
}

/// <summary>
/// How to train. What is null is taken from the network's recipe, or from the language's defaults. The last
/// six (<see cref="Validation"/>, <see cref="CheckpointFolder"/>, <see cref="Threads"/>,
/// <see cref="Loaders"/>, <see cref="Device"/>, <see cref="Precision"/>) belong to a run and are not part of a
/// network's recipe. Immutable.
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>Passes over the training images.</summary>
    public int? Epochs { get; init; }

    /// <summary>Images a step.</summary>
    public int? Batch { get; init; }

    /// <summary>Step size η at the start; above 0.</summary>
    public double? LearningRate { get; init; }

    /// <summary>How the step size goes over the epochs; a half cosine by default.</summary>
    public Schedule? Schedule { get; init; }

    /// <summary>Epochs over which the step size rises linearly from 0.</summary>
    public int? Warmup { get; init; }

    /// <summary>μ of Nesterov's method for the weights and of APG for the factors; from 0 to below 1.</summary>
    public double? Momentum { get; init; }

    /// <summary>
    /// The L2 weight on weights of convolutions and dense layers, and on scale and shift of a bn whose factor
    /// it would otherwise outgrow; 0 or more.
    /// </summary>
    public double? Decay { get; init; }

    /// <summary>The weight γ of the penalty.</summary>
    public Gamma? Gamma { get; init; }

    /// <summary>What γ is the weight of; <see cref="FactorPenalty.NonNegative"/> by default, and with a target.</summary>
    public FactorPenalty? Penalty { get; init; }

    /// <summary>
    /// The fraction of the macs, above 0 and at most 1, that the selected network may have; γ is steered
    /// towards it.
    /// </summary>
    public double? TargetMacs { get; init; }

    /// <summary>
    /// Takes structures that stay zero permanently, every so many epochs, while training continues; the
    /// trained network is put together again at the end. Null: as the recipe says, or never.
    /// </summary>
    public int? ShrinkEvery { get; init; }

    /// <summary>Where all random choices start; 0 or more.</summary>
    public int? Seed { get; init; }

    /// <summary>Random changes of the training images, all of them: what is not given here is not done.</summary>
    public Augmentation? Augment { get; init; }

    /// <summary>
    /// The fraction of the training images, above 0 and below 1, that is held out to choose the epoch whose
    /// numbers are taken. Null: all images train, and the last epoch's numbers are taken.
    /// </summary>
    public double? Validation { get; init; }

    /// <summary>
    /// A folder that keeps the state of the training after each epoch and when it is stopped. A later call
    /// with the same network, data and options continues from there, with the bits of one call; with others it
    /// is refused. Null: nothing is kept.
    /// </summary>
    public string? CheckpointFolder { get; init; }

    /// <summary>Threads of the arithmetic; null: as many as LibTorch takes. Part of what a run's bits depend on.</summary>
    public int? Threads { get; init; }

    /// <summary>Threads that decode images ahead of the steps; null: as many as the data is worth. No bit depends on it.</summary>
    public int? Loaders { get; init; }

    /// <summary>
    /// Where training computes: <c>cpu</c>, <c>cuda</c> (the first) or <c>cuda:INDEX</c>; null: the CPU. A device
    /// that is not available is an <see cref="SssException"/> with the cause. Selection and its verdict are on the CPU.
    /// </summary>
    public string? Device { get; init; }

    /// <summary>The numbers that the network in training computes with.</summary>
    public Precision Precision { get; init; }
}
