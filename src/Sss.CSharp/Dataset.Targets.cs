using Sss.Internal;

namespace Sss;

public sealed partial class Dataset
{
    /// <summary>
    /// Images with numbers as targets: for a network with <c>outputs</c>, or for one with <c>classes</c> of which an
    /// image may have several (<see cref="Loss.Bce"/>: 1 for those that it has, 0 for the others).
    /// </summary>
    /// <param name="trainImages">One array per image, channel by channel and row by row; finite numbers.</param>
    /// <param name="trainTargets">The numbers of each image; finite.</param>
    /// <param name="testImages">Images that training never sees.</param>
    /// <param name="testTargets">The numbers of each of them.</param>
    /// <param name="shape">The shape of one image.</param>
    /// <param name="targetShape">The shape of the numbers of one image, as the network gives them: K×1×1 for K numbers.</param>
    /// <exception cref="ArgumentException">The arrays do not fit together, or contain values that are not finite.</exception>
    public static Dataset FromNumbers(
        IReadOnlyList<float[]> trainImages,
        IReadOnlyList<float[]> trainTargets,
        IReadOnlyList<float[]> testImages,
        IReadOnlyList<float[]> testTargets,
        Shape shape,
        Shape targetShape)
    {
        Files.Split Side(IReadOnlyList<float[]> images, IReadOnlyList<float[]> targets, string name)
        {
            CheckSide(images, targets, shape, targetShape, name);
            return With(shape, images, Files.Targets.NewNumbers(targetShape.ToCore(), [.. targets.SelectMany(t => t)]));
        }

        return Together(
            [],
            Side(trainImages, trainTargets, nameof(trainTargets)),
            Side(testImages, testTargets, nameof(testTargets)),
            null);
    }

    /// <summary>Images with a mask each: the class of every pixel that the network gives scores for.</summary>
    /// <param name="trainImages">One array per image, channel by channel and row by row; finite numbers.</param>
    /// <param name="trainMasks">The classes of each image's pixels, row by row, from 0.</param>
    /// <param name="testImages">Images that training never sees.</param>
    /// <param name="testMasks">The masks of each of them.</param>
    /// <param name="shape">The shape of one image.</param>
    /// <param name="mask">The size of a mask: that of the network's output.</param>
    /// <param name="classes">Class names, all different; numbers if not given.</param>
    /// <exception cref="ArgumentException">The arrays do not fit together, or contain values that are not valid.</exception>
    public static Dataset FromMasks(
        IReadOnlyList<float[]> trainImages,
        IReadOnlyList<int[]> trainMasks,
        IReadOnlyList<float[]> testImages,
        IReadOnlyList<int[]> testMasks,
        Shape shape,
        Size mask,
        IReadOnlyList<string>? classes = null)
    {
        CheckClasses(classes);
        var last = classes is null ? LargestLabel : classes.Count - 1;
        Files.Split Side(IReadOnlyList<float[]> images, IReadOnlyList<int[]> masks, string name)
        {
            CheckSide(images, masks, shape, (1, mask.Height, mask.Width), name);
            for (var i = 0; i < masks.Count; i++)
            {
                if (Array.Find(masks[i], c => c < 0 || c > last) is var bad and not 0)
                {
                    throw new ArgumentException($"Mask {i} has the class {bad}; classes are 0 to {last}.", name);
                }
            }

            return With(
                shape,
                images,
                Files.Targets.NewMasks(mask.Height, mask.Width, [.. masks.SelectMany(m => m).Select(c => (ushort)c)]));
        }

        var train = Side(trainImages, trainMasks, nameof(trainMasks));
        var test = Side(testImages, testMasks, nameof(testMasks));
        string[] names = classes is not null ? [.. classes] : Files.TargetsModule.numbered(train.Targets, test.Targets).ToArray();
        return Together(names, train, test, null);
    }

