using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Sss.Internal;

namespace Sss.Serving;

/// <summary>
/// A network in an ONNX file that <c>sss train</c>, <c>sss export</c> or <c>ExportOnnx</c> wrote, as a classifier of
/// pictures. Pictures are decoded and prepared exactly as in training. Every member is safe from several
/// threads at once; make one classifier and keep it. Disposing waits for the predictions that are running.
/// </summary>
/// <remarks>
/// A picture is a JPEG or PNG of up to 67,108,864 pixels, 1,048,576 a side, and
/// <see cref="ClassifierOptions.MaxPictureBytes"/> bytes; what claims more is rejected before it is decoded. All
/// threads together hold about 256 MiB of decoded pixels, and wait for one another beyond that.
/// </remarks>
public sealed class Classifier : IDisposable, IAsyncDisposable
{
    /// <summary>The longest file that the decoder takes.</summary>
    private const long LongestFile = 512L << 20;

    private readonly Files.OnnxClassifier model;
    private readonly ClassifierOptions options;
    private readonly Uses uses = new();
    private int freed;

    private Classifier(Files.OnnxClassifier model, ClassifierOptions options)
    {
        this.model = model;
        this.options = options;
        Classes = [.. model.Classes];
        Preparation = Files.PreparationModule.text(model.Input, model.Preparation);
    }

    /// <summary>The network's name.</summary>
    public string Name => model.Name;

    /// <summary>Class names in the order of the scores; <c>class N</c> where the file has none.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>How a picture is prepared for the network, in one line.</summary>
    public string Preparation { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">An ONNX file that Sss exported, with or without the preparation in its graph.</param>
    /// <param name="options">Limits and threads; null: the defaults.</param>
    /// <exception cref="ModelException">The file is missing or damaged, Sss did not export it, or its network takes no pictures.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static Classifier Load(string path, ClassifierOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        options ??= new ClassifierOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxPictureBytes, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxPictureBytes, LongestFile, nameof(options));
        var model = Value(
            Files.OnnxClassifierModule.load(options.Threads, path),
            error => new ModelException(Files.FileErrorModule.messageIn(Core.WordingModule.csharp, error)));
        return new Classifier(model, options);
    }

    /// <summary>Classifies a picture file.</summary>
    /// <exception cref="PictureException">It is missing, no JPEG or PNG, damaged or too large.</exception>
    /// <exception cref="ObjectDisposedException">The classifier was disposed of.</exception>
    public Prediction Predict(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = new FileInfo(path);
        if (file.Exists && file.Length > options.MaxPictureBytes)
        {
            throw TooLong(path);
        }

        return Within(() => Score(Picture(Files.OnnxClassifierModule.ofFile(model, path))));
    }

    /// <summary>Classifies a picture that is read from a stream to its end; the stream stays open.</summary>
    /// <exception cref="PictureException">It is no JPEG or PNG, damaged or too large.</exception>
    /// <exception cref="ObjectDisposedException">The classifier was disposed of.</exception>
    public Prediction Predict(Stream picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        return Decoded(PictureBytes.Read(picture, options.MaxPictureBytes) ?? throw TooLong(PictureBytes.Name));
    }

    /// <summary>Classifies the content of a picture file.</summary>
    /// <exception cref="PictureException">It is no JPEG or PNG, damaged or too large.</exception>
    /// <exception cref="ObjectDisposedException">The classifier was disposed of.</exception>
    public Prediction Predict(ReadOnlySpan<byte> picture) =>
        Decoded(picture.Length > options.MaxPictureBytes ? throw TooLong(PictureBytes.Name) : picture.ToArray());

    /// <summary>The same for a stream, without blocking a thread while it is read.</summary>
    /// <exception cref="PictureException">It is no JPEG or PNG, damaged or too large.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled while the stream was read.</exception>
    /// <exception cref="ObjectDisposedException">The classifier was disposed of.</exception>
    public async Task<Prediction> PredictAsync(Stream picture, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(picture);
        var content = await PictureBytes.ReadAsync(picture, options.MaxPictureBytes, cancellationToken)
            .ConfigureAwait(false);
        return Decoded(content ?? throw TooLong(PictureBytes.Name));
    }

    /// <summary>Classifies several picture files in one call of ONNX Runtime.</summary>
    /// <returns>The predictions in the order of the pictures, with the scores that each would have alone up to rounding.</returns>
    /// <exception cref="PictureException">One of them is missing, no JPEG or PNG, damaged or too large; the message names it.</exception>
    /// <exception cref="ObjectDisposedException">The classifier was disposed of.</exception>
    public IReadOnlyList<Prediction> PredictBatch(IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return Within(() => Scores(
            [.. paths.Select(path => Picture(Files.OnnxClassifierModule.ofFile(model, path)))]));
    }

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

    private static T Value<T>(FSharpResult<T, Files.FileError> result, Func<Files.FileError, Exception> failure) =>
        result.IsOk ? result.ResultValue : throw failure(result.ErrorValue);

    private static float[] Picture(FSharpResult<float[], Files.FileError> result) =>
        Value(result, error => new PictureException(Files.FileErrorModule.messageIn(Core.WordingModule.csharp, error)));

    private PictureException TooLong(string name) =>
        new($"{Core.Escape.line(name)}: it has more than the {options.MaxPictureBytes} bytes that are allowed");

    private Prediction Decoded(ReadOnlyMemory<byte> content) =>
        Within(() => Score(Picture(Files.OnnxClassifierModule.ofContent(model, PictureBytes.Name, content))));

    private Prediction Score(float[] picture) => Scores([picture])[0];

    private IReadOnlyList<Prediction> Scores(float[][] pictures)
    {
        var scores = Value(
            Files.OnnxClassifierModule.scores(model, ListModule.OfSeq(pictures)),
            error => new ModelException(Files.FileErrorModule.messageIn(Core.WordingModule.csharp, error)));
        return [.. scores.Select(row => new Prediction(Classes, model.Probabilities, row))];
    }

    private T Within<T>(Func<T> work)
    {
        ObjectDisposedException.ThrowIf(!uses.TryEnter(), this);
        try
        {
            return work();
        }
        finally
        {
            uses.Leave();
        }
    }

    private void Free()
    {
        if (Interlocked.Exchange(ref freed, 1) == 0)
        {
            ((IDisposable)model).Dispose();
        }
    }
}
