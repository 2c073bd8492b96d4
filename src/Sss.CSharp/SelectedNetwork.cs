using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Sss.Internal;

namespace Sss;

/// <summary>
/// A selected network with its numbers: predicts, evaluates, saves, exports. Every member is safe from
/// several threads at once. Disposing waits for the predictions that are running.
/// </summary>
public sealed partial class SelectedNetwork : IDisposable, IAsyncDisposable
{
    private readonly FSharpMap<Core.ArrayKey, Core.Tensor<float>> weights;
    private readonly FSharpList<string> classes;
    private readonly Files.Preparation preparation;
    private readonly Core.Probabilities probabilities;
    private readonly Torch.Predictor predictor;
    private readonly Uses uses = new();
    private int freed;

    internal SelectedNetwork(
        Network network,
        FSharpMap<Core.ArrayKey, Core.Tensor<float>> weights,
        FSharpList<string> classes,
        Files.Preparation preparation,
        Core.Probabilities probabilities,
        Exactness? exactness,
        SelectedCounts? counts)
    {
        Network = network;
        this.weights = weights;
        this.classes = classes;
        this.preparation = preparation;
        this.probabilities = probabilities;
        Verdict = exactness;
        Counts = counts;
        predictor = Torch.PredictorModule.create(
                Engine.Load(),
                FSharpOption<Files.Preparation>.Some(preparation),
                network.Value,
                weights)
            .OrThrow(Engine.ModelFailure);
    }

    /// <summary>The smaller network; a network like any other.</summary>
    public Network Network { get; }

    /// <summary>Class names in the order of the scores; empty where they are not known.</summary>
    public IReadOnlyList<string> Classes => [.. classes];

    /// <summary>How many structures of each kind were kept; null for a network that was loaded from files.</summary>
    public SelectedCounts? Counts { get; }

    /// <summary>
    /// Its time beside the limit of <see cref="TrainingOptions.TargetLatency"/>; null where there was none, and for a
    /// network that was loaded from files.
    /// </summary>
    public MeasuredLatency? Latency { get; internal init; }

    /// <summary>The check that the network computes the same as the full one.</summary>
    /// <exception cref="InvalidOperationException">The network was loaded from files, which contain only one network.</exception>
    public Exactness Exactness =>
        Verdict ?? throw new InvalidOperationException(
            "A network from files has no full network beside it to be compared with; result.json of its run has the verdict.");

    private Exactness? Verdict { get; }

    /// <summary>
    /// How an image is prepared for the network, in one line: how pictures are cut and scaled, what
    /// black and white are, and the arithmetic. <see cref="Predict(ReadOnlySpan{float})"/> does only the arithmetic.
    /// </summary>
    public string Preparation => Files.PreparationModule.text(Network.Value.Input, preparation);

    /// <summary>The scores of one image, one per class, before any softmax.</summary>
    /// <param name="image">
    /// Pixels in the training data's own units (<see cref="Preparation"/> says which), channel by channel and row by
    /// row; the normalisation is done here.
    /// </param>
    /// <exception cref="ArgumentException">The image does not have the network's input size.</exception>
    /// <exception cref="ObjectDisposedException">The network was disposed of.</exception>
    public float[] Predict(ReadOnlySpan<float> image) => PredictBatch(image);

    /// <summary>The scores of several images, one after the other in memory: images × classes, row by row.</summary>
    /// <param name="images">As for <see cref="Predict(ReadOnlySpan{float})"/>.</param>
    /// <exception cref="ArgumentException">The length is not a multiple of the network's input size.</exception>
    public float[] PredictBatch(ReadOnlySpan<float> images)
    {
        var scores = new float[CountOf(images) * Core.NetworkModule.scores(Network.Value)];
        Run(images, scores);
        return scores;
    }

