using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Sss.Internal;

namespace Sss;

/// <summary>
/// A selected network with its numbers: predicts, evaluates, saves, exports. Every member is safe from
/// several threads at once. Disposing waits for the predictions that are running.
/// </summary>
public sealed class SelectedNetwork : IDisposable, IAsyncDisposable
{
    private readonly FSharpMap<string, Core.Tensor<float>> weights;
    private readonly FSharpList<string> classes;
    private readonly Files.Normalisation normalisation;
    private readonly Torch.Predictor predictor;
    private readonly Uses uses = new();
    private int freed;

    internal SelectedNetwork(
        Network network,
        FSharpMap<string, Core.Tensor<float>> weights,
        FSharpList<string> classes,
        Files.Normalisation normalisation,
        Exactness? exactness,
        SelectedCounts? counts)
    {
        Network = network;
        this.weights = weights;
        this.classes = classes;
        this.normalisation = normalisation;
        Verdict = exactness;
        Counts = counts;
        predictor = Torch.PredictorModule.create(
                Engine.Load(),
                FSharpOption<Torch.PixelScale>.Some(Torch.PixelScaleModule.ofNormalisation(normalisation)),
                network.Value,
                weights)
            .OrThrow(Engine.ModelFailure);
    }

    /// <summary>The smaller network; a network like any other.</summary>
    public Network Network { get; }

    /// <summary>Class names in the order of the scores; empty where they are not known.</summary>
    public IReadOnlyList<string> Classes => [.. classes];

    /// <summary>What stayed of each kind; null for a network that was loaded from files.</summary>
    public SelectedCounts? Counts { get; }

    /// <summary>The proof that the network computes what the full one computed.</summary>
    /// <exception cref="InvalidOperationException">The network was loaded from files, which hold one network only.</exception>
    public Exactness Exactness =>
        Verdict ?? throw new InvalidOperationException(
            "A network from files has no full network beside it to be compared with; result.json of its run has the verdict.");

    private Exactness? Verdict { get; }

    /// <summary>The scores of one image, one a class, before any softmax.</summary>
    /// <param name="image">
    /// Pixels in the training data's own units, channel by channel and row by row; the normalisation is done here.
    /// </param>
    /// <exception cref="ArgumentException">The image does not have the network's input size.</exception>
    /// <exception cref="ObjectDisposedException">The network was disposed of.</exception>
    public float[] Predict(ReadOnlySpan<float> image) => PredictBatch(image);

    /// <summary>The scores of images that lie after each other: images × classes, row by row.</summary>
    /// <param name="images">As for <see cref="Predict"/>.</param>
    /// <exception cref="ArgumentException">The length is not a multiple of the network's input size.</exception>
    public float[] PredictBatch(ReadOnlySpan<float> images)
    {
        var scores = new float[CountOf(images) * Network.Classes];
        Run(images, scores);
        return scores;
    }

    /// <summary>The same into a given span; no managed array is allocated.</summary>
    /// <param name="images">As for <see cref="Predict"/>.</param>
    /// <param name="scores">Images × classes.</param>
    /// <exception cref="ArgumentException">The lengths do not fit the network.</exception>
    public void PredictBatch(ReadOnlySpan<float> images, Span<float> scores)
    {
        var wanted = CountOf(images) * Network.Classes;
        if (scores.Length != wanted)
        {
            throw new ArgumentException(
                $"There is room for {scores.Length} scores; the images have {wanted}.",
                nameof(scores));
        }

        Run(images, scores);
    }

    private void Run(ReadOnlySpan<float> images, Span<float> scores)
    {
        ObjectDisposedException.ThrowIf(!uses.TryEnter(), this);
        try
        {
            predictor.Run(images, scores);
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

    /// <summary>Accuracy and loss on a set of images, which go through the normalisation of the training data.</summary>
    /// <exception cref="ArgumentException">The images do not have the network's input shape.</exception>
    /// <exception cref="SssException">The images are picture files, and these can no longer be read.</exception>
    public Evaluation Evaluate(ImageSet images)
    {
        ArgumentNullException.ThrowIfNull(images);
        ObjectDisposedException.ThrowIf(uses.IsClosed, this);
        if (images.Shape != Network.Input)
        {
            throw new ArgumentException(
                $"The images are {images.Shape}; the network takes {Network.Input}.",
                nameof(images));
        }

        var data = new Files.Dataset(
            "images",
            classes,
            images.Value,
            images.Value,
            normalisation,
            FSharpList<Files.FileError>.Empty,
            FSharpList<Files.DataNote>.Empty);
        // Not the predictor: the same bits as `sss eval`.
        using var model = Torch.ModelModule.create(Engine.Load(), Network.Value, weights)
            .OrThrow(Engine.ModelFailure);
        return Evaluation.From(Torch.Evaluate.run(model, data, images.Value).OrThrow(Engine.FileFailure));
    }

    /// <summary>Writes <c>selected.sss</c> and <c>selected.safetensors</c> into a folder, each whole or not at all.</summary>
    /// <exception cref="SssException">The folder cannot be written to, or the disk is full.</exception>
    public void Save(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        Torch.RunFolder.save(folder, Torch.RunFolder.selected, Network.ToText(), classes, normalisation, weights)
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
            loaded.Normalisation.ToReference()
                ?? throw new SssException($"{loaded.Path} does not say how its images are normalised."),
            null,
            null);
    }

    /// <summary>Writes ONNX; the file is there only if ONNX Runtime gives the same scores.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="normalize">Put the normalisation into the graph: it then takes raw pixel values.</param>
    /// <returns>How far ONNX Runtime's scores are from LibTorch's.</returns>
    /// <exception cref="SssException">The file cannot be written, or the scores differ.</exception>
    public Exactness ExportOnnx(string path, bool normalize = false)
    {
        ArgumentNullException.ThrowIfNull(path);
        ObjectDisposedException.ThrowIf(uses.IsClosed, this);
        var loaded = new Torch.LoadedNetwork(
            path,
            Network.Value,
            weights,
            classes,
            normalisation.ToReferenceOption());
        return Exactness.From(
            Torch.OnnxExport.write(Engine.Load(), normalize, loaded, path).OrThrow(Engine.Failure));
    }

    /// <summary>Gives the native memory back; waits for predictions that other threads are running.</summary>
    public void Dispose()
    {
        uses.CloseAsync().GetAwaiter().GetResult();
        Free();
    }

    /// <summary>The same without holding a thread while predictions run.</summary>
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
