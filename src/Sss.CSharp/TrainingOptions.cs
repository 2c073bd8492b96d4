namespace Sss;

/// <summary>The weight γ of the penalty for each kind of factor.</summary>
public sealed record Gamma
{
    /// <summary>For factors on neurons.</summary>
    public double Neuron { get; init; }

    /// <summary>For factors on groups.</summary>
    public double Group { get; init; }

    /// <summary>For factors on blocks.</summary>
    public double Block { get; init; }

    /// <summary>For factors that several layers share; null: as for neurons.</summary>
    public double? Shared { get; init; }

    /// <summary>The same weight for every kind.</summary>
    public static Gamma Same(double gamma) => new() { Neuron = gamma, Group = gamma, Block = gamma };
}

/// <summary>
/// The number format for computation in training. Weights, factors and running statistics are kept in
/// single precision either way, and so are all results.
/// </summary>
public enum Precision
{
    /// <summary>Single precision.</summary>
    Float32,

    /// <summary>bfloat16: the range of single precision with 8 bits of mantissa.</summary>
    BFloat16,

    /// <summary>
    /// bfloat16 where a measurement of a second before training shows that it is at least 1.1 times as fast, else single
    /// precision. Another machine, or a busy one, may choose differently. Not for sweeps, which compare runs of one precision.
    /// </summary>
    Auto,
}