    /// <summary>The same, written into a given span; no managed array is allocated.</summary>
    /// <param name="images">As for <see cref="Predict(ReadOnlySpan{float})"/>.</param>
    /// <param name="scores">Images × classes.</param>
    /// <exception cref="ArgumentException">The lengths do not fit the network.</exception>
    public void PredictBatch(ReadOnlySpan<float> images, Span<float> scores)
    {
        var wanted = CountOf(images) * Core.NetworkModule.scores(Network.Value);
        if (scores.Length != wanted)
        {
            throw new ArgumentException(
                $"There is room for {scores.Length} scores; the images have {wanted}.",
                nameof(scores));
        }

        Run(images, scores);
    }

    /// <summary>
    /// All that the network gives for one image, by the name of the output: <c>scores</c> as <see cref="Predict(ReadOnlySpan{float})"/>
    /// has them, and its further outputs (<see cref="Network.Outputs"/>), channel by channel and row by row.
    /// </summary>
    /// <param name="image">As for <see cref="Predict(ReadOnlySpan{float})"/>.</param>
    /// <exception cref="ArgumentException">The image does not have the network's input size.</exception>
    /// <exception cref="ObjectDisposedException">The network was disposed of.</exception>
    public IReadOnlyDictionary<string, float[]> PredictOutputs(ReadOnlySpan<float> image)
    {
        if (CountOf(image) != 1)
        {
            throw new ArgumentException("There is more than one image.", nameof(image));
        }

        var values = new float[Core.NetworkModule.values(Network.Value)];
        Run(image, values, isAll: true);
        return Network.Outputs
            .Select(output => output.Key)
            .Prepend("scores")
            .Zip(Core.NetworkModule.split(Network.Value, values))
            .ToDictionary(output => output.First, output => output.Second);
    }

    private void Run(ReadOnlySpan<float> images, Span<float> scores, bool isAll = false)
    {
        ObjectDisposedException.ThrowIf(!uses.TryEnter(), this);
        try
        {
            if (isAll)
            {
                predictor.RunAll(images, scores);
            }
            else
            {
                predictor.Run(images, scores);
            }
        }
        finally
        {
            uses.Leave();
        }
    }

    private int CountOf(ReadOnlySpan<float> images)
    {
        ObjectDisposedException.ThrowIf(uses.IsClosed, this);
        var size = (int)Network.Input.Count;
        if (images.Length == 0 || images.Length % size != 0)
        {
            throw new ArgumentException(
                $"{images.Length} values are no whole number of images of {Network.Input} ({size} values each).",
                nameof(images));
        }

        return images.Length / size;
    }

    /// <summary>
    /// Quality and loss on a set of images, which are prepared like the training data: pictures are
    /// read as those were, numbers are converted to its units, classes are found by their names.
    /// </summary>
    /// <exception cref="ArgumentException">The images do not have the network's input shape.</exception>
    /// <exception cref="SssException">
    /// The images are picture files that can no longer be read, their pixels cannot be converted to those of the
    /// training data, or they have other classes.
    /// </exception>
    public Evaluation Evaluate(ImageSet images) => Evaluation.From(Evaluated(images).Item1);

    private Tuple<Torch.Evaluation, Torch.Diagnosis> Evaluated(ImageSet images)
    {
        ArgumentNullException.ThrowIfNull(images);
        ObjectDisposedException.ThrowIf(uses.IsClosed, this);
        if (images.Shape != Network.Input)
        {
            throw new ArgumentException(
                $"The images are {images.Shape}; the network takes {Network.Input}.",
                nameof(images));
        }

        // Not the predictor: the same bits as `sss eval`.
        return Torch.Pipeline.diagnose(Engine.Load(), Loaded("the network"), images.Dataset, images.Value)
            .OrThrow(Engine.Failure);
    }

