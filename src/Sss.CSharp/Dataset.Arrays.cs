using Sss.Internal;

namespace Sss;

public sealed partial class Dataset
{
    private const int LargestLabel = 65535;

    /// <summary>
    /// Images from arrays, split at random into training and test images: a fifth of
    /// each class is for testing, rounded to the nearest number, and at least one image of a class that has two. Every image is normalised
    /// by the mean and deviation of the training images. <see cref="GetNotes"/> describes the split.
    /// </summary>
    /// <param name="images">One array per image, channel by channel and row by row; finite numbers.</param>
    /// <param name="labels">The class of each image, from 0.</param>
    /// <param name="shape">The shape of one image.</param>
    /// <param name="classes">Class names, all different; numbers if not given.</param>
    /// <param name="seed">Equal seeds give the same split.</param>
    /// <exception cref="ArgumentException">The arrays do not fit together, or contain values that are not valid pixels or labels.</exception>
    public static Dataset FromArrays(
        IReadOnlyList<float[]> images,
        IReadOnlyList<int> labels,
        Shape shape,
        IReadOnlyList<string>? classes = null,
        int seed = 1)
    {
        Check(images, nameof(images), labels, nameof(labels), shape, classes);
        var all = labels.ToArray();
        var (train, test) = Files.Sampling.divide(seed, 5, all);
        if (test.Length == 0)
        {
            throw new ArgumentException(
                "At least one class needs two images: one to train on and one to test with.",
                nameof(images));
        }

        var names = Names(classes, all);
        var single = all.GroupBy(label => label).Where(g => g.Count() == 1).Select(g => g.Key).Order().Select(i => names[i]);
        return Together(names, Pick(train), Pick(test), Files.DataNote.NewDivided(
            train.Length,
            test.Length,
            seed,
            single.ToFSharpList()));

        Files.Split Pick(int[] chosen) =>
            Split(shape, [.. chosen.Select(i => images[i])], [.. chosen.Select(i => all[i])]);
    }

    /// <summary>The same with separate test images.</summary>
    /// <param name="trainImages">One array per image, channel by channel and row by row; finite numbers.</param>
    /// <param name="trainLabels">The class of each image, from 0.</param>
    /// <param name="testImages">Images that training never sees.</param>
    /// <param name="testLabels">The class of each of them.</param>
    /// <param name="shape">The shape of one image.</param>
    /// <param name="classes">Class names, all different; numbers if not given.</param>
    /// <exception cref="ArgumentException">The arrays do not fit together, or contain values that are not valid pixels or labels.</exception>
    public static Dataset FromTrainAndTest(
        IReadOnlyList<float[]> trainImages,
        IReadOnlyList<int> trainLabels,
        IReadOnlyList<float[]> testImages,
        IReadOnlyList<int> testLabels,
        Shape shape,
        IReadOnlyList<string>? classes = null)
    {
        Check(trainImages, nameof(trainImages), trainLabels, nameof(trainLabels), shape, classes);
        Check(testImages, nameof(testImages), testLabels, nameof(testLabels), shape, classes);
        return Together(
            Names(classes, [.. trainLabels, .. testLabels]),
            Split(shape, trainImages, [.. trainLabels]),
            Split(shape, testImages, [.. testLabels]),
            null);
    }

    private static Dataset Together(string[] names, Files.Split train, Files.Split test, Files.DataNote? note)
    {
        var made = Files.DatasetModule.ofArrays("arrays", names.ToFSharpList(), train, test);
        return new Dataset(note is null ? made : Files.DatasetModule.noting(note, made));
    }

    private static Files.Split Split(Shape shape, IReadOnlyList<float[]> images, int[] labels) =>
        With(shape, images, Files.Targets.NewLabels(labels));

    private static string[] Names(IReadOnlyList<string>? classes, int[] labels) =>
        classes is not null ? [.. classes] : [.. Enumerable.Range(0, labels.Max() + 1).Select(i => i.ToString())];

    private static void Check(
        IReadOnlyList<float[]> images,
        string imagesName,
        IReadOnlyList<int> labels,
        string labelsName,
        Shape shape,
        IReadOnlyList<string>? classes)
    {
        ArgumentNullException.ThrowIfNull(images, imagesName);
        ArgumentNullException.ThrowIfNull(labels, labelsName);
        CheckShape(shape, images.Count);
        CheckClasses(classes);
        if (images.Count != labels.Count)
        {
            throw new ArgumentException($"There are {images.Count} images and {labels.Count} labels.", labelsName);
        }

        if (images.Count == 0)
        {
            throw new ArgumentException("There are no images.", imagesName);
        }

        var last = classes is null ? LargestLabel : classes.Count - 1;
        for (var i = 0; i < images.Count; i++)
        {
            CheckImage(i, images[i], shape, imagesName);
            if (labels[i] < 0 || labels[i] > last)
            {
                throw new ArgumentException($"Label {i} is {labels[i]}; labels are 0 to {last}.", labelsName);
            }
        }
    }

    private static void CheckShape(Shape shape, int images)
    {
        if (shape.Channels < 1 || shape.Height < 1 || shape.Width < 1)
        {
            throw new ArgumentException($"The shape is {shape}; each extent must be 1 or more.", nameof(shape));
        }

        if ((decimal)shape.Channels * shape.Height * shape.Width * images > Array.MaxLength)
        {
            throw new ArgumentException(
                $"{images} images of {shape} are more than {Array.MaxLength} values.",
                nameof(shape));
        }
    }

    private static void CheckClasses(IReadOnlyList<string>? classes)
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < (classes?.Count ?? 0); i++)
        {
            if (classes![i] is null)
            {
                throw new ArgumentException($"Class name {i} is null.", nameof(classes));
            }

            if (!seen.Add(classes[i]))
            {
                throw new ArgumentException($"The class name `{classes[i]}` is there twice.", nameof(classes));
            }
        }
    }

    private static void CheckImage(int index, float[]? image, Shape shape, string name)
    {
        if (image is null)
        {
            throw new ArgumentException($"Image {index} is null.", name);
        }

        if (image.Length != shape.Count)
        {
            throw new ArgumentException($"Image {index} has {image.Length} values; {shape} has {shape.Count}.", name);
        }

        var at = Array.FindIndex(image, value => !float.IsFinite(value));
        if (at >= 0)
        {
            var area = shape.Height * shape.Width;
            var value = image[at].ToString(System.Globalization.CultureInfo.InvariantCulture);
            throw new ArgumentException(
                $"Image {index} has {value} in channel {at / area}, row {at % area / shape.Width}, "
                + $"column {at % shape.Width}; pixels must be finite numbers.",
                name);
        }
    }
}