    /// <summary>The same images with classes of their own for a further output of the network.</summary>
    /// <param name="output">The name of the output.</param>
    /// <param name="train">The class of each training image, from 0.</param>
    /// <param name="test">The class of each test image.</param>
    /// <exception cref="ArgumentException">There is not one label for each image, or one is negative.</exception>
    public Dataset WithLabels(string output, IReadOnlyList<int> train, IReadOnlyList<int> test)
    {
        Files.Targets Side(IReadOnlyList<int> labels, Files.Split split, string name)
        {
            ArgumentNullException.ThrowIfNull(labels, name);
            if (labels.Count != split.Count)
            {
                throw new ArgumentException($"There are {split.Count} images and {labels.Count} targets.", name);
            }

            return labels.FirstOrDefault(label => label < 0 || label > LargestLabel) is var bad and not 0
                ? throw new ArgumentException($"A label is {bad}; labels are 0 to {LargestLabel}.", name)
                : Files.Targets.NewLabels([.. labels]);
        }

        return WithOutput(output, Side(train, Value.Train, nameof(train)), Side(test, Value.Test, nameof(test)));
    }

    /// <summary>The same images with numbers of their own for a further output of the network.</summary>
    /// <param name="output">The name of the output.</param>
    /// <param name="train">The numbers of each training image; finite.</param>
    /// <param name="test">The numbers of each test image.</param>
    /// <param name="targetShape">The shape of the numbers of one image, as the output gives them.</param>
    /// <exception cref="ArgumentException">The arrays do not fit together, or contain values that are not finite.</exception>
    public Dataset WithNumbers(
        string output,
        IReadOnlyList<float[]> train,
        IReadOnlyList<float[]> test,
        Shape targetShape)
    {
        Files.Targets Side(IReadOnlyList<float[]> targets, Files.Split split, string name)
        {
            ArgumentNullException.ThrowIfNull(targets, name);
            CheckTargets(targets, split.Count, targetShape, name);
            return Files.Targets.NewNumbers(targetShape.ToCore(), [.. targets.SelectMany(t => t)]);
        }

        return WithOutput(output, Side(train, Value.Train, nameof(train)), Side(test, Value.Test, nameof(test)));
    }

    private Dataset WithOutput(string output, Files.Targets train, Files.Targets test)
    {
        ArgumentNullException.ThrowIfNull(output);
        return new(Files.DatasetModule.withOutput(output, train, test, Value));
    }

    private static void CheckSide<T>(
        IReadOnlyList<float[]> images,
        IReadOnlyList<T[]> targets,
        Shape shape,
        Shape targetShape,
        string name)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(targets, name);
        CheckShape(shape, images.Count);
        CheckShape(targetShape, images.Count);
        CheckTargets(targets, images.Count, targetShape, name);
        for (var i = 0; i < images.Count; i++)
        {
            CheckImage(i, images[i], shape, nameof(images));
        }
    }

    private static void CheckTargets<T>(IReadOnlyList<T[]> targets, int images, Shape targetShape, string name)
    {
        if (images != targets.Count || images == 0)
        {
            throw new ArgumentException($"There are {images} images and {targets.Count} targets.", name);
        }

        for (var i = 0; i < images; i++)
        {
            if (targets[i] is null || targets[i].Length != targetShape.Count)
            {
                throw new ArgumentException(
                    $"Target {i} has {targets[i]?.Length ?? 0} values; {targetShape} has {targetShape.Count}.",
                    name);
            }

            if (targets[i] is float[] numbers && Array.FindIndex(numbers, value => !float.IsFinite(value)) is >= 0 and var at)
            {
                throw new ArgumentException($"Target {i} has {numbers[at]}; targets must be finite numbers.", name);
            }
        }
    }

    private static Files.Split With(Shape shape, IReadOnlyList<float[]> images, Files.Targets targets) =>
        new(shape.ToCore(), Files.Pixels.NewFloats([.. images.SelectMany(image => image)]), targets);
}