    /// <summary>
    /// What the network makes of each class: recall, precision, and the classes that its images are taken for.
    /// </summary>
    /// <returns>A row for each class, in the order of the scores.</returns>
    /// <exception cref="ArgumentException">The images do not have the network's input shape.</exception>
    /// <exception cref="SssException">As <see cref="Evaluate"/>.</exception>
    public IReadOnlyList<ClassResult> EvaluateClasses(ImageSet images) =>
        [.. Evaluated(images).Item2.Classes.Select(ClassResult.From)];

    /// <summary>
    /// What the network gets wrong: its quality, the figures of each class, how far its probabilities can be trusted, and the
    /// images that are most wrong.
    /// </summary>
    /// <exception cref="ArgumentException">The images do not have the network's input shape.</exception>
    /// <exception cref="SssException">As <see cref="Evaluate"/>.</exception>
    public Diagnosis Diagnose(ImageSet images)
    {
        var (evaluation, diagnosis) = Evaluated(images);
        return Diagnosis.From(evaluation, diagnosis);
    }

    /// <summary>Writes <c>selected.sss</c> and <c>selected.safetensors</c> into a folder. Each file is written completely or not at all.</summary>
    /// <exception cref="SssException">The folder cannot be written to, or the disk is full.</exception>
    public void Save(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        Torch.RunFolder.save(folder, Torch.RunFolder.selected, Network.ToText(), classes, preparation, probabilities, weights)
            .OrThrow(Engine.FileFailure);
    }

    /// <summary>Reads what <see cref="Save"/> or <c>sss train</c> wrote.</summary>
    /// <param name="path">A folder, or a <c>.safetensors</c> file.</param>
    /// <exception cref="SssException">A file is missing or damaged.</exception>
    public static SelectedNetwork Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var loaded = Torch.RunFolder.load(path).OrThrow(Engine.Failure);
        return new SelectedNetwork(
            new Network(loaded.Network, null, []),
            loaded.Weights,
            loaded.Classes,
            loaded.Preparation.ToReference()
                ?? throw new SssException($"{loaded.Path} does not say how its images are prepared."),
            loaded.Probabilities,
            null,
            null);
    }

    /// <summary>
    /// Writes ONNX: the file that <c>sss train</c> and <c>sss export</c> write too. It takes pixels, float32 from 0 (black)
    /// to 255 (white), N × C × H × W, normalises them inside, and gives <c>scores</c> and <c>probabilities</c> (numbers have none). Networks
    /// that take no pictures take numbers in the units of the training data. It is kept only if ONNX Runtime gives
    /// the same scores.
    /// </summary>
    /// <param name="path">The file to write.</param>
    /// <param name="raw">
    /// The network alone: the input <c>images</c> is what <see cref="Preparation"/> describes, after normalisation, and the
    /// output <c>scores</c>.
    /// </param>
    /// <returns>How far ONNX Runtime's scores are from LibTorch's.</returns>
    /// <exception cref="SssException">The file cannot be written, or the scores differ.</exception>
    public Exactness ExportOnnx(string path, bool raw = false)
    {
        ArgumentNullException.ThrowIfNull(path);
        ObjectDisposedException.ThrowIf(uses.IsClosed, this);
        return Exactness.From(
            Torch.OnnxExport.write(Engine.Load(), raw, Loaded(path), path).OrThrow(Engine.Failure));
    }

    private Torch.LoadedNetwork Loaded(string path) =>
        new(path, Network.Value, weights, classes, preparation.ToReferenceOption(), probabilities);

    /// <summary>Frees the native memory; waits for predictions on other threads.</summary>
    public void Dispose()
    {
        uses.CloseAsync().GetAwaiter().GetResult();
        Free();
    }

    /// <summary>The same without blocking a thread while predictions run.</summary>
    public async ValueTask DisposeAsync()
    {
        await uses.CloseAsync().ConfigureAwait(false);
        Free();
    }

    private void Free()
    {
        if (Interlocked.Exchange(ref freed, 1) == 0)
        {
            ((IDisposable)predictor).Dispose();
        }
    }
}
