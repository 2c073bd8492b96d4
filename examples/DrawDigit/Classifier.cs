using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

namespace DrawDigit;

/// <summary>A model that this service cannot serve, with the reason and what to do.</summary>
public sealed class UnusableModelException(string message) : Exception(message);

/// <summary>One class with its probability.</summary>
public sealed record ClassScore(string Name, float Probability);

/// <summary>The prediction of a network for one image.</summary>
/// <param name="Label">The most likely class.</param>
/// <param name="Scores">All classes in the order of the network.</param>
/// <param name="Seen">The image that the network saw: height × width values from 0 to 1.</param>
/// <param name="Width">Of that image.</param>
public sealed record Prediction(string Label, IReadOnlyList<ClassScore> Scores, float[] Seen, int Width);

/// <summary>
/// An ONNX file that <c>sss export --normalize</c> wrote: its metadata has
/// everything that is needed. Safe to use from several threads.
/// </summary>
public sealed class Classifier : IDisposable
{
    private readonly InferenceSession session;
    private readonly int channels;

    /// <summary>The values of a pixel without ink and of one that is all ink, in the units of the training data.</summary>
    private readonly float none;
    private readonly float full;

    private Classifier(InferenceSession session, int[] input, float none, float full, IReadOnlyList<string> classes)
    {
        this.session = session;
        (channels, Height, Width) = (input[1], input[2], input[3]);
        (this.none, this.full) = (none, full);
        Classes = classes;
        Name = session.ModelMetadata.GraphName;
    }

    /// <summary>The network's name.</summary>
    public string Name { get; }

    /// <summary>Class names in the order of the scores.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Of an image, in pixels.</summary>
    public int Height { get; }

    /// <summary>Of an image, in pixels.</summary>
    public int Width { get; }

    /// <summary>Opens a model.</summary>
    /// <exception cref="UnusableModelException">It cannot be read, or was not exported for this.</exception>
    public static Classifier Load(string file)
    {
        // Requests run in parallel; each computes on one thread.
        using var options = new Microsoft.ML.OnnxRuntime.SessionOptions { IntraOpNumThreads = 1 };
        InferenceSession session;
        try
        {
            session = new InferenceSession(file, options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new UnusableModelException($"{file} cannot be opened: {e.Message}");
        }

        var facts = session.ModelMetadata.CustomMetadataMap;
        if (!facts.GetValueOrDefault("sss.input", "").StartsWith("pixels as ", StringComparison.Ordinal))
        {
            session.Dispose();
            throw new UnusableModelException(
                $"{file} does not take pixels as they are; write it with 'sss export DIR --onnx FILE --normalize'.");
        }

        using var preparation = JsonDocument.Parse(facts["sss.normalisation"]);
        if (!preparation.RootElement.TryGetProperty("range", out var range) || range.ValueKind != JsonValueKind.Array)
        {
            session.Dispose();
            throw new UnusableModelException(
                $"{file} does not say which numbers are black and white: its training data leaves it open, or an earlier version wrote it.");
        }

        var classes = JsonSerializer.Deserialize<string[]>(facts["sss.classes"]) ?? [];
        return new Classifier(
            session,
            session.InputMetadata["images"].Dimensions,
            range[0].GetSingle(),
            range[1].GetSingle(),
            classes);
    }

    /// <summary>Classifies one image.</summary>
    /// <param name="image">Height × width values from 0 (paper) to 1 (ink).</param>
    public Prediction Predict(float[] image)
    {
        var pixels = new float[channels * image.Length];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = none + (image[i % image.Length] * (full - none));
        }

        using var images = OrtValue.CreateTensorValueFromMemory(pixels, [1, channels, Height, Width]);
        using var options = new RunOptions();
        using var outputs = session.Run(options, ["images"], [images], ["scores"]);
        var probabilities = Softmax(outputs[0].GetTensorDataAsSpan<float>());
        var scores = Classes.Zip(probabilities, (name, p) => new ClassScore(name, p)).ToArray();
        return new Prediction(scores.MaxBy(s => s.Probability)!.Name, scores, image, Width);
    }

    private static float[] Softmax(ReadOnlySpan<float> scores)
    {
        var powers = new float[scores.Length];
        var largest = float.NegativeInfinity;
        foreach (var score in scores)
        {
            largest = Math.Max(largest, score);
        }

        for (var i = 0; i < powers.Length; i++)
        {
            powers[i] = MathF.Exp(scores[i] - largest);
        }

        var sum = powers.Sum();
        return [.. powers.Select(p => p / sum)];
    }

    /// <summary>Closes the model.</summary>
    public void Dispose() => session.Dispose();
}
