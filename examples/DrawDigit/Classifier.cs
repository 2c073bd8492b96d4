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
/// An ONNX file that <c>sss train</c> or <c>sss export</c> wrote: it takes pixels from 0 (black) to 255 (white), and its
/// metadata has the class names. Safe to use from several threads.
/// </summary>
public sealed class Classifier : IDisposable
{
    private readonly InferenceSession session;
    private readonly int channels;

    private Classifier(InferenceSession session, int[] input, IReadOnlyList<string> classes)
    {
        this.session = session;
        (channels, Height, Width) = (input[1], input[2], input[3]);
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
        if (facts.GetValueOrDefault("sss.takes") != "pixels")
        {
            session.Dispose();
            throw new UnusableModelException(
                $"{file} does not take pixels; write it with 'sss export DIR --onnx FILE', without --raw.");
        }

        var classes = JsonSerializer.Deserialize<string[]>(facts["sss.classes"]) ?? [];
        return new Classifier(session, session.InputMetadata["pixels"].Dimensions, classes);
    }

    /// <summary>Classifies one image.</summary>
    /// <param name="image">Height × width values from 0 (paper) to 1 (ink).</param>
    public Prediction Predict(float[] image)
    {
        // The digits of the training are light on black: paper is 0, ink is 255.
        var pixels = new float[channels * image.Length];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = image[i % image.Length] * 255;
        }

        using var input = OrtValue.CreateTensorValueFromMemory(pixels, [1, channels, Height, Width]);
        using var options = new RunOptions();
        using var outputs = session.Run(options, ["pixels"], [input], ["probabilities"]);
        var probabilities = outputs[0].GetTensorDataAsSpan<float>().ToArray();
        var scores = Classes.Zip(probabilities, (name, p) => new ClassScore(name, p)).ToArray();
        return new Prediction(scores.MaxBy(s => s.Probability)!.Name, scores, image, Width);
    }

    /// <summary>Closes the model.</summary>
    public void Dispose() => session.Dispose();
}