/// <summary>
/// How to train. Null means: the value of the network's recipe, or the default of the language. The last
/// eight (<see cref="Init"/>, <see cref="Validation"/>, <see cref="CheckpointFolder"/>, <see cref="RunFolder"/>,
/// <see cref="Threads"/>, <see cref="Loaders"/>, <see cref="Device"/>, <see cref="Precision"/>) belong to a run and are not part of a
/// network's recipe. Immutable.
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>Passes over the training images.</summary>
    public int? Epochs { get; init; }

    /// <summary>Images per step.</summary>
    public int? Batch { get; init; }

    /// <summary>Step size η at the start; above 0.</summary>
    public double? LearningRate { get; init; }

    /// <summary>The step size over the epochs; a half cosine by default.</summary>
    public Schedule? Schedule { get; init; }

    /// <summary>Epochs over which the step size rises linearly from 0.</summary>
    public int? Warmup { get; init; }

    /// <summary>
    /// What the step size is multiplied by for the last layer, which is new where a trained network gets other classes.
    /// </summary>
    public double? HeadRate { get; init; }

    /// <summary>μ of Nesterov's method for the weights and of APG for the factors; at least 0 and below 1.</summary>
    public double? Momentum { get; init; }

    /// <summary>
    /// The L2 weight on weights of convolutions and dense layers, and on scale and shift of a bn whose factor
    /// it would otherwise outgrow; 0 or more.
    /// </summary>
    public double? Decay { get; init; }

    /// <summary>The weight γ of the penalty.</summary>
    public Gamma? Gamma { get; init; }

    /// <summary>The penalty that γ weights; <see cref="FactorPenalty.NonNegative"/> by default, and with a target.</summary>
    public FactorPenalty? Penalty { get; init; }

    /// <summary>
    /// What training minimises; cross-entropy by default, and for networks with outputs it must be given. A function of
    /// your own is <see cref="Sss.Loss.Of"/>.
    /// </summary>
    public Loss? Loss { get; init; }

    /// <summary>
    /// The losses of further outputs, by name. One that is not here has the recipe's loss of it, or else <see cref="Loss"/> with the
    /// weight 1.
    /// </summary>
    public IReadOnlyDictionary<string, OutputLoss>? Outputs { get; init; }

    /// <summary>The rule for the weights; <see cref="Optimizer.Nag"/> by default.</summary>
    public Optimizer? Optimizer { get; init; }

    /// <summary>
    /// The fraction of the macs, above 0 and at most 1, that the selected network may have; γ is steered
    /// towards it.
    /// </summary>
    public double? TargetMacs { get; init; }

    /// <summary>The fraction of the parameters, above 0 and at most 1, that the selected network may have.</summary>
    public double? TargetParams { get; init; }

    /// <summary>The bytes that the selected network's ONNX file may have.</summary>
    public long? TargetSize { get; init; }

    /// <summary>
    /// The time that a prediction with the selected network may take. Layers are timed before training, in ONNX
    /// Runtime with one image per call, or as <see cref="LatencyProfile"/> has it. Every limit that is given holds.
    /// </summary>
    public Latency? TargetLatency { get; init; }

    /// <summary>
    /// The epochs after which the target holds: above 0 and at most all of them; 0.5 is half an epoch. Null: as in the
    /// recipe, or three tenths of the epochs but at most ten. Only with a limit.
    /// </summary>
    public double? TargetBy { get; init; }

    /// <summary>A file of times that <c>sss profile</c> wrote, on this machine or another, or the <c>profile.json</c> of an earlier run,
    /// which makes runs with it the same; null: they are measured.</summary>
    public string? LatencyProfile { get; init; }

    /// <summary>
    /// Removes structures that stay zero every so many epochs during training; the
    /// trained network is restored at the end. Null: as in the recipe, or never.
    /// </summary>
    public int? ShrinkEvery { get; init; }

    /// <summary>
    /// Ends the training after so many epochs in a row without a lower loss on the images held out
    /// (<see cref="Validation"/>) or a smaller network, and not before a target holds. Null: as in the recipe, or after
    /// the last epoch.
    /// </summary>
    public int? StopAfter { get; init; }

    /// <summary>
    /// The decay of an exponential moving average of the weights, which is what is evaluated and what training gives; above 0
    /// and below 1. Null: as in the recipe, or none.
    /// </summary>
    public double? Ema { get; init; }

    /// <summary>The seed of all random choices; 0 or more.</summary>
    public int? Seed { get; init; }

    /// <summary>Random changes of the training images. These replace all changes of the recipe.</summary>
    public Augmentation? Augment { get; init; }

    /// <summary>
    /// A trained network whose scores are aimed at beside the labels. Its <see cref="Teacher.Network"/> belongs to a run
    /// and is not part of a network's recipe.
    /// </summary>
    public Teacher? Teacher { get; init; }

    /// <summary>
    /// The weights to start with; null: random ones. The last layer starts at random where it is another one than theirs,
    /// and so do factors that they do not have; everything else must fit. A preparation that was given at import stays.
    /// </summary>
    public Weights? Init { get; init; }

    /// <summary>
    /// The fraction of the training images, above 0 and below 1, that is held out to choose the best epoch,
    /// whose weights are the result. Null: all images are for training, and the last epoch's weights are the result.
    /// </summary>
    public double? Validation { get; init; }

    /// <summary>
    /// A folder that keeps the state of the training after each epoch and when it is stopped. A later call
    /// with the same network, data and options continues from there and gives bit for bit the result of one call. So does
    /// a call with more <see cref="Epochs"/>, where no step depends on their number: with a schedule that is constant or
    /// in steps, and without a target and cuts. A call with other options fails. Null: nothing is saved.
    /// </summary>
    public string? CheckpointFolder { get; init; }

    /// <summary>
    /// A folder for all that <c>sss train</c> writes: the training keeps its checkpoints (as in
    /// <see cref="CheckpointFolder"/>), <c>metrics.csv</c>, events for TensorBoard and the trained network in it;
    /// <see cref="TrainedNetwork.Select"/> adds the selected network with its ONNX file, <c>result.json</c> and
    /// <c>report.html</c>. Null: nothing is saved.
    /// </summary>
    public string? RunFolder { get; init; }

    /// <summary>
    /// Threads for computation; null: those of the training that is continued, or as many as there are processors that
    /// other processes leave free. The exact bits of a result depend on it.
    /// </summary>
    public int? Threads { get; init; }

    /// <summary>Threads that load images in advance; null: chosen for the data. It does not change results.</summary>
    public int? Loaders { get; init; }

    /// <summary>
    /// Where training computes: <c>cpu</c>, <c>cuda</c> (the first) or <c>cuda:INDEX</c>; null: the CPU. A device
    /// that is not available is an <see cref="SssException"/> with the cause. Selection and its verdict are on the CPU.
    /// </summary>
    public string? Device { get; init; }

    /// <summary>The number format for computation in training.</summary>
    public Precision Precision { get; init; }
}
